"""What an import of roads is asked for, and what its child process is told: plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from geodata.importing.files.requests import FileRequest

TOLERANCE_M = 1.0


@dataclass(frozen=True, slots=True)
class RoadImport:
    """A file of roads to import. ``source`` names it: the same name again replaces what it brought.

    ``class_column`` is the column by which roads are left out that nobody may walk on. Ends meet
    what lies within ``tolerance_m``; lines that merely cross meet with ``join_crossings``.
    ``is_replacing`` throws out what other files brought.
    """

    file: FileRequest
    source: str
    licence: str = ""
    class_column: str | None = None
    tolerance_m: float = TOLERANCE_M
    join_crossings: bool = False
    heights: str | None = None
    heights_crs: str | None = None
    is_replacing: bool = False
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """The edges of other files that stay, column by column; their shapes travel beside.

    ``source`` and ``target`` are the numbers of the junctions where an edge begins and ends.
    """

    source_id: list[int] = field(default_factory=list[int])
    layer: list[int] = field(default_factory=list[int])
    by_node: list[bool] = field(default_factory=list[bool])
    length_m: list[float] = field(default_factory=list[float])
    forward_m: list[float] = field(default_factory=list[float])
    backward_m: list[float] = field(default_factory=list[float])
    climb_m: list[float | None] = field(default_factory=list[float | None])
    descent_m: list[float | None] = field(default_factory=list[float | None])
    source: list[int] = field(default_factory=list[int])
    target: list[int] = field(default_factory=list[int])


@dataclass(frozen=True, slots=True)
class RoadRequest:
    """What the child process needs: the order, the county's box, and the edges that stay.

    ``county_box`` is west, south, east, north in degrees; None: there is no county yet.
    """

    file: FileRequest
    class_column: str | None
    tolerance_m: float
    join_crossings: bool
    heights: str | None
    heights_crs: str | None
    county_box: tuple[float, float, float, float] | None
    is_osm: bool
    kept: Kept


def to_plain(request: RoadRequest) -> dict[str, object]:
    """Return a request as data for JSON."""
    return asdict(request)


def road_request(plain: dict[str, Any]) -> RoadRequest:
    """Read a request back."""
    told = dict(plain)
    told["file"] = FileRequest(**plain["file"])
    told["kept"] = Kept(**plain["kept"])
    told["county_box"] = tuple(plain["county_box"]) if plain["county_box"] else None
    return RoadRequest(**told)
