"""The map page: tiles, the side panel, search, days."""
