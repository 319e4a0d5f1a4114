"""What would be is what is, once it has been done: to the household, in every grid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from psycopg import Connection

from geodata import demo
from geodata.coverage.figures import keeping as figures
from geodata.coverage.judging import sums
from geodata.coverage.judging.altering import Added, Area, Changes, Moved
from geodata.coverage.judging.sums import Count
from geodata.coverage.standards import model as standards
from geodata.coverage.standards.model import Kind, Providers, Standard
from geodata.coverage.trying import effects as trying
from geodata.coverage.trying.effects import Tried
from geodata.database import clock
from geodata.plans import advancing, drawing, keeping, publishing
from geodata.plans.model import COMMAND_LINE
from geodata.scenarios import boundaries

Conn = Connection[Any]
LIMITED = ("clinic", "shop")
Figures = dict[tuple[str, int], tuple[int, ...]]


@pytest.fixture
def county(conn: Conn) -> Conn:
    demo.load(conn, compounds=150)
    conn.execute("UPDATE service_standard SET capacity = 400 WHERE kind = ANY(%s)", [list(LIMITED)])
    conn.execute("UPDATE service_standard SET minimum = 2 WHERE kind = 'pharmacy'")
    conn.commit()
    return conn


def read(conn: Conn, count: Count = "households") -> Figures:
    figures.ensure(conn, clock.today())
    rows = conn.execute(
        "SELECT kind, grid_id, households, estimated, reached, met, over_capacity, too_few,"
        " too_far, nobody, term_ended FROM coverage_grid JOIN coverage_stretch USING (stretch_id)"
        " WHERE valid @> %s::date AND is_rounded = %s",
        [clock.today(), count == "rounded"],
    ).fetchall()
    return {row[:2]: row[2:] for row in rows}


def check(conn: Conn, changes: Changes) -> None:
    """Compare what changes are said to bring with what they bring, exact and as told to all."""
    day = clock.today()
    before = {count: read(conn, count) for count in sums.COUNTS}
    tried = {count: trying.compare(conn, changes, day, count) for count in sums.COUNTS}
    carry_out(conn, changes)
    conn.commit()
    for count in sums.COUNTS:
        compare(tried[count], before[count], read(conn, count))


def compare(tried: Tried, before: Figures, after: Figures) -> None:
    zero = (0,) * len(sums.SUMS)
    found = {
        key: tuple(np.subtract(after.get(key, zero), before.get(key, zero)).tolist())
        for key in before.keys() | after.keys()
        if after.get(key, zero) != before.get(key, zero)
    }
    told = {
        (kind, grid_id): tuple(each.tolist())
        for kind, grids in tried.differences.items()
        for grid_id, each in grids.items()
    }
    assert told == found
    assert told


def carry_out(conn: Conn, changes: Changes) -> None:
    today = clock.today()
    for added in changes.added:
        conn.execute(
            "INSERT INTO facility (kind, name, geom)"
            " VALUES (%s, '新', ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            [added.kind, added.lon, added.lat],
        )
    for moved in changes.moved:
        conn.execute(
            "UPDATE facility SET geom = ST_SetSRID(ST_MakePoint(%s, %s), 4326)"
            " WHERE facility_id = %s",
            [moved.lon, moved.lat, moved.facility_id],
        )
    conn.execute(
        "UPDATE facility SET valid = daterange(lower(valid), %s) WHERE facility_id = ANY(%s)",
        [today, sorted(changes.closed)],
    )
    for area in changes.given:
        conn.execute(
            "INSERT INTO service_area (organisation_id, grid_id, valid)"
            " VALUES (%s, %s, daterange(%s, NULL))",
            [area.organisation_id, area.grid_id, today],
        )
    for area in changes.taken:
        conn.execute(
            "UPDATE service_area SET valid = daterange(lower(valid), %s)"
            " WHERE organisation_id = %s AND grid_id = %s",
            [today, area.organisation_id, area.grid_id],
        )
    for kind in changes.kinds:
        conn.execute(
            "INSERT INTO service_kind (kind, name_zh, name_en, rank) VALUES (%s, %s, %s, 99)",
            [kind.kind, kind.name_zh, kind.name_en],
        )
        for place, standard in (("town", kind.town), ("village", kind.village)):
            conn.execute(
                "INSERT INTO service_standard (kind, place, valid, reach, unit, detour, capacity,"
                " minimum) VALUES (%s, %s, daterange(%s, NULL), %s, %s, %s, %s, %s)",
                [
                    kind.kind, place, today, standard.reach, standard.unit, standard.detour,
                    standard.capacity, standard.minimum,
                ],
            )  # fmt: skip
    given = {kind.kind: Providers(kind.by_facility, kind.areas, kind.duties)
             for kind in changes.kinds}  # fmt: skip
    for kind, by in {**changes.providers, **given}.items():
        conn.execute("DELETE FROM service_provider WHERE kind = %s", [kind])
        rows = [("facility", "")] * by.by_facility
        rows += [("area", what) for what in by.areas] + [("duty", what) for what in by.duties]
        for via, what in rows:
            conn.execute("INSERT INTO service_provider VALUES (%s, %s, %s)", [kind, via, what])
    for (kind, place), standard in changes.standards.items():
        conn.execute(
            "UPDATE service_standard SET reach = %s, unit = %s, detour = %s, capacity = %s,"
            " minimum = %s WHERE kind = %s AND place = %s",
            [
                standard.reach, standard.unit, standard.detour, standard.capacity,
                standard.minimum, kind, place,
            ],
        )  # fmt: skip


def some(conn: Conn, kind: str, count: int) -> list[tuple[int, float, float]]:
    return conn.execute(
        "SELECT facility_id, ST_X(geom), ST_Y(geom) FROM facility WHERE kind = %s"
        " AND valid @> %s::date ORDER BY md5(facility_id::text) LIMIT %s",
        [kind, clock.today(), count],
    ).fetchall()


@pytest.mark.parametrize("kind", ["clinic", "pharmacy", "legal_aid", "elder_care"])
def test_facilities_that_come_move_and_close(county: Conn, kind: str) -> None:
    (lon, lat) = county.execute(
        "SELECT ST_X(geom), ST_Y(geom) FROM building ORDER BY building_id LIMIT 1 OFFSET 300"
    ).fetchone() or (0, 0)
    (one, x, y), (other, _, _) = some(county, kind, 2)
    check(county, Changes(added=(Added(kind, lon, lat),)))
    check(county, Changes(moved=(Moved(one, kind, x + 0.01, y - 0.008),)))
    check(county, Changes(closed=frozenset({other})))


def test_the_last_of_a_town_goes_and_the_first_comes(county: Conn) -> None:
    rows = county.execute(
        """
        WITH placed AS (
            SELECT f.facility_id, f.kind, ST_X(f.geom), ST_Y(f.geom), t.grid_id FROM facility f
            JOIN grid_version t ON t.level = 'town' AND ST_Covers(t.geom, f.geom)
            WHERE f.kind = 'elder_care' AND f.valid @> %(on)s::date AND t.valid @> %(on)s::date)
        SELECT * FROM placed WHERE grid_id = (SELECT min(grid_id) FROM placed)
        """,
        {"on": clock.today()},
    ).fetchall()
    check(county, Changes(closed=frozenset(row[0] for row in rows)))
    _, kind, lon, lat, _ = rows[0]
    check(county, Changes(added=(Added(kind, lon, lat),)))


def test_service_areas_and_standards(county: Conn) -> None:
    row = county.execute(
        "SELECT a.organisation_id, a.grid_id FROM service_area a JOIN organisation o"
        " USING (organisation_id) WHERE o.kind = 'volunteer_team' AND a.valid @> %s::date"
        " ORDER BY 1, 2 LIMIT 1",
        [clock.today()],
    ).fetchone()
    assert row
    other = county.execute(
        "SELECT v.grid_id FROM grid_version v WHERE v.level = 'community' AND v.valid @> %(on)s"
        " AND NOT EXISTS (SELECT FROM service_area a WHERE a.grid_id = v.grid_id"
        " AND a.organisation_id = %(team)s) ORDER BY v.code LIMIT 1",
        {"on": clock.today(), "team": row[0]},
    ).fetchone()
    assert other
    check(county, Changes(taken=(Area(*row),), given=(Area(row[0], other[0]),)))
    pharmacy = next(
        k for k in standards.list_provided(county, clock.today()) if k.kind == "pharmacy"
    )
    check(
        county,
        Changes(
            standards={
                ("pharmacy", "town"): replace(pharmacy.town, reach=400),
                ("pharmacy", "village"): replace(pharmacy.village, minimum=1, capacity=500),
            }
        ),
    )


def test_who_counts_as_a_provider(county: Conn) -> None:
    check(county, Changes(providers={"clinic": Providers(True, ("volunteer_team",))}))
    check(county, Changes(providers={"grid_worker": Providers(False, (), ("building_lead",))}))
    # Nobody is known to give it any more, so that it is missing data; and a record comes back.
    check(county, Changes(providers={"clinic": Providers(False, ("business",))}))
    check(county, Changes(providers={"clinic": Providers(True)}))


def test_a_kind_of_its_own_and_the_first_facility_of_one(county: Conn) -> None:
    county.execute(
        "INSERT INTO service_area (organisation_id, grid_id, valid)"
        " SELECT o.organisation_id, v.grid_id, daterange(%(on)s, NULL) FROM organisation o,"
        " grid_version v WHERE o.kind = 'county_department' AND v.level = 'town'"
        " AND v.valid @> %(on)s::date ORDER BY 1, v.code LIMIT 1",
        {"on": clock.today()},
    )
    standard = Standard(15, "min", 1.3, 900, 1)
    own = Kind(
        "mediation", "调解", "Mediation", standard, standard, True, ("county_department",), ()
    )
    check(county, Changes(kinds=(own,)))
    lon, lat = county.execute(
        "SELECT ST_X(geom), ST_Y(geom) FROM building ORDER BY building_id LIMIT 1"
    ).fetchone() or (0, 0)
    check(county, Changes(added=(Added("dentist", lon, lat),)))


def test_a_change_that_is_none(county: Conn) -> None:
    (one, lon, lat) = some(county, "clinic", 1)[0]
    same = Changes(moved=(Moved(one, "clinic", lon, lat),))
    assert trying.compare(county, same, clock.today()).differences == {"clinic": {}}
    assert trying.compare(county, Changes(), clock.today()).differences == {}


def neighbours(conn: Conn, level: str) -> tuple[int, int]:
    row = conn.execute(
        """
        SELECT a.grid_id, b.grid_id FROM grid_version a JOIN grid_version b
            ON b.parent_id = a.parent_id AND b.grid_id > a.grid_id AND b.level = a.level
            AND ST_Relate(a.geom, b.geom, 'F***1****')
        WHERE a.level = %s::grid_level AND upper_inf(a.valid) AND upper_inf(b.valid)
        ORDER BY a.households DESC NULLS LAST, a.grid_id LIMIT 1
        """,
        [level],
    ).fetchone()
    assert row
    return row


def halves(conn: Conn, grid_id: int) -> dict[str, Any]:
    """Split a grid by a line through its middle, from west to east."""
    row = conn.execute(
        """
        SELECT ST_XMin(geom), ST_XMax(geom), ST_Y(ST_PointOnSurface(geom)) FROM grid_version
        WHERE grid_id = %s AND upper_inf(valid)
        """,
        [grid_id],
    ).fetchone()
    assert row
    west, east, y = row
    line = [[west - 0.001, y], [east + 0.001, y]]
    return {"do": "split", "grid": grid_id, "name": "新分", "line": line}


def check_plan(conn: Conn, *operations: dict[str, Any]) -> None:
    """Compare what a plan is said to bring with what it brings once it is published."""
    day, before = clock.today(), read(conn)
    plan = keeping.create(conn, COMMAND_LINE, "x", "", day)
    for operation in operations:
        drawing.do(conn, plan.plan_id, COMMAND_LINE, operation, revision=None)
    plan = keeping.get(conn, plan.plan_id)
    drawn = boundaries.drawn(conn, plan)
    tried = trying.compare(conn, Changes(redrawn=drawn), day)
    for deed in ("submit", "approve"):
        plan = advancing.advance(conn, plan, COMMAND_LINE, deed, "")
    publishing.publish(conn, plan.plan_id, COMMAND_LINE, day, revision=None)
    conn.commit()
    after = read(conn)
    # New grids have numbers of their own: told apart by their names.
    names = dict(
        conn.execute(
            "SELECT grid_id, name FROM grid_version WHERE lower(valid) = %s", [day]
        ).fetchall()
    )
    known = {grid_id for _, grid_id in before}

    def named(grid_id: int) -> object:
        if grid_id < 0:
            return drawn.grids[grid_id].name
        return grid_id if grid_id in known else names[grid_id]

    zero = (0,) * len(sums.SUMS)
    found = {
        (kind, named(grid_id)): tuple(
            np.subtract(
                after.get((kind, grid_id), zero), before.get((kind, grid_id), zero)
            ).tolist()
        )
        for kind, grid_id in before.keys() | after.keys()
        if after.get((kind, grid_id), zero) != before.get((kind, grid_id), zero)
    }
    told = {
        (kind, named(grid_id)): tuple(each.tolist())
        for kind, grids in tried.differences.items()
        for grid_id, each in grids.items()
    }
    assert told == found
    assert told


def test_a_boundary_plan(county: Conn) -> None:
    one, other = neighbours(county, "community")
    check_plan(county, {"do": "merge", "grid": one, "other": other})
    (largest,) = county.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'compound' AND upper_inf(valid)"
        " ORDER BY households DESC NULLS LAST LIMIT 1"
    ).fetchone() or (0,)
    check_plan(county, halves(county, largest))
    # A town's border moves, and with it whose clinic is the town's own.
    community, town = county.execute(
        """
        SELECT c.grid_id, t.grid_id FROM grid_version c JOIN grid_version t ON t.level = 'town'
            AND t.grid_id <> c.parent_id AND ST_Relate(c.geom, t.geom, 'F***1****')
        WHERE c.level = 'community' AND upper_inf(c.valid) AND upper_inf(t.valid)
        ORDER BY c.code LIMIT 1
        """
    ).fetchone() or (0, 0)
    check_plan(county, {"do": "hand_over", "grid": community, "parent": town})
    # A community that becomes a village has the villages' standards.
    county.execute("UPDATE service_standard SET reach = 2500 WHERE place = 'village'")
    county.commit()
    (town_like,) = county.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'community' AND upper_inf(valid)"
        " AND name NOT LIKE '%村' ORDER BY households DESC LIMIT 1"
    ).fetchone() or (0,)
    check_plan(county, {"do": "rename", "grid": town_like, "name": "新设村"})


def test_a_plan_of_compounds_without_buildings(county: Conn) -> None:
    (largest,) = county.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'compound' AND upper_inf(valid)"
        " ORDER BY households DESC NULLS LAST LIMIT 1"
    ).fetchone() or (0,)
    county.execute(
        "DELETE FROM duty WHERE building_id IN (SELECT building_id FROM building b"
        " JOIN grid_version v ON v.grid_id = %s AND upper_inf(v.valid)"
        " AND ST_Covers(v.geom, b.geom))",
        [largest],
    )
    county.execute(
        "DELETE FROM building b USING grid_version v WHERE v.grid_id = %s AND upper_inf(v.valid)"
        " AND ST_Covers(v.geom, b.geom)",
        [largest],
    )
    county.commit()
    check_plan(county, halves(county, largest))
