"""Accounts: one's own page, administration, the audit trail."""
