"""Loads the demo county into an empty database, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import psycopg
from psycopg.rows import TupleRow

from geodata.coverage.figures import keeping as figures
from geodata.database import clock, settings
from geodata.database import connecting as db
from geodata.demo import accounts
from geodata.demo.buildings import Buildings, raise_buildings
from geodata.demo.county import COUNTY_NAME, build
from geodata.demo.grids import SOURCE, Dates, write_grids
from geodata.demo.happenings import write_issues
from geodata.demo.organisations import write_organisations
from geodata.demo.people import write_people
from geodata.demo.roads import write_roads
from geodata.demo.services import write_facilities
from geodata.demo.writing import copy_rows, points, reserve_ids, term
from geodata.errors import InvalidInputError

Progress = Callable[[str, float], None]

DEFAULT_COMPOUNDS = 2_000
DEFAULT_SEED = 341_525
NOTICE = {
    "zh": "演示数据：乡镇名称和代码为公开信息，边界、人员、问题、设施均为虚构，与真实情况无关。",
    "en": "Demonstration data: the towns' names and codes are public, all else is invented.",
}


def load(
    conn: psycopg.Connection[TupleRow],
    *,
    compounds: int = DEFAULT_COMPOUNDS,
    seed: int = DEFAULT_SEED,
    today: date | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the demo county into an empty database. The caller commits.

    Equal arguments give equal data. ``progress`` is told the stage and the share done, 0 to 1.

    Raises:
        InvalidInputError: there are grids already, or the size is out of range
    """
    if not 50 <= compounds <= 1_000_000:
        raise InvalidInputError(
            "The demo county can have 50 to 1000000 compounds, not {compounds}.",
            compounds=compounds,
        )
    if conn.execute("SELECT FROM grid LIMIT 1").fetchone() is not None:
        raise InvalidInputError(
            "The database has grids already.",
            hint="Use an empty one; a demo county can be replaced.",
        )

    def tell(stage: str, share: float) -> None:
        if progress is not None:
            progress(stage, share)

    dates = Dates.before(today or clock.today())
    tell("terrain", 0.0)
    county = build(compounds, seed)
    buildings = raise_buildings(county, seed)
    tell("grids", 0.35)
    households = buildings.households_of_communities(len(county.territory.town_of))
    ids = write_grids(conn, county, dates, households, tell)
    tell("people", 0.75)
    organisations = write_organisations(conn, county, ids, dates, seed)
    building_ids = _write_buildings(conn, buildings, dates)
    known = (county, ids, organisations, dates)
    write_people(conn, known, buildings, building_ids, seed)
    tell("issues", 0.9)
    write_issues(conn, known, buildings, seed)
    write_facilities(conn, county, buildings, dates, seed)
    tell("roads", 0.93)
    write_roads(conn, county, buildings, seed)
    _record_enclaves(conn)
    _write_alert_rules(conn, ids.county, dates)
    settings.write(conn, "demo", True)
    settings.write(conn, "county_name", {"zh": COUNTY_NAME, "en": "Huoshan County"})
    settings.write(conn, "data_notice", NOTICE)
    tell("coverage", 0.97)
    db.analyze(conn)
    # So that the first look at the services does not wait for it.
    figures.ensure(conn, dates.today)
    tell("done", 1.0)


def _record_enclaves(conn: psycopg.Connection[TupleRow]) -> None:
    """Record why communities have several parts."""
    conn.execute(
        """
        INSERT INTO partition_exception (kind, grid_id, reason, recorded_by)
        SELECT DISTINCT 'multipart', grid_id, '历史形成的飞地（演示数据）', 'demo'
        FROM grid_version WHERE level = 'community' AND ST_NumGeometries(geom) > 1
        """
    )


def _write_alert_rules(conn: psycopg.Connection[TupleRow], county_id: int, dates: Dates) -> None:
    """Let the demo's county watch over its clinics and its grid workers."""
    conn.execute(
        """
        INSERT INTO alert_rule (kind, level, scope_id, measure, amount, active, changed_by)
        VALUES ('clinic', 'town', %(county)s, 'share', 20, daterange(%(since)s, NULL), 'demo'),
               ('grid_worker', 'community', %(county)s, 'unserved', 300,
                daterange(%(since)s, NULL), 'demo')
        """,
        {"county": county_id, "since": dates.changed},
    )


def remove(conn: psycopg.Connection[TupleRow]) -> None:
    """Take the demo county out of the database, with all that was added to it since.

    Raises:
        InvalidInputError: the data is not a demonstration
    """
    if settings.read(conn).get("demo") is not True:
        raise InvalidInputError("This is not demonstration data; it is not removed.")
    # What this transaction wrote may still wait to be checked, and holds its tables.
    conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
    conn.execute("SET CONSTRAINTS ALL DEFERRED")
    # The roles go with the places in which they are held; other accounts stay.
    conn.execute("DELETE FROM account_role")
    conn.execute("DELETE FROM account WHERE username = ANY(%s)", [list(accounts.USERNAMES)])
    # The one place where history goes: it was never real.
    conn.execute("ALTER TABLE issue_event DISABLE TRIGGER issue_event_append_only")
    conn.execute("ALTER TABLE issue_move DISABLE TRIGGER issue_move_append_only")
    conn.execute("ALTER TABLE plan_event DISABLE TRIGGER plan_event_append_only")
    conn.execute(
        """
        TRUNCATE plan, plan_collaborator, plan_step, plan_grid, plan_base, plan_acceptance,
            plan_event, plan_publication, plan_reference, plan_reference_line, issue_move,
            issue_event, issue_reporter, issue, issue_category, duty, building, building_rounded,
            member_contact, plan_file, plan_file_grid, plan_file_pair,
            service_area, facility, road_edge, road_node, road_source, coverage_grid,
            standard_change, scenario, scenario_change, scenario_search, coverage_rest,
            coverage_stretch, coverage_due, coverage_record, coverage_recorded, notification,
            alert_rule, grid_shape, shape_due, grid_border,
            partition_exception, grid_version RESTART IDENTITY
        """
    )
    conn.execute("ALTER TABLE issue_event ENABLE TRIGGER issue_event_append_only")
    conn.execute("ALTER TABLE issue_move ENABLE TRIGGER issue_move_append_only")
    conn.execute("ALTER TABLE plan_event ENABLE TRIGGER plan_event_append_only")
    # Not by TRUNCATE, which would take the accounts that refer to them.
    conn.execute("DELETE FROM member")
    conn.execute("DELETE FROM organisation")
    conn.execute("DELETE FROM grid")
    conn.execute("ALTER TABLE member ALTER member_id RESTART")
    conn.execute("ALTER TABLE organisation ALTER organisation_id RESTART")
    conn.execute("ALTER TABLE grid ALTER grid_id RESTART")
    conn.execute("DELETE FROM setting WHERE key IN ('demo', 'county_name', 'data_notice')")


def _write_buildings(
    conn: psycopg.Connection[TupleRow], buildings: Buildings, dates: Dates
) -> list[int]:
    """Write the buildings; return their ids in order."""
    ids = reserve_ids(conn, "building", "building_id", len(buildings.names))
    since = term(dates.founded)
    columns = (ids, buildings.names, buildings.units.tolist(), buildings.households.tolist())
    copy_rows(
        conn,
        "COPY building (building_id, external_key, name, units, households, geom, valid, source)"
        " FROM STDIN",
        (
            (building_id, f"demo-{number:08d}", name, units, households, place, since, SOURCE)
            for number, (building_id, name, units, households, place) in enumerate(
                zip(*columns, points(buildings.places), strict=True), 1
            )
        ),
    )
    return ids
