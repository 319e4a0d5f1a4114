"""The command line: everything about a running or resting GridMap that has no page."""
