"""Rules that watch over coverage, and telling people of the grids that fall below a limit.

A rule (``rules``) watches the grids of one level inside a scope, for one service kind or for each
by itself. What it reports (``reporting``) becomes a notification, one at a time for a rule, a grid
and a kind; that ends by itself when the grid is within the limit again.
"""
