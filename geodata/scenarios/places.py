"""Best places in a scenario: where new facilities would serve most of those it leaves unserved.

Those without a provider as the standard says count as unserved, for whichever reason, and as served
with as many new ones as the standard lacks; what the scenario changes is taken as done. Distances
are those of coverage: along the roads where known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from psycopg import Connection
from scipy.sparse import csr_array

from geodata.coverage.judging import people, sums
from geodata.coverage.judging.altering import Changes
from geodata.coverage.judging.people import People
from geodata.coverage.judging.sums import Count
from geodata.coverage.judging.verdicts import Floats, Ints, Judgement, Verdict
from geodata.coverage.judging.ways import Ways, pair_straight
from geodata.coverage.standards import model as standards
from geodata.coverage.standards.model import Kind
from geodata.coverage.trying import redrawing
from geodata.errors import InvalidInputError
from geodata.model import ANYWHERE, Bounds, Point
from geodata.scenarios.siting import choosing
from geodata.scenarios.siting.model import Choice, Demand

Ask = Literal["most", "fewest", "second"]
MOST_PLACES = 50
TIME_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: ``count`` places that serve most or give most a second provider, or the fewest
    that serve ``percent`` of all.

    ``grid_id`` names the town or community whose households count (None: the county's).
    ``candidates`` is "buildings" (points spread over the compounds where none is known),
    "junctions" of roads, a service kind (where its facilities
    stand), or "given": ``points``. ``capacity`` is households to a place, None for any number.
    """

    kind: str
    ask: Ask
    count: int = 1
    percent: float = 0.0
    grid_id: int | None = None
    candidates: str = "buildings"
    points: tuple[Point, ...] = ()
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Places in the order of what each adds; ``gains`` are those households.

    ``choice`` tells households before and after, and how good any other choice could be;
    ``candidates`` is how many there were.
    """

    points: tuple[Point, ...]
    choice: Choice
    candidates: int


def read(text: str) -> list[Point]:
    """Read places, a line each: longitude and latitude in WGS 84 degrees.

    They are parted by a comma, blanks or a tab; whatever follows is taken for a name.

    Raises:
        InvalidInputError: a line is not that, with its number.
    """
    found: list[Point] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace("，", ",").replace(",", " ").split()
        if not words:
            continue
        try:
            lon, lat = float(words[0]), float(words[1])
        except (IndexError, ValueError):
            lon, lat = math.nan, math.nan
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise InvalidInputError(
                "Line {number} is not a place: {line}",
                hint="Write longitude and latitude in degrees, such as 116.333, 31.402.",
                number=number,
                line=line[:60],
            )
        found.append(Point(lon, lat))
    return found


def find(
    conn: Connection[Any],
    question: Question,
    changes: Changes,
    day: date,
    *,
    is_rounded: bool,
    has_rounded_loads: bool,
) -> Answer:
    """Answer a question on top of a scenario's changes.

    ``is_rounded``: the households that count are those that everybody is told. Which places are
    best, and in which order, would tell exact counts. ``has_rounded_loads``: so are those of all
    around with whom they share providers.

    Raises:
        InvalidInputError: what is asked for cannot be, in words; see ``siting.choosing`` as well.
    """
    if question.ask != "fewest" and not 1 <= question.count <= MOST_PLACES:
        raise InvalidInputError("Ask for 1 to {most} places.", most=MOST_PLACES)
    # Also a kind of which the county has none yet: the first is what is searched for.
    kind = next(
        (k for k in changes.apply(standards.list_all(conn, day)) if k.kind == question.kind), None
    )
    if kind is None or not kind.by_facility:
        raise InvalidInputError(
            "“{value}” is not a service that facilities give.", value=question.kind[:40]
        )
    # A plan may bring any household into the grid.
    is_all = question.grid_id is None or changes.redrawn is not None
    box = None if is_all else _box(conn, question.grid_id or 0, kind, day)
    nearby = people.read_all(conn, day) if box is None else people.read_within(conn, day, box)
    if changes.redrawn:
        nearby = redrawing.move(nearby, changes.redrawn)
    loads: Count = "rounded" if has_rounded_loads else "households"
    judgement = next(
        (each for _, each in sums.judge_kinds(conn, [kind], nearby, day, box, changes, loads)), None
    )
    if judgement is None:
        raise InvalidInputError("No households are known there, so no place serves any.")
    is_counted = _is_counted(nearby, question.grid_id)
    places = _candidates(conn, question, nearby.where(is_counted), box, day)
    lacking = _lacking(question, kind, nearby, judgement)[is_counted]
    count: Count = "rounded" if is_rounded else "households"
    demand, places = _demand(conn, kind, nearby.where(is_counted), lacking, places, box, count)
    minimum, wanted = int(lacking.max()), min(question.count, len(places))
    ways: dict[Ask, Callable[[], Choice]] = {
        "most": lambda: choosing.best(
            demand, wanted, question.capacity, TIME_LIMIT_S, minimum=minimum
        ),
        "fewest": lambda: choosing.fewest(
            demand, question.percent, question.capacity, TIME_LIMIT_S, minimum=minimum
        ),
        "second": lambda: choosing.best(demand, wanted, None, TIME_LIMIT_S, minimum=minimum),
    }
    choice = ways[question.ask]()
    points = tuple(Point(*places[each].tolist()) for each in choice.candidates)
    return Answer(points, choice, len(places))


def _box(conn: Connection[Any], grid_id: int, kind: Kind, day: date) -> Bounds:
    """Return the box of all on which the figures of a grid rest."""
    row = conn.execute(
        """
        SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM grid_version
        WHERE grid_id = %s AND valid @> %s::date
        """,
        [grid_id, day],
    ).fetchone()
    if row is None:
        raise InvalidInputError("The grid whose households are to count is not there on this day.")
    west, south, east, north = row
    # Neighbours compete for the same facilities: see coverage.trying.
    reach_m = kind.farthest_m * (4 if kind.is_limited else 1)
    return Bounds(west, south, east, north).grown(reach_m)


def _is_counted(nearby: People, grid_id: int | None) -> Any:
    if grid_id is None:
        return np.ones(len(nearby), dtype=np.bool_)
    rows = nearby.rows
    return (
        (rows["town"] == grid_id)
        | (rows["community"] == grid_id)
        | (rows["compound"] == grid_id)
        | (rows["county"] == grid_id)
    )


def _candidates(
    conn: Connection[Any], question: Question, counted: People, box: Bounds | None, day: date
) -> Floats:
    """Return where a facility could be put, (lon, lat), shape (n, 2)."""
    if question.candidates == "given":
        found: Sequence[Any] = [(point.lon, point.lat) for point in question.points]
    elif question.candidates == "buildings":
        known = ~counted.rows["is_estimated"]
        # Where no building is known at all, the points over which households are spread stand in.
        found = counted.lon_lat[known if known.any() else slice(None)].tolist()
    elif question.candidates == "junctions":
        found = conn.execute(
            """
            SELECT ST_X(geom), ST_Y(geom) FROM road_node
            WHERE %(west)s::float8 IS NULL
               OR geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
            ORDER BY node_id
            """,
            box.params() if box else ANYWHERE,
            prepare=False,
        ).fetchall()
    else:
        found = conn.execute(
            """
            SELECT ST_X(geom), ST_Y(geom) FROM facility
            WHERE kind = %(kind)s AND valid @> %(day)s::date AND (%(west)s::float8 IS NULL
               OR geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))
            ORDER BY facility_id
            """,
            {
                "kind": question.candidates,
                "day": day,
                **(box.params() if box else ANYWHERE),
            },
            prepare=False,
        ).fetchall()
    places = np.unique(np.asarray(found, dtype=np.float64).reshape(-1, 2), axis=0)
    if not len(places):
        raise InvalidInputError(
            "There are no such candidates.",
            hint="Take others, such as the buildings themselves.",
        )
    return places


def _lacking(question: Question, kind: Kind, nearby: People, judgement: Judgement) -> Ints:
    """Return how many new facilities in reach each building needs to be served, 0 for none."""
    if question.ask == "second":
        return np.maximum(2 - judgement.providers, 0)
    minimum = np.where(nearby.rows["is_village"], kind.village.minimum, kind.town.minimum)
    # Whose providers are enough but full needs one that is not.
    lacking = np.maximum(minimum - judgement.providers, 1)
    return np.where(judgement.verdict == Verdict.MET, 0, lacking)


def _demand(
    conn: Connection[Any],
    kind: Kind,
    counted: People,
    lacking: Ints,
    places: Floats,
    box: Bounds | None,
    of: Count,
) -> tuple[Demand, Floats]:
    """Return who would be in reach of which candidate, and the candidates that reach anybody.

    The demand is one for as many providers as anybody lacks; others have some of them already.
    """
    is_open = lacking > 0
    open_ = counted.where(is_open)
    # No way is shorter than the straight line: candidates near nobody need not be searched from.
    _, near, _ = pair_straight(open_.lon_lat, places, kind.farthest_m)
    if not len(open_):
        raise InvalidInputError("Everybody there has this service: no place is needed.")
    if not len(near):
        raise InvalidInputError(
            "No candidate is in reach of anybody without this service.",
            hint="Take other candidates, such as the buildings themselves.",
        )
    places = places[np.unique(near)]
    ways = Ways.load(conn, None if box is None else sums.find_road_box(box, [kind]))
    at, by, _ = ways.in_reach(
        ways.find(open_.lon_lat), open_.rows["is_village"], kind, ways.find(places)
    )
    rows = np.flatnonzero(is_open)[at]
    shape = len(counted), len(places)
    reach = csr_array((np.ones(len(rows)), (rows, by)), shape=shape)
    return Demand.of(reach, counted.rows[of], lacking.max() - lacking), places
