"""Looking for faults on one side: in what a plan draws, or in what is published there.

Looked at is the ground within boxes, in degrees, and what touches it. Areas are geodesic square
metres, places (lon, lat) in WGS 84 degrees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from psycopg import Connection

from geodata.database import settings
from geodata.language.phrases import Phrase
from geodata.model import LEVELS, Bounds, Level
from geodata.partition import checks, nesting
from geodata.partition.measure import area_m2, place
from geodata.partition.mending import neighbour
from geodata.plans import drawing, faults
from geodata.plans.faults import Fault, Severity
from geodata.plans.model import Draft, Plan
from geodata.plans.operations import MAX_PARTS

# Local practice counts 300 to 500 households to a grid (DOMAIN); villages in the hills have fewer.
HOUSEHOLDS = {"least": 20, "most": 500}
SMALL_M2 = 100.0


def look(
    conn: Connection[Any], plan: Plan, before: Draft, draft: Draft, boxes: Sequence[Bounds]
) -> list[Fault]:
    """Find the faults of one side: of the draft, or of what is published there."""
    found: list[Fault] = []
    for level in LEVELS[1:]:
        ids = [id_ for id_, piece in draft.ground.pieces.items() if piece.level == level]
        near = _meeting(draft, ids, boxes)
        if not near:
            continue
        found += _shape_faults(draft, near)
        found += _gap_faults(draft, level, boxes) if level != "compound" else []
        found += _parent_faults(draft, near)
    changed = [id_ for id_ in draft.changed(before) if id_ in draft.facts]
    found += _size_faults(conn, draft, changed if draft is not before else [])
    found += _building_faults(conn, plan, draft, boxes)
    return found


def _meeting(draft: Draft, ids: Sequence[int], boxes: Sequence[Bounds]) -> list[int]:
    if not ids or not boxes:
        return []
    shapes = np.asarray([draft.ground[id_].shape for id_ in ids], dtype=object)
    tree = shapely.STRtree(np.asarray([shapely.box(*box) for box in boxes], dtype=object))
    return [ids[at] for at in np.unique(tree.query(shapes)[0])]


def _shape_faults(draft: Draft, ids: Sequence[int]) -> Iterator[Fault]:
    shapes = np.asarray([draft.ground[id_].shape for id_ in ids], dtype=object)
    problems = [
        *checks.find_overlaps(shapes),
        *checks.find_slivers(shapes),
        *checks.find_narrow_gaps(shapes),
    ]
    for problem in problems:
        concerned = tuple(ids[row] for row in problem.rows)
        names = [draft.facts[id_].name for id_ in concerned]
        text = {
            "overlap": Phrase("{names} cover the same ground.", {"names": names}),
            "sliver": Phrase("{names} is smaller than 1 m².", {"names": names}),
            "stray_piece": Phrase("{names} has a stray piece.", {"names": names}),
            "multipart": Phrase("{names} is not in one piece.", {"names": names}),
            "narrow_gap": Phrase("There is a narrow gap beside {names}.", {"names": names}),
        }[problem.kind]
        severity: Severity = (
            "blocking" if problem.kind in ("overlap", "sliver", "multipart") else "warning"
        )
        fault = faults.fault(problem.kind, severity, concerned, text, problem.m2, problem.place)
        if mend := _mend(draft, problem.kind, concerned):
            fault = replace(fault, fix=MappingProxyType(mend[0]), fix_text=mend[1])
        yield fault


def _mend(draft: Draft, kind: str, ids: tuple[int, ...]) -> tuple[Mapping[str, Any], Phrase] | None:
    """Return the operation that mends a fault of shape, and what it does."""
    id_ = ids[0]
    parent = draft.ground[id_].parent
    if kind == "narrow_gap" and parent is not None:
        return {"do": "close_slivers", "grid": parent}, Phrase(
            "Give all slivers in {name} to the longest neighbour",
            {"name": draft.facts[parent].name},
        )
    if kind in ("multipart", "stray_piece"):
        return {"do": "keep_largest", "grid": id_}, Phrase(
            "Keep the largest piece, give the others to neighbours"
        )
    if kind == "sliver" and (taker := neighbour(draft.ground, id_)) is not None:
        return {"do": "merge", "grid": taker, "other": id_}, Phrase(
            "Merge it into {name}", {"name": draft.facts[taker].name}
        )
    if kind == "sliver" and draft.ground[id_].level == LEVELS[-1]:
        return {"do": "remove", "grid": id_}, Phrase("Remove it")
    return None


def _gap_faults(draft: Draft, level: Level, boxes: Sequence[Bounds]) -> Iterator[Fault]:
    """Find ground of a county or a town that no town or community covers, within the boxes.

    Ground that a grid of another parent covers is no gap, as in an import and in ``gridmap check``:
    that grid leaves its parent, which is said once.
    """
    above = LEVELS[LEVELS.index(level) - 1]
    children = defaultdict[int, list[Any]](list)
    for piece in draft.ground.pieces.values():
        if piece.level == level and piece.parent is not None:
            children[piece.parent].append(piece.shape)
    # Those of which it is said: their parent is drawn here.
    told = [shape for id_ in children.keys() & draft.ground.pieces for shape in children[id_]]
    parents = [piece.shape for piece in draft.ground.pieces.values() if piece.level == above]
    for id_, shapes in children.items():
        if id_ not in draft.facts:
            continue
        for box in boxes:
            # Not clip_by_rect: it gives back ground outside where an edge touches the box's.
            ground: Any = shapely.box(*box)
            if id_ in draft.ground.pieces:
                ground = shapely.intersection(draft.ground[id_].shape, ground)
            else:
                # Its border is far away: all is its ground that is not another's.
                near = _meeting_shapes(shapes, ground)
                ground = shapely.difference(ground, shapely.union_all(parents)) if near else None
            if ground is None or shapely.is_empty(ground):
                continue
            cover = _meeting_shapes([*shapes, *told], ground)
            rest = shapely.difference(ground, shapely.union_all(cover))
            parts = shapely.get_parts(rest)
            wide = parts[~shapely.is_empty(shapely.buffer(parts, -1e-7))]
            for part in wide:
                m2 = float(area_m2(np.asarray([part], dtype=object))[0])
                text = Phrase(
                    "Ground of {name} belongs to none of its grids.",
                    {"name": draft.facts[id_].name},
                )
                yield faults.fault("gap", "blocking", (id_,), text, m2, place(part))


def _meeting_shapes(shapes: Sequence[Any], ground: Any) -> list[Any]:
    found = np.asarray(shapes, dtype=object)
    return list(found[shapely.intersects(ground, found)])


def _parent_faults(draft: Draft, ids: Sequence[int]) -> Iterator[Fault]:
    for id_ in ids:
        piece = draft.ground[id_]
        parent = draft.ground.pieces.get(piece.parent) if piece.parent is not None else None
        if parent is None or shapely.covers(parent.shape, piece.shape):
            continue
        outside = nesting.beyond(piece.shape, parent.shape)
        if shapely.is_empty(outside):
            continue
        assert piece.parent is not None
        text = Phrase(
            "{name} leaves {parent}, in which it lies.",
            {"name": draft.facts[id_].name, "parent": draft.facts[piece.parent].name},
        )
        m2 = float(area_m2(np.asarray([outside], dtype=object))[0])
        fault = faults.fault(
            "outside_parent", "blocking", (id_, piece.parent), text, m2, place(outside)
        )
        holder = _holder(draft, id_)
        if holder is None:
            yield fault
            continue
        if holder != piece.parent:
            fault = replace(
                fault,
                fix=MappingProxyType({"do": "hand_over", "grid": id_, "parent": holder}),
                fix_text=Phrase(
                    "Hand it over to {parent}, in which most of it lies",
                    {"parent": draft.facts[holder].name},
                ),
            )
        elif piece.level == LEVELS[-1]:
            fault = replace(
                fault,
                fix=MappingProxyType({"do": "trim", "grid": id_}),
                fix_text=Phrase(
                    "Cut off what lies outside {parent}", {"parent": draft.facts[piece.parent].name}
                ),
            )
        yield fault


def _holder(draft: Draft, id_: int) -> int | None:
    """Return the grid of the level above in which most of a grid lies, as it is drawn."""
    piece = draft.ground[id_]
    above = LEVELS[LEVELS.index(piece.level) - 1]
    inside = {
        other: shapely.area(shapely.intersection(piece.shape, draft.ground[other].shape))
        for other in draft.ground.near(piece.shape)
        if draft.ground[other].level == above
    }
    best = max(inside, key=lambda other: (inside[other], -other), default=None)
    if best is None or inside[best] < shapely.area(piece.shape) / 2:
        return None
    return best


def _size_faults(conn: Connection[Any], draft: Draft, ids: Sequence[int]) -> Iterator[Fault]:
    range_ = {**HOUSEHOLDS, **settings.read(conn).get("grid_households", {})}
    compounds = [id_ for id_ in ids if draft.ground[id_].level == "compound"]
    shapes = np.asarray([draft.ground[id_].shape for id_ in compounds], dtype=object)
    for id_, m2 in zip(compounds, area_m2(shapes), strict=True):
        facts, where = draft.facts[id_], place(draft.ground[id_].shape)
        if m2 < SMALL_M2:
            text = Phrase("{name} is smaller than {m2} m².", {"name": facts.name, "m2": SMALL_M2})
            yield faults.fault("small", "warning", (id_,), text, float(m2), where)
        if facts.households is None:
            continue
        counted = {"name": facts.name, "n": facts.households, **range_}
        if facts.households > range_["most"]:
            text = Phrase("{name} has {n} households; {most} at most is the rule.", counted)
            parts = min(-(-facts.households // range_["most"]), MAX_PARTS)
            yield replace(
                faults.fault("many_households", "warning", (id_,), text, None, where),
                fix=MappingProxyType({"do": "divide", "grid": id_, "parts": parts}),
                fix_text=Phrase("Divide it into {n} with equal households", {"n": parts}),
            )
        elif facts.households < range_["least"]:
            text = Phrase("{name} has {n} households; {least} at least is the rule.", counted)
            yield faults.fault("few_households", "warning", (id_,), text, None, where)


def _building_faults(
    conn: Connection[Any], plan: Plan, draft: Draft, boxes: Sequence[Bounds]
) -> Iterator[Fault]:
    """Find buildings with households outside every compound, where ground changes hands."""
    shapes = [p.shape for p in draft.ground.pieces.values() if p.level == "compound"]
    tree = shapely.STRtree(np.asarray(shapes, dtype=object))
    seen: set[bytes] = set()
    outside: list[Any] = []
    households = 0
    for box in boxes:
        found = drawing.buildings(conn, plan, box)
        covered = set(tree.query(found.points, predicate="covered_by")[0].tolist())
        for at, point in enumerate(found.points):
            if at not in covered and found.households[at] and point.wkb not in seen:
                seen.add(point.wkb)
                outside.append(point)
                households += int(found.households[at])
    if outside:
        text = Phrase(
            "{n} buildings with {households} households lie outside every compound.",
            {"n": len(outside), "households": households},
        )
        where = (float(outside[0].x), float(outside[0].y))
        yield faults.fault("building_outside", "warning", (), text, None, where, len(outside))
