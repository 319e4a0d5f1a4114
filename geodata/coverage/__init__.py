"""Service coverage: which households have a service, which not, and why.

``standards`` say what counts as served, ``people`` and ``providers`` read who lives where and who
serves, ``judging`` finds for each building who is in reach and the reason of each gap, ``figures``
keeps the sums of every grid up to date. Distances are straight lines (``frames.to_cartesian``)
times the standard's detour.
"""
