"""Importing roads: from OpenStreetMap and from map files."""
