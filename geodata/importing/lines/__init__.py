"""Lines and points of planning offices, by which boundaries are drawn."""
