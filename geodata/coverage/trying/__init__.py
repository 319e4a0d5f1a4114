"""What coverage would be with other facilities, standards or boundaries."""
