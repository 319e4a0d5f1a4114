"""Importing grids: boundaries with their codes, names and parents."""
