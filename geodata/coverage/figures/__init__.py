"""Figures of coverage: computed, kept, recorded by month, read."""
