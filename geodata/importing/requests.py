"""What the parent process asks of the child, and what it hands along: plain data for JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from geodata.frames import Frame
from geodata.model import Level

Progress = Callable[[str, float], None]
"""Called with the name of a stage and how much of it is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A file and how to read it; what is None is found out."""

    path: str
    layer: str | None = None
    encoding: str | None = None
    crs: str | None = None
    # None: WGS 84 unless the data looks otherwise; "wgs84" said outright silences that look.
    frame: Frame | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a grid file holds what."""

    name: str
    code: str
    parent: str | None = None
    households: str | None = None
    population: str | None = None


@dataclass(frozen=True, slots=True)
class KnownGrid:
    """A grid that the database has already, as the child needs to know it."""

    grid_id: int
    code: str
    name: str
    parent_id: int | None = None
    households: int | None = None
    population: int | None = None


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A file of which only the lines and points are wanted, and the county around them.

    ``home`` is its box (west, south, east, north), if there is one; ``most`` corners are read.
    """

    file: FileRequest
    home: tuple[float, float, float, float] | None
    most: int


Acceptable = Literal["gap", "outside_parent", "sliver"]


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of the table of old and new codes, '' where there is none on that side.

    ``row`` is its number in the file. ``continues``: the old grid lives on as the new one; None
    where the table has no column that says so.
    """

    row: int
    old: str
    new: str
    continues: bool | None = None


@dataclass(frozen=True, slots=True)
class GridRequest:
    """A file of grids of one level, and what stands in the database around it.

    Shapes of ``parents`` and ``existing`` travel in files beside the request. ``home`` is the box
    of the county (west, south, east, north), if there is one. ``compares``: the difference to what
    holds is told grid by grid; ``as_plan``: it becomes a plan, by ``table`` where that is given.
    ``households`` are those of the buildings, whose places travel beside the request.
    """

    file: FileRequest
    level: Level
    columns: Columns
    repair: bool
    accept: tuple[Acceptable, ...]
    parents: tuple[KnownGrid, ...]
    existing: tuple[KnownGrid, ...]
    home: tuple[float, float, float, float] | None
    compares: bool = False
    as_plan: bool = False
    table: tuple[TableRow, ...] | None = None
    households: tuple[int, ...] = ()


def to_plain(request: GridRequest | LineRequest | FileRequest) -> dict[str, object]:
    """Return a request as data for JSON."""
    return asdict(request)


def line_request(plain: dict[str, Any]) -> LineRequest:
    """Read a request for lines back."""
    home = tuple(plain["home"]) if plain["home"] else None
    return LineRequest(FileRequest(**plain["file"]), home, plain["most"])


def grid_request(plain: dict[str, Any]) -> GridRequest:
    """Read a request for grids back."""
    return GridRequest(
        file=FileRequest(**plain["file"]),
        level=plain["level"],
        columns=Columns(**plain["columns"]),
        repair=plain["repair"],
        accept=tuple(plain["accept"]),
        parents=tuple(KnownGrid(**grid) for grid in plain["parents"]),
        existing=tuple(KnownGrid(**grid) for grid in plain["existing"]),
        home=tuple(plain["home"]) if plain["home"] else None,
        compares=plain["compares"],
        as_plan=plain["as_plan"],
        table=None if plain["table"] is None else tuple(TableRow(**row) for row in plain["table"]),
        households=tuple(plain["households"]),
    )
