"""Pure geometry of partitions: shared edges, checks, simplification. No database in here."""
