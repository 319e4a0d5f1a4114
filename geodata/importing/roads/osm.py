"""Reading what can be walked from an extract of OpenStreetMap: ways, and the outlines of areas.

An area (a square, a pedestrian zone) is a closed way or a relation of the type multipolygon. People
come in and out along its outlines, the inner ones too, where those share nodes with other ways: so
outlines are ways like others. All that is left out is counted by its reason.

Keys: https://wiki.openstreetmap.org/wiki/Key:area, https://wiki.openstreetmap.org/wiki/Key:highway,
https://wiki.openstreetmap.org/wiki/Relation:multipolygon.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely

from geodata.importing.files import coordinates
from geodata.importing.roads import pbf
from geodata.language.phrases import Phrase
from geodata.roads import walkable
from geodata.roads.network import Flags, Floats, Ints, Lines

Box = tuple[float, float, float, float]

_HIGHWAY = "highway"


@dataclass(frozen=True, slots=True)
class Extract:
    """What can be walked: lines (lon, lat), the numbers of the nodes at all their corners, layers.

    ``notes`` say what was read and what was left out.
    """

    lines: Lines
    nodes: Ints
    layer: Ints
    notes: list[Phrase]


@dataclass(slots=True)
class _Area:
    """A relation with the key highway, and what was found of its ways."""

    relation: pbf.Relation
    reason: str
    found: int = 0
    is_near: bool = False


@dataclass(slots=True)
class _Survey:
    """Where the blocks with nodes and ways begin, the nodes in the box, and the relations."""

    nodes: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    ways: set[int] = field(default_factory=set[int])
    inside: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    areas: list[_Area] = field(default_factory=list[_Area])


@dataclass(slots=True)
class _Chosen:
    """The ways in the box that can be walked, with their tags; and why others cannot."""

    tags: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    refs: list[Ints] = field(default_factory=list[Ints])
    sizes: list[Ints] = field(default_factory=list[Ints])
    lonlat: list[Floats] = field(default_factory=list[Floats])
    count: int = 0
    outlines: int = 0
    left_out: Counter[str] = field(default_factory=Counter[str])
    no_ways: Counter[str] = field(default_factory=Counter[str])


def read(path: Path, box: Box | None) -> Extract:
    """Return what can be walked in an extract, of all of it or of what comes into a box.

    Raises:
        FileRefusedError: it is damaged, or needs what is not read
    """
    with pbf.refusing_damage():
        survey = _look_through(path, box)
        chosen = _choose(path, box, survey)
        refs = np.concatenate([np.empty(0, dtype=np.int64), *chosen.refs])
        lonlat = np.concatenate([np.empty((0, 2)), *chosen.lonlat])
        _place(path, survey, refs, lonlat)
    return _extract(chosen, survey, refs, lonlat)


def _look_through(path: Path, box: Box | None) -> _Survey:
    survey = _Survey()
    inside = [survey.inside]
    for at, block in pbf.blocks(path):
        kinds = block.kinds()
        if kinds & {1, 2}:
            number, lonlat = block.nodes()
            if len(number):
                survey.nodes.append((at, int(number.min()), int(number.max())))
            if box is not None:
                inside.append(number[_within(lonlat, box)])
        if 3 in kinds:
            survey.ways.add(at)
        if 4 in kinds:
            for relation in block.relations(_HIGHWAY):
                reason = _reasons([relation.tags])[0]
                survey.areas.append(_Area(relation, reason))
    survey.inside = np.unique(np.concatenate(inside))
    return survey


def _choose(path: Path, box: Box | None, survey: _Survey) -> _Chosen:
    chosen = _Chosen()
    areas_of: dict[int, list[_Area]] = {}
    for area in survey.areas:
        for way in set(area.relation.ways):
            areas_of.setdefault(way, []).append(area)
    for _, block in pbf.blocks(path, survey.ways):
        ways = block.ways(_HIGHWAY, areas_of)
        near = _near(ways, box, survey.inside)
        walked = np.zeros(len(near), dtype=np.bool_)
        for row, (reason, is_near) in enumerate(zip(_reasons(ways.tags), near, strict=True)):
            areas = areas_of.get(ways.number[row], [])
            for area in areas:
                area.found += 1
                area.is_near |= bool(is_near)
            if is_near:
                walked[row] = _take(chosen, ways.tags[row], reason, areas)
        corner = np.repeat(walked, ways.sizes)
        chosen.refs.append(ways.refs[corner])
        chosen.lonlat.append(ways.lonlat[corner])
        chosen.sizes.append(ways.sizes[walked])
    return chosen


def _take(chosen: _Chosen, tags: dict[str, str], reason: str, areas: list[_Area]) -> bool:
    """Tell whether a way is walked, for itself or as the outline of an area; count it."""
    chosen.count += _HIGHWAY in tags
    outlined = [area for area in areas if _is_area(area) and not area.reason]
    if reason and outlined:
        tags = outlined[0].relation.tags
    elif reason:
        if _HIGHWAY in tags:
            chosen.left_out[reason] += 1
            if reason == walkable.NO_WAY:
                chosen.no_ways[_kind(tags)] += 1
        return False
    chosen.outlines += bool(outlined) or tags.get("area") == "yes"
    chosen.tags.append({key: tags[key] for key in walkable.KEYS if key in tags})
    return True


def _place(path: Path, survey: _Survey, refs: Ints, lonlat: Floats) -> None:
    """Fill in where nodes are, as far as the file has them."""
    needed, number = np.unique(refs, return_inverse=True)
    places = np.full((len(needed), 2), np.nan)
    wanted = {
        at
        for at, low, high in survey.nodes
        if np.searchsorted(needed, low) < np.searchsorted(needed, high, side="right")
    }
    for _, block in pbf.blocks(path, wanted):
        node, where = block.nodes()
        at, known = _find(node, needed)
        places[at[known]] = where[known]
    bare = np.isnan(lonlat).any(axis=1)
    lonlat[bare] = places[number[bare]]


def _extract(chosen: _Chosen, survey: _Survey, refs: Ints, lonlat: Floats) -> Extract:
    """Make lines of the nodes that are there; where one is lacking, a way ends."""
    sizes = np.concatenate([np.empty(0, dtype=np.int64), *chosen.sizes])
    way = np.repeat(np.arange(len(sizes)), sizes)
    at = np.flatnonzero(_on_earth(lonlat))
    begins = np.ones(len(at), dtype=np.bool_)
    begins[1:] = (np.diff(at) > 1) | (np.diff(way[at]) > 0)
    line = np.cumsum(begins) - 1
    whole = np.bincount(line)[line] > 1 if len(line) else begins
    at = at[whole]
    _, line = np.unique(line[whole], return_inverse=True)
    _, first = np.unique(line, return_index=True)
    lines = np.asarray(shapely.linestrings(lonlat[at], indices=line), dtype=object)
    owner = way[at][first]
    layer = walkable.layers(_columns(chosen.tags), len(chosen.tags))[owner]
    used = np.bincount(way[at], minlength=len(sizes))
    short, cut = int((used == 0).sum()), int(((used > 0) & (used < sizes)).sum())
    return Extract(lines, refs[at], layer, _notes(chosen, survey, short, cut))


def _notes(chosen: _Chosen, survey: _Survey, short: int, cut: int) -> list[Phrase]:
    near = [area for area in survey.areas if area.is_near or not area.found]
    areas = [area for area in near if _is_area(area)]
    walked = [area for area in areas if not area.reason]
    left_out = chosen.left_out + Counter(area.reason for area in areas if area.reason)
    no_ways = chosen.no_ways + Counter(
        _kind(area.relation.tags) for area in areas if area.reason == walkable.NO_WAY
    )
    values = [f"{value} {count:,}" for value, count in no_ways.most_common()]
    counted = [
        (
            Phrase("Outlines of squares and other areas, brought as ways: {count:,}."),
            chosen.outlines,
        ),
        (
            Phrase("Left out, motorways, ramps and roads for motors only: {count:,}."),
            left_out[walkable.MOTORS],
        ),
        (
            Phrase("Left out, closed to people on foot (foot, access): {count:,}."),
            left_out[walkable.CLOSED],
        ),
        (
            Phrase("Left out, no way or not yet one: {count:,} ({values})."),
            left_out[walkable.NO_WAY],
        ),
        (Phrase("Left out, fewer than two nodes in the file: {count:,}."), short),
        (
            Phrase("Left out, areas without an outline in the file: {count:,}."),
            sum(not area.found for area in walked),
        ),
        (
            Phrase("Left out, relations that are no areas: {count:,}."),
            len(near) - len(areas),
        ),
        (
            Phrase("Areas of which the file lacks part of the outline: {count:,}."),
            sum(_is_cut(area) for area in walked),
        ),
        (Phrase("Ways that end where the file lacks their nodes: {count:,}."), cut),
    ]
    read = Phrase("OpenStreetMap, {count:,} ways in and near the county.", {"count": chosen.count})
    return [
        read,
        *(
            Phrase(phrase.text, {"count": count, "values": values})
            for phrase, count in counted
            if count
        ),
    ]


def _reasons(tags: list[dict[str, str]]) -> list[str]:
    """Tell of each why it is not walked; empty where it is."""
    return walkable.reasons(_columns(tags), len(tags))


def _columns(tags: list[dict[str, str]]) -> dict[str, list[str | None]]:
    return {key: [each.get(key) for each in tags] for key in walkable.KEYS}


def _kind(tags: dict[str, str]) -> str:
    """Return what is no way, in words that are known; what a file says else is not repeated."""
    value = tags[_HIGHWAY].strip().lower()
    return value if value in walkable.NO_ROADS else "?"


def _is_area(area: _Area) -> bool:
    return area.relation.tags.get("type") == "multipolygon"


def _is_cut(area: _Area) -> bool:
    parts = len(set(area.relation.ways)) + area.relation.relations
    return 0 < area.found < parts


def _near(ways: pbf.Ways, box: Box | None, inside: Ints) -> Flags:
    """Tell which ways have a node in the box."""
    count = len(ways.number)
    if box is None:
        return np.ones(count, dtype=np.bool_)
    hit = _find(ways.refs, inside)[1] | _within(ways.lonlat, box)
    return np.bincount(np.repeat(np.arange(count), ways.sizes)[hit], minlength=count) > 0


def _find(numbers: Ints, among: Ints) -> tuple[Ints, Flags]:
    """Return where numbers stand among sorted ones, and which of them are there."""
    at = np.searchsorted(among, numbers)
    known = at < len(among)
    known[known] = among[at[known]] == numbers[known]
    return at, known


def _within(lonlat: Floats, box: Box) -> Flags:
    west, south, east, north = box
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _on_earth(lonlat: Floats) -> Flags:
    return coordinates.is_on_earth(np.column_stack([lonlat, lonlat]))
