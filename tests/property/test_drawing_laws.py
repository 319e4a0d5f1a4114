"""Laws of drawing: whatever is done to boundaries, the partition stays one."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geodata.errors import InvalidInputError
from geodata.frames import round_to_grid
from geodata.partition import actions
from geodata.partition.ground import Corner, Ground, Piece
from geodata.partition.measure import DEGREE_M, area_m2
from geodata.partition.noding import REACH, node
from tests.property.test_partition_laws import overlapping, partitions

QUICK = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
COUNTY, TOWN, COMMUNITY, COMPOUND, NEW = 0, 100, 1000, 10_000, 100_000
ANOTHER = 1000


def build(geoms: np.ndarray, rng: np.random.Generator) -> Ground:
    """A county of a partition: towns and communities are unions of its parts, compounds shrink."""
    pieces: dict[int, Piece] = {}
    cells = list(node(geoms).geoms)
    order = np.argsort([shapely.centroid(cell).x for cell in cells], kind="stable")
    communities = [Piece("community", TOWN + int(at >= len(cells) / 2), cells[row])
                   for at, row in enumerate(order)]  # fmt: skip
    for number, piece in enumerate(communities):
        pieces[COMMUNITY + number] = piece
        # A compound in the middle, another one along the border.
        box = shapely.transform(piece.shape.buffer(-rng.uniform(1e-5, 1e-4)), round_to_grid)
        if box.geom_type == "Polygon" and not box.is_empty and box.is_valid:
            pieces[COMPOUND + number] = Piece("compound", COMMUNITY + number, box)
    for town in (TOWN, TOWN + 1):
        shapes = [piece.shape for piece in communities if piece.parent == town]
        if shapes:
            joined: Any = shapely.union_all(shapes)
            pieces[town] = Piece("town", COUNTY, joined)
    whole: Any = shapely.union_all([piece.shape for piece in communities])
    pieces[COUNTY] = Piece("county", None, whole)
    return Ground(MappingProxyType(pieces))


def check_law(ground: Ground) -> None:
    for level in ("town", "community", "compound"):
        shapes = np.asarray(
            [piece.shape for piece in ground.pieces.values() if piece.level == level], dtype=object
        )
        assert shapely.is_valid(shapes).all()
        assert overlapping(shapes) == 0
        xy = shapely.get_coordinates(shapes)
        assert (xy == round_to_grid(xy)).all()
    for level in ("town", "community"):
        assert abs(filled(ground, level) - filled(ground, "county")) < 1
    for piece in ground.pieces.values():
        if piece.parent is not None and piece.level != "compound":
            outside = shapely.difference(piece.shape, ground[piece.parent].shape)
            assert shapely.area(outside) == 0


def filled(ground: Ground, level: str) -> float:
    """Return the ground of a level in square metres.

    An edge is straight in degrees, so it is measured in short pieces: an edge of kilometres that
    gets a corner is another line in the projection of areas.
    """
    shapes = [piece.shape for piece in ground.pieces.values() if piece.level == level]
    return float(area_m2(np.asarray([shapely.segmentize(shapely.union_all(shapes), 1e-3)]))[0])


def is_conserved(before: Ground, after: Ground) -> bool:
    """Tell whether no level has won or lost ground, to 1 m2, but what the county has."""
    moved = filled(after, "county") - filled(before, "county")
    return all(
        abs(filled(after, level) - filled(before, level) - moved) < 1
        for level in ("town", "community")
    )


def ring(piece: Piece) -> np.ndarray:
    return shapely.get_coordinates(shapely.get_exterior_ring(shapely.get_parts(piece.shape)[0]))


def around(centre: np.ndarray, reach: float, rng: np.random.Generator) -> list[Corner]:
    """Return an area of three to six corners around a place."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
    spokes = np.column_stack((np.cos(angles), np.sin(angles)))
    return [
        tuple(each) for each in centre + spokes * rng.uniform(0.3, 1.2, (len(angles), 1)) * reach
    ]


