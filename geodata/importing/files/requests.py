"""What the parent process asks of the child, and what it hands along: plain data for JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from geodata.frames import Frame
from geodata.model import Level

Progress = Callable[[str, float], None]
"""Called with the name of a stage and how much of it is done, 0 to 1."""

# What the child leaves of a table, as JSON, a row in a line: its number, its sheet, the header of
# its role where each role has its column, then its cells in the order of the fields.
ROWS = "rows.jsonl"


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
class TableRequest:
    """A file with a table, and by which headers its columns are known.

    ``headers`` are those of each field, the likeliest first; ``told`` says the column of a field
    outright, ``given`` are fields that need none, ``amounts`` those that cannot count for several
    rows. ``roles`` are words that head a column of people each, where each role has its column.
    ``loose`` are those of the headers that count only where none of the others is there; of a
    field in ``joined`` all columns are read together.
    """

    file: FileRequest
    headers: Mapping[str, Sequence[str]]
    required: Sequence[str] = ()
    told: Mapping[str, str] = field(default_factory=dict[str, str])
    given: Sequence[str] = ()
    roles: Sequence[str] = ()
    amounts: Sequence[str] = ()
    loose: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    joined: Sequence[str] = ()


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

    ``county_box`` is west, south, east, north, if there is a county; ``most`` corners are read.
    """

    file: FileRequest
    county_box: tuple[float, float, float, float] | None
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

    Shapes of ``parents``, ``existing`` and ``childless`` travel in files beside the request.
    ``county_box`` is the box of the county (west, south, east, north), if there is one.

    ``childless`` are the grids two levels above in which there is none of the level between;
    ``counties`` those that stand on that day or a later one. ``compares``: the difference to what
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
    county_box: tuple[float, float, float, float] | None
    childless: tuple[KnownGrid, ...] = ()
    counties: tuple[KnownGrid, ...] = ()
    skip_bad_rows: bool = False
    compares: bool = False
    as_plan: bool = False
    table: tuple[TableRow, ...] | None = None
    households: tuple[int, ...] = ()


def to_plain(request: GridRequest | LineRequest | FileRequest | TableRequest) -> dict[str, object]:
    """Return a request as data for JSON."""
    return asdict(request)


def table_request(plain: dict[str, Any]) -> TableRequest:
    """Read a request for a table back."""
    return TableRequest(
        FileRequest(**plain["file"]),
        plain["headers"],
        plain["required"],
        plain["told"],
        plain["given"],
        plain["roles"],
        plain["amounts"],
        plain["loose"],
        plain["joined"],
    )


def line_request(plain: dict[str, Any]) -> LineRequest:
    """Read a request for lines back."""
    county_box = tuple(plain["county_box"]) if plain["county_box"] else None
    return LineRequest(FileRequest(**plain["file"]), county_box, plain["most"])


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
        county_box=tuple(plain["county_box"]) if plain["county_box"] else None,
        childless=tuple(KnownGrid(**grid) for grid in plain["childless"]),
        counties=tuple(KnownGrid(**grid) for grid in plain["counties"]),
        skip_bad_rows=plain["skip_bad_rows"],
        compares=plain["compares"],
        as_plan=plain["as_plan"],
        table=None if plain["table"] is None else tuple(TableRow(**row) for row in plain["table"]),
        households=tuple(plain["households"]),
    )
