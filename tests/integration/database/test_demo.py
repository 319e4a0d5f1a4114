"""The demo county in the database: counts, the partition law at both dates, people, issues."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.rows import TupleRow

from geodata import demo
from geodata.demo.accounts import USERNAMES
from geodata.errors import InvalidInputError
from scripts import serve

Conn = psycopg.Connection[TupleRow]


def one(conn: Conn, query: LiteralString, *values: object) -> Any:
    row = conn.execute(query, values).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture(params=["then", "now"])
def day(request: pytest.FixtureRequest, demo_conn: Conn) -> date:
    changed = one(demo_conn, "SELECT max(lower(valid)) FROM grid_version")
    assert isinstance(changed, date)
    return changed if request.param == "now" else changed.replace(year=changed.year - 1)


def test_counts(demo_conn: Conn):
    count = dict(
        demo_conn.execute(
            "SELECT level::text, count(*) FROM grid_version WHERE upper_inf(valid) GROUP BY 1"
        ).fetchall()
    )
    assert count == {"county": 1, "town": 16, "community": 150, "compound": 2000}
    assert one(demo_conn, "SELECT count(*) FROM building") == 20_000
    assert one(demo_conn, "SELECT count(*) FROM member") == 4_000
    assert one(demo_conn, "SELECT count(*) FROM issue") == 1_500
    assert one(demo_conn, "SELECT count(*) FROM facility") == 900
    assert one(demo_conn, "SELECT count(DISTINCT kind) FROM facility") == 10
    assert one(demo_conn, "SELECT value FROM setting WHERE key = 'demo'") is True
    assert one(demo_conn, "SELECT count(*) FROM road_edge") > 20_000


def test_siblings_never_overlap(demo_conn: Conn, day: date):
    overlaps = demo_conn.execute(
        """
        SELECT a.name, b.name FROM grid_version a JOIN grid_version b
        ON a.level = b.level AND a.version_id < b.version_id AND a.geom && b.geom
        WHERE a.valid @> %(day)s::date AND b.valid @> %(day)s::date
          AND ST_Relate(a.geom, b.geom, 'T********')
        """,
        {"day": day},
    ).fetchall()
    assert overlaps == []


def test_children_lie_in_their_parents(demo_conn: Conn, day: date):
    astray = demo_conn.execute(
        """
        SELECT c.level, c.name FROM grid_version c JOIN grid_version p ON p.grid_id = c.parent_id
        WHERE c.valid @> %(day)s::date AND p.valid @> %(day)s::date
          AND NOT ST_Covers(p.geom, c.geom)
        """,
        {"day": day},
    ).fetchall()
    assert astray == []
    orphans = one(
        demo_conn,
        """
        SELECT count(*) FROM grid_version c WHERE c.valid @> %s::date AND c.level <> 'county'
          AND NOT EXISTS (SELECT FROM grid_version p
                          WHERE p.grid_id = c.parent_id AND p.valid && c.valid)
        """,
        day,
    )
    assert orphans == 0


def test_towns_and_communities_fill_their_parents(demo_conn: Conn, day: date):
    unfilled = demo_conn.execute(
        """
        SELECT p.name, ST_Area(p.geom) - sum(ST_Area(c.geom))
        FROM grid_version p JOIN grid_version c ON c.parent_id = p.grid_id
        WHERE p.level IN ('county', 'town') AND p.valid @> %(day)s::date
          AND c.valid @> %(day)s::date
        GROUP BY p.version_id, p.name, p.geom
        HAVING NOT ST_Equals(p.geom, ST_Union(c.geom))
        """,
        {"day": day},
    ).fetchall()
    assert unfilled == []


def test_the_two_dates_differ(demo_conn: Conn):
    assert one(demo_conn, "SELECT count(*) FROM grid_version WHERE NOT upper_inf(valid)") != 0
    assert one(demo_conn, "SELECT count(DISTINCT lower(valid)) FROM grid_version") == 2


def test_there_are_an_enclave_a_hole_and_gaps(demo_conn: Conn):
    assert one(
        demo_conn,
        "SELECT count(*) FROM grid_version"
        " WHERE level = 'community' AND ST_NumGeometries(geom) > 1",
    )
    assert one(
        demo_conn,
        "SELECT count(*) FROM grid_version, LATERAL ST_Dump(geom) part"
        " WHERE level = 'compound' AND ST_NumInteriorRings(part.geom) > 0",
    )
    share = demo_conn.execute(
        "SELECT sum(area_m2) FILTER (WHERE level = 'compound')"
        " / sum(area_m2) FILTER (WHERE level = 'county') FROM grid_version WHERE upper_inf(valid)"
    ).fetchone()
    assert share is not None
    assert 0.1 < share[0] < 0.35


def test_households_add_up_at_both_dates(demo_conn: Conn, day: date):
    differing = demo_conn.execute(
        """
        SELECT v.name, v.households, sum(child.households)
        FROM grid_version v JOIN grid_version child ON child.parent_id = v.grid_id
        WHERE v.valid @> %(day)s::date AND child.valid @> %(day)s::date
        GROUP BY v.version_id
        HAVING v.households < sum(child.households)
            -- Some live outside every compound, but nobody outside every community.
            OR (v.level < 'community' AND v.households > sum(child.households))
        """,
        {"day": day},
    ).fetchall()
    assert differing == []


def test_services_have_grown_over_the_years(demo_conn: Conn):
    a_year_ago = one(
        demo_conn,
        "SELECT count(*) FROM facility WHERE valid @> (current_date - interval '1 year')::date",
    )
    today = one(demo_conn, "SELECT count(*) FROM facility WHERE valid @> current_date")
    assert isinstance(a_year_ago, int)
    assert 700 < a_year_ago < 900
    assert today == 900


def test_most_buildings_stand_in_their_compounds(demo_conn: Conn):
    outside = one(
        demo_conn,
        """
        SELECT count(*) FROM building b WHERE NOT EXISTS (
            SELECT FROM grid_version v WHERE v.level = 'compound' AND upper_inf(v.valid)
              AND v.geom && b.geom AND ST_Covers(v.geom, b.geom))
        """,
    )
    assert outside == 600


def test_compounds_are_held_deputised_ended_and_vacant(demo_conn: Conn):
    states = dict(
        demo_conn.execute(
            """
            WITH held AS (
                SELECT g.grid_id, count(d.duty_id) AS ever,
                       count(*) FILTER (WHERE d.term @> current_date AND NOT is_deputy) AS full_now,
                       count(*) FILTER (WHERE d.term @> current_date AND is_deputy) AS deputies
                FROM grid g LEFT JOIN duty d ON d.grid_id = g.grid_id AND d.role = 'grid_worker'
                WHERE g.level = 'compound' GROUP BY 1)
            SELECT CASE WHEN full_now > 0 THEN 'held' WHEN deputies > 0 THEN 'deputy'
                        WHEN ever > 0 THEN 'ended' ELSE 'vacant' END, count(*)
            FROM held GROUP BY 1
            """
        ).fetchall()
    )
    assert 80 < states["vacant"] < 160
    assert 60 < states["ended"] < 140
    assert 50 < states["deputy"] < 120
    assert states["held"] > 1600
    roles = one(demo_conn, "SELECT count(DISTINCT role) FROM duty")
    assert roles == one(demo_conn, "SELECT count(*) FROM duty_role")


def test_no_phone_number_could_be_dialled(demo_conn: Conn):
    assert one(demo_conn, "SELECT count(*) FROM member_contact WHERE phone NOT LIKE '000-%%'") == 0
    assert one(demo_conn, "SELECT count(*) FROM member_contact WHERE email !~ '[.]invalid$'") == 0


def test_a_quarter_of_the_issues_is_open_and_some_of_it_late(demo_conn: Conn):
    counts = demo_conn.execute(
        """
        SELECT count(*) FILTER (WHERE s.is_open), count(*) FILTER (WHERE i.state = 'suspended'),
               count(*) FILTER (WHERE s.is_open AND i.due_at < now())
        FROM issue i JOIN issue_state s USING (state)
        """
    ).fetchone()
    assert counts is not None
    is_open, suspended, overdue = counts
    assert 300 < is_open < 450
    assert 40 < suspended < 130
    assert 50 < overdue < 250


def test_issues_lie_in_a_grid_that_was_there(demo_conn: Conn):
    astray = one(
        demo_conn,
        """
        SELECT count(*) FROM issue i WHERE NOT EXISTS (
            SELECT FROM grid_version v WHERE v.grid_id = i.grid_id
              AND v.valid @> (i.reported_at AT TIME ZONE 'Asia/Shanghai')::date)
        """,
    )
    assert astray == 0


def test_it_loads_into_an_empty_database_only_and_can_be_replaced(conn: Conn):
    demo.load(conn, compounds=60, today=date(2026, 6, 1))
    with pytest.raises(InvalidInputError):
        demo.load(conn, compounds=60)
    demo.remove(conn)
    assert one(conn, "SELECT count(*) FROM issue_event") == 0
    demo.load(conn, compounds=80, today=date(2026, 6, 1))
    conn.commit()
    assert one(conn, "SELECT count(*) FROM grid WHERE level = 'compound'") == 80


def test_real_data_is_never_removed(conn: Conn):
    with pytest.raises(InvalidInputError):
        demo.remove(conn)


@pytest.mark.parametrize("compounds", [0, 49, 1_000_001])
def test_sizes_out_of_range_are_refused(conn: Conn, compounds: int):
    with pytest.raises(InvalidInputError):
        demo.load(conn, compounds=compounds)


def test_a_demo_county_from_before_there_were_accounts_gets_them(conn: Conn, tmp_path: Path):
    demo.load(conn, compounds=60)
    conn.commit()
    for _ in range(2):
        serve.load_demo(conn.info.dsn, tmp_path)
    told = json.loads((tmp_path / "demo-accounts.json").read_text("utf-8"))
    assert {account["username"] for account in told} == set(USERNAMES)
    assert conn.execute("SELECT count(*) FROM account").fetchone() == (len(told),)
    assert (tmp_path / "demo-accounts.json").stat().st_mode & 0o077 == 0
