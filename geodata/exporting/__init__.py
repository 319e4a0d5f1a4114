"""What is taken along: figures read at once for a document or a file, and the files themselves.

``coverage`` reads the figures of a grid and all that lies in it, ``withholding`` finds the counts
that cannot be told, ``sites`` reads shapes and facilities, ``geopackage`` writes them for a GIS.
"""
