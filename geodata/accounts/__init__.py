"""Accounts, sessions and what they let somebody see."""
