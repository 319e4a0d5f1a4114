"""Cells of tables turned into values: days, times, counts, coordinates."""
