"""Issues: what is open and due, where, and what has been done. Nothing about who reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, LiteralString

from psycopg import Connection
from psycopg.rows import dict_row

from geodata.errors import HiddenError, InvalidInputError
from geodata.language.phrases import Phrase
from geodata.model import (
    GridRef,
    Issue,
    IssueCategory,
    IssueCounts,
    IssueEvent,
    IssueSummary,
    Point,
)

StateFilter = Literal["open", "overdue", "suspended", "closed", "all"]
STATE_TITLES: Mapping[StateFilter, Phrase] = MappingProxyType(
    {
        "open": Phrase("Open"),
        "overdue": Phrase("Overdue"),
        "suspended": Phrase("On hold"),
        "closed": Phrase("Closed"),
        "all": Phrase("Open and closed"),
    }
)
STATES: tuple[StateFilter, ...] = tuple(STATE_TITLES)
AGES = (7, 30, 90, 365)
# Tiles are cached by their address, and overdue depends on the clock: so the clock is in the
# address, in steps that a reader does not notice.
CLOCK_STEP = timedelta(minutes=10)

# The issues that a filter lets through, as they stood at the instant %(at)s. Joined with a place by
# the caller; parameters are those of ``IssueFilter.values``.
MATCHING: LiteralString = """
    SELECT s.* FROM (
        SELECT i.*, present.is_open,
               present.is_open AND coalesce(i.due_at < %(at)s::timestamptz, false) AS is_overdue,
               present.is_open AND present.state = 'suspended' AS is_suspended,
               present.state AS state_then
        FROM issue i, LATERAL (
            SELECT i.closed_at IS NULL OR i.closed_at > %(at)s::timestamptz AS is_open,
                   CASE WHEN %(past)s THEN issue_state_at(i.issue_id, %(at)s::timestamptz)
                        ELSE i.state END AS state) present
        WHERE i.reported_at <= %(at)s::timestamptz
          AND i.reported_at >= %(at)s::timestamptz - make_interval(days => %(age)s)
          AND (%(category)s = '' OR i.category_id IN (
              SELECT c.category_id FROM issue_category c
              LEFT JOIN issue_category p ON p.category_id = c.parent_id
              WHERE %(category)s IN (c.code, p.code)))) s
    WHERE CASE %(state)s::text
        WHEN 'open' THEN s.is_open
        WHEN 'overdue' THEN s.is_overdue
        WHEN 'suspended' THEN s.is_suspended
        WHEN 'closed' THEN NOT s.is_open
            AND s.closed_at > %(at)s::timestamptz - make_interval(days => %(closed)s)
        ELSE true END
