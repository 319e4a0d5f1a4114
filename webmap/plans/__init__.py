"""Plans of other boundaries."""
