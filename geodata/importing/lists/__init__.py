"""Importing lists: members, issues, facilities, buildings, accounts."""
