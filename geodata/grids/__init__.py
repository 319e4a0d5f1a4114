"""Grids as they are and were: read, searched, compared, drawn, written."""
