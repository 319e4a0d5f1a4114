"""The roads that can be walked: from files to a network, and distances along it."""
