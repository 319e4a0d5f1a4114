"""Standards of service: what holds, and how it is defined and changed."""
