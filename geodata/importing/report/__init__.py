"""The report of an import, for a person and for a machine."""
