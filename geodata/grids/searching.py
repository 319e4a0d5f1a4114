"""Finding grids and members by what somebody types."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from psycopg import Connection

from geodata.model import Bounds, GridRef, Point, SearchHit


def find(conn: Connection[Any], query: str, on: date, *, limit: int = 12) -> list[SearchHit]:
    """Find grids by name, code, full pinyin or initials; members by name or pinyin.

    Beginnings come before middles, higher levels before lower ones. Case, width and spaces do not
    matter. Of several members each is found once, at the first place where a duty is held; a
    single one at all places.
    """
    text = " ".join(unicodedata.normalize("NFKC", query).lower().split())
    folded = re.sub(r"[\s'’]", "", text)
    if not folded:
        return []
    values = {
        "text": text,
        "folded": folded,
        "start": f"{_escaped(text)}%",
        "middle": f"%{_escaped(text)}%",
        "folded_start": f"{_escaped(folded)}%",
        "folded_middle": f"%{_escaped(folded)}%",
        # A single letter is somewhere in nearly every name: it means the first.
        "pinyin": f"{'%' if len(folded) > 1 else ''}{_escaped(folded)}%",
        "on": on,
        "limit": limit,
    }
    grids = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code, coalesce(p.name, ''),
               ST_X(v.label_point), ST_Y(v.label_point),
               ST_XMin(v.geom), ST_YMin(v.geom), ST_XMax(v.geom), ST_YMax(v.geom)
        FROM grid_version v
        LEFT JOIN grid_version p ON p.grid_id = v.parent_id AND p.valid @> %(on)s
        WHERE v.valid @> %(on)s
          AND (v.name ILIKE %(middle)s OR v.name ILIKE %(folded_middle)s
               OR v.pinyin LIKE %(pinyin)s OR v.code LIKE %(folded_start)s)
        ORDER BY (lower(v.name) IN (%(text)s, %(folded)s) OR lower(v.code) = %(folded)s) DESC,
                 (v.name ILIKE %(start)s OR v.name ILIKE %(folded_start)s
                  OR v.pinyin LIKE %(folded_start)s OR v.pinyin LIKE '%% ' || %(folded_start)s
                  OR v.code LIKE %(folded_start)s) DESC,
                 v.level, length(v.name), v.code
        LIMIT %(limit)s
        """,
        values,
    ).fetchall()
    hits = [SearchHit("grid", row[2], row[4], "", "", *_place(row[:4], row[5:])) for row in grids]
    people = _members(conn, values)
    # A surname is a part of many a village's name: a third of the list is kept for people.
    hits = hits[: max(limit - len(people), limit - limit // 3)]
    return hits + people[: limit - len(hits)]


def _members(conn: Connection[Any], values: Mapping[str, object]) -> list[SearchHit]:
    # The few best first, by their duties alone; only theirs are then found on the ground.
    rows = conn.execute(
        """
        WITH best AS MATERIALIZED (
            SELECT m.member_id, m.name, d.rank,
                   m.name ILIKE %(folded_start)s OR m.pinyin LIKE %(folded_start)s
                       OR m.pinyin LIKE '%% ' || %(folded_start)s AS starts
            FROM member m, LATERAL (
                SELECT min(r.rank) AS rank FROM duty d JOIN duty_role r USING (role)
                WHERE d.member_id = m.member_id AND d.term @> %(on)s) d
            WHERE d.rank IS NOT NULL
              AND (m.name ILIKE %(middle)s OR m.name ILIKE %(folded_middle)s
                   OR m.pinyin LIKE %(pinyin)s)
            ORDER BY starts DESC, d.rank, m.name, m.member_id
            LIMIT %(limit)s),
        place AS (
            SELECT DISTINCT ON (m.member_id, v.grid_id)
                   m.member_id, m.name, m.starts, m.rank AS best, r.rank, r.name_zh, r.name_en, v.*
            FROM best m
            JOIN duty d ON d.member_id = m.member_id AND d.term @> %(on)s
            JOIN duty_role r USING (role)
            LEFT JOIN building b USING (building_id)
            JOIN LATERAL (
                SELECT v.grid_id, v.level, v.name AS within, v.code, v.label_point, v.geom
                FROM grid_version v WHERE v.valid @> %(on)s AND v.grid_id = d.grid_id
                UNION ALL
                SELECT v.grid_id, v.level, v.name, v.code, v.label_point, v.geom
                FROM grid_version v
                WHERE v.valid @> %(on)s AND v.level = 'compound'
                  AND v.geom && b.geom AND ST_Covers(v.geom, b.geom)
                UNION ALL
                SELECT v.grid_id, v.level, v.name, v.code, v.label_point, v.geom
                FROM grid_version v
                WHERE v.valid @> %(on)s AND v.level = 'community'
                  AND v.geom && b.geom AND ST_Covers(v.geom, b.geom)
                LIMIT 1) v ON true
            ORDER BY m.member_id, v.grid_id, r.rank)
        SELECT member_id, name, name_zh, name_en, grid_id, level::text, within, code,
               ST_X(label_point), ST_Y(label_point),
               ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
        FROM place
        ORDER BY starts DESC, best, name, member_id, rank, code
        """,
        values,
    ).fetchall()
    hits: dict[int, list[SearchHit]] = {}
    for row in rows:
        hit = SearchHit("member", row[1], row[6], row[2], row[3], *_place(row[4:8], row[8:]))
        hits.setdefault(row[0], []).append(hit)
    # One who is the only one meant is found at every place; of several, each stands once.
    if len(hits) == 1:
        return next(iter(hits.values()))
    return [replace(places[0], more=len(places) - 1) for places in hits.values()]


def _escaped(text: str) -> str:
    """Write LIKE's own wildcards as the letters that they are here."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _place(ref: Sequence[Any], at: Sequence[Any]) -> tuple[GridRef, Point, Bounds]:
    return GridRef(*ref), Point(*at[:2]), Bounds(*at[2:])
