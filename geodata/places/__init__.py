"""Places that are no grids: facilities."""
