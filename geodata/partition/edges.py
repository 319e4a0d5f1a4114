"""Moving the edges that grids share: an edge changes in every ring in which it runs.

All levels go along, so neighbours never part. Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely.geometry import LineString

from geodata.errors import InvalidInputError
from geodata.partition.ground import Corner, Ground, finish_action
from geodata.partition.rings import as_corner, corners, redraw_rings, round_corners, with_path


def move(ground: Ground, corner: Corner, to: Corner) -> Ground:
    """Move a corner, with all edges that meet in it."""
    end = round_corners([to])[0]
    shapes = redraw_rings(
        ground, corner, lambda ring: [end if each == corner else each for each in ring]
    )
    if not shapes:
        raise InvalidInputError(
            "There is no corner at this place any more.", hint="Load the boundaries again."
        )
    return finish_action(ground, ground.with_shapes(shapes), LineString([corner, end]))


def reshape(ground: Ground, old: Sequence[Corner], new: Sequence[Corner]) -> Ground:
    """Let an edge run along other corners between the same two ends.

    ``old`` are the corners as they follow one another in a ring, in either direction. Corners
    between the ends in which other edges meet are moved (``move``), not left out.
    """
    path, drawn = [as_corner(each) for each in old], round_corners(new)
    if len(path) < 2 or len(drawn) < 2 or (path[0], path[-1]) != (drawn[0], drawn[-1]):
        raise InvalidInputError("An edge is redrawn between the same two ends.")
    shapes = redraw_rings(ground, path[0], lambda ring: with_path(ring, path, drawn))
    if not shapes:
        raise InvalidInputError(
            "This edge is not there any more.", hint="Load the boundaries again."
        )
    after = ground.with_shapes(shapes)
    gone = set(path[1:-1]) - set(drawn)
    around = shapely.MultiPoint(path)
    left = {each for id_ in after.near(around) for each in corners(after[id_].shape)} & gone
    if left:
        raise InvalidInputError(
            "Another border meets this edge between its ends.",
            hint="Redraw the parts on both sides of it, or move the corner in which it meets.",
            place=next(corner for corner in path if corner in left),
        )
    return finish_action(ground, after, LineString([*path, *drawn]))
