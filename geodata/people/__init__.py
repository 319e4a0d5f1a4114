"""Members, their duties and contacts, organisations."""
