"""Rules of alerts and the notifications that they make."""
