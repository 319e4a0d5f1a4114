"""The map under the map: which one is shown, and the making of the project's own offline one."""
