"""The database: connections, roles, rights, settings, revisions, the clock."""