"""
# Longer than any county has records: no limit of age.
_ANY_AGE = 36_500
# Of those that are closed the latest are shown, unless another time is asked for, or any.
CLOSED_DAYS = 30
_ANY_TIME = "all"


@dataclass(frozen=True, slots=True)
class IssueFilter:
    """Which issues, as they stood when.

    Of those that are ``closed``, the ones closed within ``closed_days`` (None: at any time);
    ``category`` is a code of either level, '' for all.
    """

    at: datetime
    past: bool
    state: StateFilter = "open"
    category: str = ""
    age_days: int | None = None
    closed_days: int | None = CLOSED_DAYS

    def values(self) -> dict[str, object]:
        """Return the parameters of MATCHING."""
        return {
            "at": self.at,
            "past": self.past,
            "state": self.state,
            "category": self.category,
            "age": self.age_days or _ANY_AGE,
            "closed": self.closed_days or _ANY_AGE,
        }

    @property
    def closed_within(self) -> str:
        """How an address says when the closed ones were closed: '' for what is not said."""
        return "" if self.closed_days == CLOSED_DAYS else str(self.closed_days or _ANY_TIME)

    def address(self) -> dict[str, str]:
        """Return what an address must say to ask the same again; defaults are left out."""
        said = {"at": str(int(self.at.timestamp())), "state": self.state, "category": self.category}
        said["age"] = str(self.age_days or "")
        said["closed"] = self.closed_within
        return {name: value for name, value in said.items() if value not in ("", "open")}


def read_filter(args: Mapping[str, str], on: date, now: datetime) -> IssueFilter:
    """Read state, category, age, closed and at (seconds since 1970) from an address.

    Without ``at``: the end of a past day, the present (to ten minutes) otherwise. Raises
    InvalidInputError.
    """
    asked = args.get("state") or "open"
    state: StateFilter | None = next((choice for choice in STATES if choice == asked), None)
    if state is None:
        raise InvalidInputError(
            "“{value}” is not a state to filter by.",
            hint="Use one of: {choices}.",
            value=asked,
            choices=", ".join(STATES),
        )
    age = args.get("age") or ""
    if age not in ("", *map(str, AGES)):
        raise InvalidInputError(
            "“{value}” is not an age to filter by.",
            hint="Use one of: {choices} (days).",
            value=age,
            choices=", ".join(map(str, AGES)),
        )
    closed = args.get("closed") or str(CLOSED_DAYS)
    if closed not in (_ANY_TIME, *map(str, AGES)):
        raise InvalidInputError(
            "“{value}” is not a time within which issues were closed.",
            hint="Use one of: {choices} (days).",
            value=closed[:40],
            choices=", ".join([*map(str, AGES), _ANY_TIME]),
        )
    category = args.get("category") or ""
    if len(category) > 100 or "\0" in category:
        raise InvalidInputError("“{value}” is not a category code.", value=category[:40])
    past = on < now.date()
    at = _instant(args.get("at"), now) if args.get("at") else find_instant(on, now)
    closed_days = None if closed == _ANY_TIME else int(closed)
    return IssueFilter(at, past, state, category, int(age) if age else None, closed_days)


def find_instant(on: date, now: datetime) -> datetime:
    """Return the moment that a day is looked at: its end, or the present if it is not over."""
    if on < now.date():
        return datetime.combine(on + timedelta(days=1), datetime.min.time(), tzinfo=now.tzinfo)
    seconds = int(CLOCK_STEP.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=now.tzinfo)


def count_by_state(
    conn: Connection[Any], chosen: IssueFilter, grid_id: int | None, on: date
) -> IssueCounts:
    """Count the issues of a grid (None: all) by state, whatever state the filter names itself."""
    row = conn.execute(
        "SELECT count(*) FILTER (WHERE is_open), count(*) FILTER (WHERE is_overdue),"
        " count(*) FILTER (WHERE is_suspended),"
        " count(*) FILTER (WHERE NOT is_open"
        " AND closed_at > %(at)s - make_interval(days => %(closed)s))"
        " FROM (" + MATCHING + ") i WHERE " + _within(grid_id),
        {**replace(chosen, state="all").values(), "grid_id": grid_id, "on": on},
    ).fetchone()
    assert row is not None
    return IssueCounts(*row)


def count(conn: Connection[Any], chosen: IssueFilter, grid_id: int | None, on: date) -> int:
    """Count the issues that a filter lets through in a grid (None: all)."""
    row = conn.execute(
        "SELECT count(*) FROM (" + MATCHING + ") i WHERE " + _within(grid_id),
        {**chosen.values(), "grid_id": grid_id, "on": on},
    ).fetchone()
    assert row is not None
    return row[0]


def list_issues(
    conn: Connection[Any],
    chosen: IssueFilter,
    grid_id: int | None,
    on: date,
    *,
    limit: int = 50,
    offset: int = 0,
) -> list[IssueSummary]:
    """List issues of a grid (None: all), most urgent first: overdue, then due, then the newest.

    Those that are closed follow, closed last first.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT i.issue_id, i.title, c.name_zh, c.name_en, s.state, s.name_zh AS state_zh,"
            " s.name_en AS state_en, i.is_open, i.is_overdue, i.reported_at, i.due_at, i.closed_at,"
            " ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat, v.name AS grid_name"
            " FROM (" + MATCHING + ") i"
            " JOIN issue_category c USING (category_id)"
            " JOIN issue_state s ON s.state = i.state_then"
            " LEFT JOIN grid_version v ON v.grid_id = i.grid_id AND v.valid @> %(on)s::date"
            " WHERE " + _within(grid_id) + ""
            " ORDER BY i.is_overdue DESC, i.is_open DESC,"
            " CASE WHEN i.is_open THEN i.due_at END NULLS LAST,"
            " CASE WHEN NOT i.is_open THEN i.closed_at END DESC NULLS LAST,"
            " i.reported_at DESC, i.issue_id"
            " LIMIT %(limit)s OFFSET %(offset)s",
            {**chosen.values(), "grid_id": grid_id, "on": on, "limit": limit, "offset": offset},
        ).fetchall()
    return [_summary(row) for row in rows]


