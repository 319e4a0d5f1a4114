"""Issues of residents."""
