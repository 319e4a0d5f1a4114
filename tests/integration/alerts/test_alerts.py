"""Alert rules: what they report, when it ends, and who may set them and see what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from county import add_duty, build, compute_figures
from psycopg import errors
from signing import account, token

from geodata.accounts import sessions
from geodata.accounts.acting import take_role
from geodata.alerts import notifications, reporting, rules
from geodata.alerts.notifications import NotificationFilter
from geodata.alerts.reporting import Report
from geodata.alerts.rules import Terms
from geodata.coverage.figures import history, recording
from geodata.database import clock
from geodata.database import connecting as db
from geodata.errors import InvalidInputError, NotFoundError

TODAY = clock.today()
LONG_AGO = date(2024, 1, 1)
ALL = NotificationFilter(show="all")


@pytest.fixture
def county(conn):
    """Eight compounds of 100 households, of which two in the west have a grid worker."""
    made = build(conn)
    for number in (0, 2):
        add_duty(conn, made.compounds[number], "甲", "grid_worker", "[2024-02-01,)")
    compute_figures(conn, TODAY)
    return made


@pytest.fixture
def app(database_url):
    with psycopg.connect(db.app_url(database_url, timezone="Asia/Shanghai")) as connection:
        yield connection


def rule(county, **more: Any) -> Terms:
    terms = Terms("grid_worker", "community", county.county, "share", 50, LONG_AGO, None)
    return replace(terms, **more)


def grids_of(found: list[Report]) -> set[int]:
    return {report.grid.grid_id for report in found}


def leave(conn, grid_id) -> None:
    conn.execute("DELETE FROM duty WHERE grid_id = %s", [grid_id])


def test_a_share_below_the_limit_is_reported(conn, county):
    count, found = reporting.reported(conn, rule(county, amount=50), TODAY)
    # In the west each community is served by half: half is not below.
    assert (count, grids_of(found)) == (2, set(county.communities[2:]))
    assert grids_of(reporting.reported(conn, rule(county, amount=51), TODAY)[1]) == set(
        county.communities
    )
    assert reporting.reported(conn, rule(county, level="town", amount=1), TODAY)[0] == 1


def test_unserved_households_are_reported_at_every_level(conn, county):
    for level, amount, expected in (
        ("town", 400, {county.towns[1]}),
        ("town", 200, set(county.towns)),
        ("community", 101, set(county.communities[2:])),
        ("compound", 100, set(county.compounds) - {county.compounds[0], county.compounds[2]}),
        ("compound", 101, set()),
    ):
        terms = rule(county, level=level, measure="unserved", amount=amount)
        assert grids_of(reporting.reported(conn, terms, TODAY)[1]) == expected


def test_a_scope_holds_and_the_worst_come_first(conn, county):
    terms = rule(county, scope_id=county.towns[0], level="compound", measure="unserved", amount=1)
    count, found = reporting.reported(conn, terms, TODAY)
    assert count == 2
    assert grids_of(found) == {county.compounds[1], county.compounds[3]}
    count, found = reporting.reported(conn, rule(county, amount=100), TODAY, limit=1)
    assert (count, [report.households - report.met for report in found]) == (4, [200])


def test_a_rule_for_every_kind_reports_each_by_itself(conn, county):
    conn.execute(
        "INSERT INTO facility (kind, name, geom) VALUES ('clinic', '卫生室',"
        " ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    compute_figures(conn, TODAY)
    found = reporting.reported(conn, rule(county, kind=None, level="town", amount=60), TODAY)[1]
    assert {(report.grid.grid_id, report.kind) for report in found} == {
        (county.towns[0], "grid_worker"),
        (county.towns[1], "grid_worker"),
        (county.towns[0], "clinic"),
        (county.towns[1], "clinic"),
    }


def test_a_fall_is_measured_against_the_first_of_the_month_before(conn, county):
    terms = rule(county, measure="fall", amount=49)
    # Nothing is known of the month before: nothing has fallen.
    assert reporting.reported(conn, terms, TODAY)[0] == 0
    for day, kinds in recording.due(conn, TODAY):
        recording.record(conn, day, kinds)
    leave(conn, county.compounds[0])
    compute_figures(conn, TODAY)
    count, found = reporting.reported(conn, terms, TODAY)
    assert (count, grids_of(found)) == (1, {county.communities[0]})
    assert (found[0].met, found[0].met_before, found[0].households_before) == (0, 100, 200)
    # Not more than by 50 points.
    assert reporting.reported(conn, replace(terms, amount=50), TODAY)[0] == 0
    assert reporting.compared_day(date(2026, 1, 31)) == date(2025, 12, 1)
    assert history.first_of_month(date(2026, 3, 31), 24) == date(2024, 3, 1)


def test_what_is_reported_is_told_once_and_ends_by_itself(conn, county):
    rules.create(conn, rule(county), "")
    assert reporting.evaluate(conn, TODAY) == reporting.Change(raised=2)
    assert reporting.evaluate(conn, TODAY) == reporting.Change()
    first = notifications.listed(conn, ALL, limit=9)[0]
    assert (first.grid, first.town, first.subject) == ("河东村", "佛子岭镇", "alert")
    assert first.payload["households"] == 200
    assert first.payload["met"] == 0
    # Marked as done while nothing has changed: it is not told again.
    assert notifications.mark(conn, first.notification_id, "done", "chief") == "new"
    assert reporting.evaluate(conn, TODAY) == reporting.Change()
    add_duty(conn, county.compounds[4], "丙", "grid_worker", "[2024-02-01,)")
    assert reporting.evaluate(conn, TODAY) == reporting.Change(ended=1)
    ended = notifications.find(conn, first.notification_id)
    assert ended is not None
    assert (ended.ended, ended.state, ended.state_by) == ("within", "done", "chief")
    # Below again: told again.
    leave(conn, county.compounds[4])
    assert reporting.evaluate(conn, TODAY) == reporting.Change(raised=1)
    assert notifications.count(conn, ALL) == 3


def test_a_rule_that_ends_or_changes_takes_back_what_it_said(conn, county):
    number = rules.create(conn, rule(county), "")
    reporting.evaluate(conn, TODAY)
    rules.change(conn, number, rule(county, scope_id=county.towns[0], amount=51), "chief")
    change = reporting.apply(conn, rules.get(conn, number), TODAY, is_changed=True)
    assert change == reporting.Change(raised=2, ended=2)
    assert {each.ended for each in notifications.listed(conn, ALL, limit=9)} == {None, "unwatched"}
    # It ends today: until is exclusive.
    rules.change(conn, number, rule(county, until=TODAY), "chief")
    assert reporting.evaluate(conn, TODAY).ended == 2
    assert rules.get(conn, number).open == 0
    actions = conn.execute("SELECT action FROM audit_event ORDER BY event_id").fetchall()
    assert [row[0] for row in actions] == ["alert.created", "alert.changed", "alert.changed"]


def test_a_grid_that_is_no_more_is_not_called_served(conn, county):
    rules.create(conn, rule(county, level="compound", measure="unserved", amount=1), "")
    reporting.evaluate(conn, TODAY)
    conn.execute(
        "UPDATE grid_version SET valid = daterange(lower(valid), %s) WHERE grid_id = %s",
        (TODAY, county.compounds[7]),
    )
    assert reporting.evaluate(conn, TODAY).ended == 1
    found = [each for each in notifications.listed(conn, ALL, limit=99) if each.ended]
    assert [(each.grid_id, each.ended) for each in found] == [(county.compounds[7], "unwatched")]


def test_rules_without_sense_are_refused(conn, county):
    for terms in (
        rule(county, level="compound", measure="fall", amount=5),
        rule(county, scope_id=county.communities[0], level="town"),
        rule(county, scope_id=999),
    ):
        with pytest.raises(InvalidInputError):
            reporting.check(conn, terms, TODAY)
    reporting.check(conn, rule(county, scope_id=county.towns[0], level="town"), TODAY)


# Who may --------------------------------------------------------------------------------------


def office(app, conn, account_id) -> Any:
    """A transaction of somebody in the office for services."""
    hashed = sessions.digest(token(conn, account_id))
    conn.commit()
    app.rollback()
    take_role(app, "gridmap_services", hashed, "")
    return app


def test_a_town_official_sees_and_marks_those_of_the_own_town_alone(app, conn, county):
    rules.create(conn, rule(county, amount=100), "")
    reporting.evaluate(conn, TODAY)
    town = account(conn, "town_official", grid_id=county.towns[0])
    whole = account(conn, "county_official", grid_id=county.county)
    neither = account(conn, "community_staff", grid_id=county.communities[0])
    for account_id, expected in (
        (town, county.communities[:2]),
        (whole, county.communities),
        (neither, []),
    ):
        office(app, conn, account_id)
        found = notifications.listed(app, ALL, limit=99)
        assert {each.grid_id for each in found} == set(expected)
        assert notifications.count_new(app) == len(expected)
    foreign = conn.execute(
        "SELECT notification_id FROM notification WHERE grid_id = %s", [county.communities[2]]
    ).fetchone()
    office(app, conn, town)
    with pytest.raises(NotFoundError):
        notifications.mark(app, foreign[0], "done", "town")
    assert notifications.mark_seen(app, ALL, "town") == 2
    app.commit()
    states = dict(conn.execute("SELECT grid_id, state FROM notification").fetchall())
    assert [states[grid_id] for grid_id in county.communities] == ["seen", "seen", "new", "new"]


def test_what_it_is_about_moves_with_the_boundaries(app, conn, county):
    rules.create(conn, rule(county, amount=100), "")
    reporting.evaluate(conn, TODAY)
    conn.execute("SET CONSTRAINTS ALL DEFERRED")
    conn.execute(
        "UPDATE notification SET place = %s WHERE grid_id = %s",
        ([county.communities[2], county.towns[0], county.county], county.communities[2]),
    )
    reporting.evaluate(conn, TODAY)
    office(app, conn, account(conn, "town_official", grid_id=county.towns[0]))
    found = notifications.listed(app, ALL, limit=99)
    assert {each.grid_id for each in found} == set(county.communities[:2])


def test_rules_are_set_by_those_who_have_the_right(app, conn, county):
    town = account(conn, "town_official", grid_id=county.towns[0])
    staff = account(conn, "county_staff", grid_id=county.county)
    office(app, conn, town)
    with pytest.raises(errors.InsufficientPrivilege):
        rules.create(app, rule(county), "town")
    office(app, conn, staff)
    number = rules.create(app, rule(county), "staff")
    assert reporting.apply(app, rules.get(app, number), TODAY).raised == 2
    app.commit()
    office(app, conn, town)
    assert [each.rule_id for each in rules.listed(app)] == [number]
    assert app.execute("UPDATE alert_rule SET amount = 1").rowcount == 0
    # Nobody in the office makes entries up, or rewrites what one says.
    for statement in (
        "DELETE FROM notification",
        "UPDATE notification SET payload = '{}'",
        "DELETE FROM alert_rule",
        "INSERT INTO notification (subject, grid_id, place, day) VALUES ('x', 1, '{1}', now())",
    ):
        office(app, conn, town)
        with pytest.raises(errors.InsufficientPrivilege):
            app.execute(statement)
    # Nor does anybody outside it read them.
    for scope in ("gridmap_app", "gridmap_county", "gridmap_draw"):
        app.rollback()
        app.execute("SELECT set_config('role', %s, true)", [scope])
        with pytest.raises(errors.InsufficientPrivilege):
            app.execute("SELECT FROM notification")


def test_the_term_of_a_rule(county):
    terms = rule(county, since=TODAY, until=TODAY + timedelta(days=1))
    assert terms.is_active(TODAY)
    assert not terms.is_active(TODAY - timedelta(days=1))
    assert not terms.is_active(TODAY + timedelta(days=1))
