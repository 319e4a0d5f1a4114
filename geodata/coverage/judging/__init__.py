"""Who is served: people, providers, the ways between them, the verdicts."""
