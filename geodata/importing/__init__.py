"""Bringing a county's own files into the database: grids, members, issues, facilities, buildings.

A file is opened in a separate process (``child``) with limits on memory and time and without a
network; what comes back is plain data. All or nothing: one blocking problem and nothing is written.
"""
