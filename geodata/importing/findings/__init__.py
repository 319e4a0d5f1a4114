"""What an import finds, in words."""
