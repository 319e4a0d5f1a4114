"""The instance: its home, the database's cluster, configuration, keeping house."""
