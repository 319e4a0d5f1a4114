"""Scenarios: services as they would be, saved under a name, with what that would bring.

``keeping`` reads and writes them, ``effects`` tells what they would bring, ``places`` finds the
best places for new facilities.
"""