def get(conn: Connection[Any], issue_id: int, on: date, now: datetime) -> Issue:
    """Return an issue as it stood on a day, with its steps until then.

    Raises HiddenError if there is none, it had not been reported yet, or it is not the acting
    account's to see.
    """
    at = IssueFilter(find_instant(on, now), on < now.date(), "all")
    values = {**at.values(), "issue_id": issue_id, "on": on}
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT i.issue_id, i.title, i.detail, i.closed_at, c.name_zh, c.name_en, c.lead_unit,"
            " s.state, s.name_zh AS state_zh, s.name_en AS state_en, i.is_open, i.is_overdue,"
            " i.reported_at, i.due_at, ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat,"
            " v.grid_id, v.level::text AS grid_level, v.name AS grid_name, v.code AS grid_code"
            " FROM (" + MATCHING + ") i"
            " JOIN issue_category c USING (category_id)"
            " JOIN issue_state s ON s.state = i.state_then"
            " LEFT JOIN grid_version v ON v.grid_id = i.grid_id AND v.valid @> %(on)s::date"
            " WHERE i.issue_id = %(issue_id)s",
            values,
        ).fetchone()
    if row is None:
        raise HiddenError(
            "There is no issue {issue_id} that can be shown to you on {on}.",
            issue_id=issue_id,
            on=on,
        )
    around = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code
        FROM issue i JOIN grid_version v ON v.geom && i.geom AND ST_Covers(v.geom, i.geom)
        WHERE i.issue_id = %(issue_id)s AND v.valid @> %(on)s
        ORDER BY v.level, v.code
        """,
        values,
    ).fetchall()
    events = conn.execute(
        """
        SELECT e.at, e.to_state, s.name_zh, s.name_en, o.name, e.note
        FROM issue_event e
        JOIN issue_state s ON s.state = e.to_state
        LEFT JOIN organisation o USING (organisation_id)
        WHERE e.issue_id = %(issue_id)s AND e.at <= %(at)s
        ORDER BY e.at, e.event_id
        """,
        values,
    ).fetchall()
    reported_in = GridRef(row["grid_id"], row["grid_level"], row["grid_name"], row["grid_code"])
    return Issue(
        summary=_summary(row),
        detail=row["detail"],
        lead_unit=row["lead_unit"],
        reported_in=reported_in if row["grid_id"] else None,
        lies_in=tuple(GridRef(*grid) for grid in around),
        events=tuple(IssueEvent(*event) for event in events),
    )


def list_categories(
    conn: Connection[Any], chosen: IssueFilter, grid_id: int | None, on: date
) -> list[IssueCategory]:
    """Return the large classes with their categories, those with the most issues first.

    Counted are the issues of a grid (None: all) that the filter lets through, whatever category it
    names itself.
    """
    rows = conn.execute(
        "SELECT c.code, c.name_zh, c.name_en, p.code, coalesce(n.issues, 0)"
        " FROM issue_category c LEFT JOIN issue_category p ON p.category_id = c.parent_id"
        " LEFT JOIN (SELECT i.category_id, count(*) AS issues FROM (" + MATCHING + ") i"
        " WHERE " + _within(grid_id) + " GROUP BY i.category_id) n"
        " ON n.category_id = c.category_id"
        " ORDER BY coalesce(n.issues, 0) DESC, c.code",
        {**replace(chosen, category="").values(), "grid_id": grid_id, "on": on},
    ).fetchall()
    small: dict[str, list[IssueCategory]] = {}
    for code, zh, en, large, issues in rows:
        if large is not None:
            small.setdefault(large, []).append(IssueCategory(code, zh, en, issues, ()))
    classes = [
        IssueCategory(code, zh, en, issues + sum(s.issues for s in parts), parts)
        for code, zh, en, large, issues in rows
        if large is None
        for parts in [tuple(small.get(code, ()))]
    ]
    return sorted(classes, key=lambda large: (-large.issues, large.code))


# Where the boundary of a grid ran on that day: asked for once, so that it is unpacked and prepared
# once and not for every issue; before it its box, which is small.
_IN_GRID: LiteralString = """
    i.geom && (SELECT ST_Envelope(g.geom) FROM grid_version g
               WHERE g.grid_id = %(grid_id)s AND g.valid @> %(on)s::date)
    AND ST_Covers((SELECT g.geom FROM grid_version g
                   WHERE g.grid_id = %(grid_id)s AND g.valid @> %(on)s::date), i.geom)
"""


def _within(grid_id: int | None) -> LiteralString:
    return "true" if grid_id is None else _IN_GRID


def _instant(text: str | None, now: datetime) -> datetime:
    try:
        seconds = int(text or "")
        return datetime.fromtimestamp(seconds, tz=now.tzinfo)
    except (ValueError, OverflowError, OSError):
        raise InvalidInputError("“{value}” is not an instant.", value=str(text)[:40]) from None


def _summary(row: dict[str, Any]) -> IssueSummary:
    return IssueSummary(
        issue_id=row["issue_id"],
        title=row["title"],
        category_zh=row["name_zh"],
        category_en=row["name_en"],
        state=row["state"],
        state_zh=row["state_zh"],
        state_en=row["state_en"],
        is_open=row["is_open"],
        is_overdue=bool(row["is_overdue"]),
        reported_at=row["reported_at"],
        due_at=row["due_at"],
        closed_at=None if row["is_open"] else row["closed_at"],
        point=Point(row["lon"], row["lat"]),
        grid_name=row["grid_name"],
    )
