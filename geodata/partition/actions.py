"""What can be done to boundaries: each action takes a ground and returns another.

The thing that is edited is the shared edge: an action changes it in every ring in which it runs,
on all levels, so that neighbours never part. An action that would break the partition law raises
``LawError`` and nothing has happened. Coordinates are (lon, lat), EPSG:4326.
"""

from geodata.partition.areas import annex, cut_out, draw
from geodata.partition.edges import move, reshape
from geodata.partition.mending import keep_largest, trim
from geodata.partition.pieces import hand_over, merge, remove, split
from geodata.partition.shares import balance, divide
from geodata.partition.slivers import close_slivers

__all__ = [
    "annex",
    "balance",
    "close_slivers",
    "cut_out",
    "divide",
    "draw",
    "hand_over",
    "keep_largest",
    "merge",
    "move",
    "remove",
    "reshape",
    "split",
    "trim",
]
