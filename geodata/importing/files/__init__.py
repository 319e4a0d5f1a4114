"""Files from outside: opened in a limited process, told by content, read into plain columns."""
