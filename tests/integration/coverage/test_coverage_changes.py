"""What is brought up to date after a change is equal to what is recomputed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from psycopg import Connection

from geodata import demo
from geodata.coverage.figures import keeping as figures
from geodata.database import clock
from geodata.plans import advancing, drawing, keeping, publishing
from geodata.plans.model import COMMAND_LINE

Conn = Connection[Any]


def read(conn: Conn) -> dict[str, set[tuple[Any, ...]]]:
    return {
        table: set(
            conn.execute(
                "SELECT grid_id, kind, households, estimated, reached, met, over_capacity, too_few,"
                f" too_far, nobody, term_ended, is_rounded FROM {table} c JOIN coverage_stretch s"
                " USING (stretch_id) WHERE s.valid @> %s::date",
                (clock.today(),),
            ).fetchall()
        )
        for table in ("coverage_grid", "coverage_rest")
    }


def compare(conn: Conn, *, is_refreshed: bool = True) -> None:
    """Look at the figures as they are brought up to date; then compute them again."""
    day = clock.today()
    conn.commit()
    before = conn.execute("SELECT max(stretch_id) FROM coverage_stretch").fetchone()
    figures.ensure(conn, day)
    after = conn.execute("SELECT max(stretch_id) FROM coverage_stretch").fetchone()
    assert (before == after) == is_refreshed
    refreshed = read(conn)
    figures.compute(conn, day)
    assert refreshed == read(conn)
    conn.commit()


@pytest.fixture
def county(conn: Conn) -> Conn:
    demo.load(conn, compounds=150)
    conn.execute("UPDATE service_standard SET capacity = 400 WHERE kind IN ('clinic', 'shop')")
    conn.execute("UPDATE service_standard SET minimum = 2 WHERE kind = 'pharmacy'")
    conn.commit()
    figures.ensure(conn, clock.today())
    conn.commit()
    return conn


def test_facilities_that_open_move_and_close(county: Conn) -> None:
    conn, today = county, clock.today()
    rng = np.random.default_rng(1)
    for kind in ("clinic", "pharmacy", "shop", "legal_aid"):
        rows = conn.execute(
            "SELECT facility_id FROM facility WHERE kind = %s ORDER BY facility_id", [kind]
        ).fetchall()
        chosen = rows[int(rng.integers(len(rows)))][0]
        conn.execute(
            "UPDATE facility SET geom = ST_Translate(geom, 0.004, 0.003) WHERE facility_id = %s",
            [chosen],
        )
        compare(conn)
        conn.execute(
            "UPDATE facility SET valid = daterange(lower(valid), %s) WHERE facility_id = %s",
            [today, chosen],
        )
        compare(conn)
        conn.execute(
            "INSERT INTO facility (kind, name, geom)"
            " SELECT %s, '新', ST_Translate(geom, 0.001, 0.001) FROM building"
            " ORDER BY building_id LIMIT 1 OFFSET %s",
            [kind, int(rng.integers(500))],
        )
        compare(conn)
        conn.execute("DELETE FROM facility WHERE name = '新'")
        compare(conn)


def test_the_last_of_a_town_closes(county: Conn) -> None:
    conn = county
    conn.execute(
        """
        DELETE FROM facility f USING grid_version t
        WHERE t.level = 'town' AND f.kind = 'legal_aid' AND ST_Covers(t.geom, f.geom)
          AND t.grid_id = (SELECT min(grid_id) FROM grid_version WHERE level = 'town')
        """
    )
    compare(conn)


def test_buildings_duties_and_service_areas(county: Conn) -> None:
    conn, today = county, clock.today()
    conn.execute(
        "UPDATE building SET households = households + 40"
        " WHERE building_id IN (SELECT building_id FROM building ORDER BY building_id LIMIT 3)"
    )
    compare(conn)
    conn.execute(
        "DELETE FROM duty WHERE duty_id ="
        " (SELECT max(duty_id) FROM duty WHERE role = 'grid_worker')"
    )
    compare(conn)
    conn.execute(
        "UPDATE duty SET term = daterange(lower(term), %s) WHERE duty_id = (SELECT min(duty_id)"
        " FROM duty WHERE role = 'building_lead' AND upper_inf(term) AND lower(term) < %s)",
        [today, today],
    )
    compare(conn)
    # One worker for two compounds.
    conn.execute(
        """
        INSERT INTO duty (member_id, role, grid_id, term)
        SELECT (SELECT member_id FROM duty WHERE role = 'grid_worker' AND term @> %(on)s::date
                ORDER BY duty_id LIMIT 1), 'grid_worker',
               (SELECT max(grid_id) FROM grid_version WHERE level = 'compound'),
               daterange(%(on)s, NULL)
        """,
        {"on": today},
    )
    compare(conn)
    conn.execute(
        "DELETE FROM service_area WHERE (organisation_id, grid_id) IN (SELECT a.organisation_id,"
        " a.grid_id FROM service_area a JOIN organisation o USING (organisation_id)"
        " WHERE o.kind = 'property_company' ORDER BY 1, 2 LIMIT 1)"
    )
    compare(conn)
    conn.execute("UPDATE service_standard SET reach = 700 WHERE kind = 'shop'")
    compare(conn, is_refreshed=False)


def test_the_last_households_of_a_compound_go(county: Conn) -> None:
    conn = county
    here = """
        FROM building b JOIN grid_version v ON ST_Covers(v.geom, b.geom) AND upper_inf(v.valid)
        WHERE v.grid_id = (SELECT grid_id FROM grid_version WHERE level = 'compound'
                           AND upper_inf(valid) ORDER BY households DESC LIMIT 1)
    """
    rows = conn.execute(f"SELECT b.building_id {here}").fetchall()
    assert 0 < len(rows) <= 50
    ids = [row[0] for row in rows]
    conn.execute("DELETE FROM duty WHERE building_id = ANY(%s)", [ids])
    conn.execute("UPDATE grid_version SET households = NULL WHERE level = 'compound'")
    compare(conn, is_refreshed=False)
    # To where nobody has lived, far from there; and then for good.
    conn.execute(
        "UPDATE building SET geom = ST_Translate(geom, 0.05, 0) WHERE building_id = ANY(%s)", [ids]
    )
    compare(conn)
    conn.execute("DELETE FROM building WHERE building_id = ANY(%s)", [ids])
    compare(conn)


def test_boundaries(county: Conn) -> None:
    conn = county
    row = conn.execute(
        """
        SELECT a.grid_id, b.grid_id FROM grid_version a JOIN grid_version b
            ON b.parent_id = a.parent_id AND b.grid_id > a.grid_id AND b.level = a.level
            AND ST_Relate(a.geom, b.geom, 'F***1****')
        WHERE a.level = 'community' AND upper_inf(a.valid) AND upper_inf(b.valid)
        ORDER BY a.grid_id LIMIT 1
        """
    ).fetchone()
    assert row
    one, other = row
    for operation in (
        {"do": "merge", "grid": one, "other": other},
        {"do": "rename", "grid": one, "name": "新村"},
    ):
        plan = keeping.create(conn, COMMAND_LINE, "x", "", clock.today())
        drawing.do(conn, plan.plan_id, COMMAND_LINE, operation, revision=None)
        plan = keeping.get(conn, plan.plan_id)
        for deed in ("submit", "approve"):
            plan = advancing.advance(conn, plan, COMMAND_LINE, deed, "")
        publishing.publish(conn, plan.plan_id, COMMAND_LINE, clock.today(), revision=None)
        compare(conn)
