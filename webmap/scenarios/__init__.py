"""Scenarios: what services would be with other facilities or boundaries."""