def buildings(piece: Piece, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return buildings in a grid and around it, and their households."""
    west, south, east, north = piece.shape.bounds
    points = rng.uniform((west, south), (2 * east - west, 2 * north - south), (40, 2))
    return points, rng.integers(1, 9, len(points)).astype(float)


def attempt(ground: Ground, rng: np.random.Generator, new_id: int, first: int = 0) -> Ground:
    """Do something at random; what is refused leaves the ground as it is.

    From ``first`` = 2 on what is done moves no border of the county.
    """
    ids = list(ground.pieces)
    pick = [id_ for id_ in ids if ground[id_].level != "county"]
    id_ = int(rng.choice(pick))
    piece = ground[id_]
    corners = ring(piece)
    at = int(rng.integers(0, len(corners) - 1))
    reach = np.ptp(corners, axis=0).max() * 0.2
    alike = [each for each in pick if ground[each].level == piece.level and each != id_]
    if rng.random() < 0.7:
        alike = [each for each in alike if ground[each].parent == piece.parent]
    above = [
        each
        for each in ids
        if each == piece.parent
        or (piece.parent is not None and ground[each].level == ground[piece.parent].level)
    ]
    try:
        match int(rng.integers(first, 12)):
            case 0:
                return actions.move(
                    ground, tuple(corners[at]), tuple(corners[at] + rng.normal(0, reach, 2))
                )
            case 1:
                middle = corners[at : at + 2].mean(axis=0) + rng.normal(0, reach, 2)
                path = [tuple(each) for each in corners[at : at + 2]]
                return actions.reshape(ground, path, [path[0], tuple(middle), path[1]])
            case 2:
                angle = rng.uniform(0, np.pi)
                way = np.array([np.cos(angle), np.sin(angle)]) * reach * 20
                centre = np.array(piece.shape.representative_point().coords[0])
                line = [
                    tuple(centre - way),
                    tuple(centre + rng.normal(0, reach / 10, 2)),
                    tuple(centre + way),
                ]
                return actions.split(ground, id_, line, new_id)
            case 3:
                return actions.merge(ground, id_, int(rng.choice(alike or pick)))
            case 4:
                return actions.hand_over(ground, id_, int(rng.choice(above)))
            case 5:
                communities = [i for i in ids if ground[i].level == "community"]
                area = around(corners[at], reach, rng)
                return actions.draw(ground, "compound", int(rng.choice(communities)), area, new_id)
            case 6:
                # Around a corner, or wholly inside, which leaves a hole.
                inner = np.array(piece.shape.representative_point().coords[0])
                centre = inner if rng.random() < 0.5 else corners[at]
                return actions.cut_out(ground, id_, around(centre, reach / 2, rng), new_id)
            case 7:
                return actions.annex(ground, id_, around(corners[at], reach / 4, rng))
            case 8:
                return actions.remove(ground, id_)
            case 9:
                ids = [new_id, new_id + ANOTHER][: int(rng.integers(1, 3))]
                return actions.divide(ground, id_, *buildings(piece, rng), ids)
            case 10:
                beside = int(rng.choice(alike or pick))
                return actions.balance(ground, id_, beside, *buildings(piece, rng))
            case _:
                return actions.close_slivers(ground, int(rng.choice(above)))
    except InvalidInputError:
        return ground


@given(partitions((2, 5)), st.integers(0, 2**32 - 1))
@QUICK
def test_whatever_is_drawn_the_partition_stays_one(geoms: np.ndarray, seed: int) -> None:
    ground = build(geoms, np.random.default_rng(seed))
    check_law(ground)
    first = ground
    rng = np.random.default_rng(seed)
    states = [ground]
    for number in range(12):
        states.append(attempt(states[-1], rng, NEW + number))
        check_law(states[-1])
        assert is_conserved(states[-2], states[-1])
    # Done again from the beginning, every coordinate comes out as it was: so undoing is doing
    # all but the last again.
    rng = np.random.default_rng(seed)
    again = first
    for number, state in enumerate(states[1:]):
        again = attempt(again, rng, NEW + number)
        assert same(again, state)


@given(partitions((2, 5)), st.integers(0, 2**32 - 1))
@QUICK
def test_what_moves_no_border_of_the_county_bends_it_by_rounding_alone(
    geoms: np.ndarray, seed: int
) -> None:
    """Where a line meets a border there is a new corner, and it stands on the storage grid."""
    rng = np.random.default_rng(seed)
    ground = build(geoms, rng)
    for number in range(12):
        before, ground = ground, attempt(ground, rng, NEW + number, first=2)
        beside_m2 = shapely.length(before[COUNTY].shape) * REACH * DEGREE_M**2
        assert is_conserved(before, ground)
        assert abs(filled(ground, "county") - filled(before, "county")) <= beside_m2


def same(one: Ground, other: Ground) -> bool:
    return one.pieces.keys() == other.pieces.keys() and all(
        one[id_].parent == piece.parent and one[id_].level == piece.level
        and shapely.to_wkb(one[id_].shape) == shapely.to_wkb(piece.shape)
        for id_, piece in other.pieces.items()
    )  # fmt: skip
