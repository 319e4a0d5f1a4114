"""Writing imported issues: categories, the issues, and the events that lead to each state."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import psycopg
from psycopg.rows import TupleRow

from geodata.importing.files.requests import Progress
from geodata.importing.lists import reading as lists

# The way to each state along allowed steps (issue_transition).
_WAY = ("filed", "dispatched", "handling", "fed_back", "verified")
_STEPS: dict[str, tuple[str, ...]] = {
    "reported": (),
    **{state: _WAY[: index + 1] for index, state in enumerate(_WAY)},
    "suspended": ("filed", "dispatched", "handling", "suspended"),
    "rejected": ("rejected",),
    "closed": ("closed",),
}


@dataclass(frozen=True, slots=True)
class IssueRow:
    """One issue of a list: degrees are WGS 84, instants carry a zone."""

    number: int
    external_id: str | None
    category: str
    title: str
    detail: str
    lon: float
    lat: float
    reported_at: datetime
    state: str
    closed_at: datetime | None
    due_at: datetime | None


def make_categories(
    conn: psycopg.Connection[TupleRow], source: str, names: Sequence[str]
) -> list[str]:
    """Make categories that no code or name of the list matches, and return their names."""
    rows = conn.execute("SELECT code, name_zh, lower(name_en) FROM issue_category").fetchall()
    known = {word for row in rows for word in row}
    missing = [name for name in names if name not in known and name.lower() not in known]
    if not missing:
        return []
    code = f"import:{source}"
    conn.execute(
        "INSERT INTO issue_category (code, name_zh, name_en, kind) VALUES (%s, %s, %s, 'event')"
        " ON CONFLICT (code) DO NOTHING",
        [code, source, source],
    )
    for name in missing:
        small = f"{code}:{hashlib.sha256(name.encode()).hexdigest()[:12]}"
        conn.execute(
            "INSERT INTO issue_category (parent_id, code, name_zh, name_en, kind)"
            " SELECT category_id, %s, %s, %s, 'event' FROM issue_category WHERE code = %s",
            [small, name, name, code],
        )
    return missing


def write(
    conn: psycopg.Connection[TupleRow], source: str, rows: Sequence[IssueRow], progress: Progress
) -> dict[str, int]:
    """Write issues and their events; returns what was done by name, for the report."""
    conn.execute(
        """
        CREATE TEMP TABLE issue_in (number integer, external_id text, category text, title text,
            detail text, lon double precision, lat double precision, reported_at timestamptz,
            state text, closed_at timestamptz, due_at timestamptz, category_id bigint,
            geom geometry(Point, 4326), grid_id bigint, issue_id bigint, is_new boolean,
            old_state text) ON COMMIT DROP
        """
    )
    lists.fill(
        conn,
        (
            (
                row.number, row.external_id, row.category, row.title, row.detail, row.lon, row.lat,
                row.reported_at, row.state, row.closed_at, row.due_at,
            )
            for row in rows
        ),
        "COPY issue_in (number, external_id, category, title, detail, lon, lat, reported_at,"
        " state, closed_at, due_at) FROM STDIN",
    )  # fmt: skip
    _resolve(conn, source)
    progress("writing", 0.6)
    new, updated = _upsert(conn, source)
    progress("writing the history", 0.75)
    moved = _append_events(conn)
    conn.execute("DROP TABLE issue_in")
    return {"new issues": new, "updated issues": updated, "issues that changed state": moved}


def _resolve(conn: psycopg.Connection[TupleRow], source: str) -> None:
    """Find category, grid and the issue that each row is already."""
    conn.execute("ANALYZE issue_in")
    # A category is looked up once, however many issues are of it.
    conn.execute(
        """
        WITH named AS MATERIALIZED (
            SELECT word, (
                SELECT category_id FROM issue_category c
                WHERE word IN (c.code, c.name_zh) OR lower(word) = lower(c.name_en)
                ORDER BY (c.code = word) DESC, (c.parent_id IS NOT NULL) DESC LIMIT 1)
                AS category_id
            FROM (SELECT DISTINCT category AS word FROM issue_in) AS words)
        UPDATE issue_in SET geom = ST_SetSRID(ST_Point(lon, lat), 4326), category_id = n.category_id
        FROM named n WHERE n.word = issue_in.category
        """
    )
    # The finest grid of the day of the report; of the oldest known day for reports before it.
    # Level by level, because each has an index of its own.
    conn.execute(
        """
        WITH first_day AS (SELECT min(lower(valid)) AS day FROM grid_version),
        placed AS (
            SELECT number, geom, greatest(reported_at::date, first_day.day) AS day
            FROM issue_in, first_day)
        UPDATE issue_in SET grid_id = coalesce(
            (SELECT v.grid_id FROM grid_version v WHERE v.level = 'compound'
               AND ST_Intersects(v.geom, i.geom) AND v.valid @> i.day LIMIT 1),
            (SELECT v.grid_id FROM grid_version v WHERE v.level = 'community'
               AND ST_Intersects(v.geom, i.geom) AND v.valid @> i.day LIMIT 1),
            (SELECT v.grid_id FROM grid_version v WHERE v.level = 'town'
               AND ST_Intersects(v.geom, i.geom) AND v.valid @> i.day LIMIT 1),
            (SELECT v.grid_id FROM grid_version v WHERE v.level = 'county'
               AND ST_Intersects(v.geom, i.geom) AND v.valid @> i.day LIMIT 1))
        FROM placed i WHERE i.number = issue_in.number
        """
    )
    conn.execute(
        """
        UPDATE issue_in i SET issue_id = s.issue_id, old_state = s.state, is_new = false
        FROM issue s WHERE s.source = %s AND s.external_id = i.external_id
        """,
        [source],
    )


def _upsert(conn: psycopg.Connection[TupleRow], source: str) -> tuple[int, int]:
    updated = conn.execute(
        """
        -- A list without descriptions takes none away.
        UPDATE issue s SET category_id = i.category_id, title = i.title,
            detail = coalesce(nullif(i.detail, ''), s.detail), geom = i.geom,
            due_at = coalesce(i.due_at, s.due_at)
        FROM issue_in i WHERE i.issue_id = s.issue_id
          AND (s.category_id, s.title, s.detail, ST_AsBinary(s.geom), s.due_at) IS DISTINCT FROM
              (i.category_id, i.title, coalesce(nullif(i.detail, ''), s.detail),
               ST_AsBinary(i.geom), coalesce(i.due_at, s.due_at))
        """
    ).rowcount
    # Numbers are drawn first, so that rows without a number of their own are known again too.
    conn.execute(
        """
        UPDATE issue_in SET is_new = true,
            issue_id = nextval(pg_get_serial_sequence('issue', 'issue_id'))
        WHERE issue_id IS NULL
        """
    )
    new = conn.execute(
        """
        INSERT INTO issue (issue_id, source, external_id, category_id, title, detail, geom, grid_id,
                           reported_at, due_at)
        OVERRIDING SYSTEM VALUE
        SELECT i.issue_id, %s, i.external_id, i.category_id, i.title, i.detail, i.geom, i.grid_id,
               i.reported_at, coalesce(i.due_at, i.reported_at + c.time_limit)
        FROM issue_in i JOIN issue_category c USING (category_id) WHERE i.is_new ORDER BY number
        """,
        [source],
    ).rowcount
    return new, updated


def _append_events(conn: psycopg.Connection[TupleRow]) -> int:
    """Append the steps that lead each issue to its state. Returns how many old ones moved."""
    steps = [
        (state, place, before, after)
        for state, way in _STEPS.items()
        for place, (before, after) in enumerate(pairwise((None, "reported", *way)))
    ]
    # All steps in one statement, which the database checks and carries over at once.
    conn.execute(
        """
        INSERT INTO issue_event (issue_id, at, from_state, to_state)
        SELECT i.issue_id,
               CASE WHEN s.place > 0 THEN coalesce(i.closed_at, i.reported_at)
                    ELSE i.reported_at END,
               s.before, s.after
        FROM issue_in i
        JOIN unnest(%s::text[], %s::integer[], %s::text[], %s::text[])
            AS s (state, place, before, after) USING (state)
        WHERE i.is_new ORDER BY i.number, s.place
        """,
        [list(column) for column in zip(*steps, strict=True)],
    )
    return _follow(conn)


def _follow(conn: psycopg.Connection[TupleRow]) -> int:
    """Close or reopen issues that were known already, where the list says so now."""
    closed = conn.execute(
        """
        INSERT INTO issue_event (issue_id, at, from_state, to_state)
        SELECT i.issue_id, coalesce(i.closed_at, now()), i.old_state, 'closed' FROM issue_in i
        WHERE NOT i.is_new AND i.state = 'closed' AND EXISTS (
            SELECT FROM issue_transition t
            WHERE t.from_state = i.old_state AND t.to_state = 'closed')
        """
    ).rowcount
    reopened = conn.execute(
        """
        INSERT INTO issue_event (issue_id, at, from_state, to_state, note)
        SELECT i.issue_id, now(), 'closed', 'handling', '' FROM issue_in i
        WHERE NOT i.is_new AND i.old_state = 'closed' AND i.state NOT IN ('closed', 'rejected')
        """
    ).rowcount
    return closed + reopened
