"""Row-level security: what each scope sees, nobody takes on another's, and indexes serve."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from county import add_issue, build
from psycopg import errors, sql
from signing import account, token

from geodata.accounts import keeping as accounts
from geodata.accounts import sessions
from geodata.accounts.acting import act, look_at, take_role
from geodata.database import connecting as db
from geodata.database.roles import APP

WEST, EAST = (116.305, 31.405), (116.335, 31.405)


@pytest.fixture
def county(conn):
    made = build(conn)
    add_issue(conn, *WEST, "2026-06-01T08:00+08", "2026-06-02T08:00+08")
    add_issue(conn, *EAST, "2026-06-01T08:00+08", "2026-06-02T08:00+08")
    made_in = conn.execute(
        "INSERT INTO organisation (kind, name, grid_id) VALUES ('county_department', '城管局', %s)"
        " RETURNING organisation_id",
        [made.county],
    ).fetchone()
    conn.execute(
        "INSERT INTO issue_event (issue_id, at, from_state, to_state) SELECT issue_id, now(),"
        " 'reported', 'filed' FROM issue WHERE ST_X(geom) > 116.32"
    )
    conn.execute(
        "INSERT INTO issue_event (issue_id, at, from_state, to_state, organisation_id)"
        " SELECT issue_id, now(), 'filed', 'dispatched', %s FROM issue WHERE ST_X(geom) > 116.32",
        [made_in[0]],
    )
    conn.commit()
    return made, made_in[0]


@pytest.fixture
def app(database_url):
    with psycopg.connect(db.app_url(database_url, timezone="Asia/Shanghai")) as connection:
        yield connection


def seen(app, conn, scope, account_id=None) -> list[int]:
    """The issues that an account sees, in the scope that is its own."""
    hashed = sessions.digest(token(conn, account_id)) if account_id else None
    conn.commit()
    with app.transaction():
        act(app, hashed, "")
        assert app.execute("SELECT current_user").fetchone() == (scope,)
        rows = app.execute("SELECT issue_id FROM issue ORDER BY 1").fetchall()
    return [row[0] for row in rows]


def test_every_scope_sees_its_own(app, conn, county):
    made, unit = county
    whole = account(conn, "county_official", grid_id=made.county)
    town = account(conn, "town_official", grid_id=made.towns[0])
    dispatched = account(conn, "unit_user", organisation_id=unit)
    both = account(conn, "town_official", grid_id=made.towns[0])
    accounts.grant(conn, both, "unit_user", organisation_id=unit, since=date(2020, 1, 1))
    assert seen(app, conn, "gridmap_county", whole) == [1, 2]
    assert seen(app, conn, "gridmap_territory", town) == [1]
    assert seen(app, conn, "gridmap_unit", dispatched) == [2]
    assert seen(app, conn, "gridmap_several", both) == [1, 2]
    assert seen(app, conn, APP) == []


def test_nobody_gets_a_scope_without_a_session_that_has_it(app, conn, county):
    # No role at all: a scope in which there is nothing but one's own number.
    assert seen(app, conn, "gridmap_territory", account(conn)) == []
    # A session that is none, none at all.
    for forged in (b"\0" * 32, b"", None):
        with app.transaction():
            act(app, forged, "")
            assert app.execute("SELECT current_user").fetchone() == (APP,)
            assert app.execute("SELECT count(*) FROM issue").fetchone() == (0,)


def test_a_session_that_has_ended_sees_nothing_at_the_next_statement(app, conn, county):
    made, _ = county
    account_id = account(conn, "county_official", grid_id=made.county)
    hashed = sessions.digest(token(conn, account_id))
    conn.commit()
    for end in (
        "UPDATE account_role SET term = daterange(lower(term), current_date - 1)",
        "UPDATE account SET is_disabled = true",
        "UPDATE session SET expires_at = now()",
    ):
        with app.transaction():
            act(app, hashed, "")
            assert app.execute("SELECT count(*) FROM issue").fetchone() == (2,)
        conn.execute(end)
        conn.commit()
        with app.transaction():
            act(app, hashed, "")
            assert app.execute("SELECT count(*) FROM issue").fetchone() == (0,)
        conn.execute("UPDATE account SET is_disabled = false")
        conn.execute("UPDATE account_role SET term = daterange(lower(term), NULL)")
        # Ended sessions stay ended: a new one for the next round.
        hashed = sessions.digest(token(conn, account_id))
        conn.commit()


def test_what_is_acted_for_ends_with_the_transaction(app, conn, county):
    made, _ = county
    hashed = sessions.digest(token(conn, account(conn, "county_official", grid_id=made.county)))
    conn.commit()
    for fails in (False, True):
        try:
            with app.transaction():
                act(app, hashed, "")
                assert app.execute("SELECT count(*) FROM issue").fetchone() == (2,)
                if fails:
                    app.execute("SELECT 1/0")
        except errors.DivisionByZero:
            assert fails
        with app.transaction():
            assert app.execute("SELECT current_user").fetchone() == ("gridmap_app",)
            assert app.execute("SELECT count(*) FROM issue").fetchone() == (0,)


def test_acting_outside_a_transaction_is_refused(database_url, county):
    url = db.app_url(database_url)
    with (
        psycopg.connect(url, autocommit=True) as loose,
        pytest.raises(RuntimeError, match="outside a transaction"),
    ):
        act(loose, b"", "")


def test_the_application_owns_nothing_and_reads_no_secret(app, county):
    owned = app.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
        " WHERE r.rolname LIKE 'gridmap\\_%'"
    ).fetchone()
    assert owned == (0,)
    row = app.execute(
        "SELECT bool_or(rolsuper OR rolbypassrls OR rolcreaterole) FROM pg_roles"
        " WHERE rolname LIKE 'gridmap\\_%'"
    ).fetchone()
    assert row == (False,)
    for table in ("account", "account_secret", "session", "audit_event", "attempt"):
        with pytest.raises(errors.InsufficientPrivilege), app.transaction():
            app.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
    for column in ("external_key", "source"):
        query = sql.SQL("SELECT {} FROM member").format(sql.Identifier(column))
        with pytest.raises(errors.InsufficientPrivilege), app.transaction():
            app.execute(query)


def test_an_index_serves_under_every_policy(app, conn, county):
    made, unit = county
    conn.execute(
        """
        INSERT INTO issue (category_id, title, geom, reported_at, state)
        SELECT 1, 'x', ST_SetSRID(ST_MakePoint(116.30 + 0.04 * random(), 31.40 + 0.04 * random()),
               4326), now(), 'reported' FROM generate_series(1, 20000)
        """
    )
    conn.execute("ANALYZE issue")
    both = account(conn, "grid_leader", grid_id=made.compounds[0])
    accounts.grant(conn, both, "unit_user", organisation_id=unit, since=date(2020, 1, 1))
    acting: dict[Any, int | None] = {
        "gridmap_county": account(conn, "county_official", grid_id=made.county),
        "gridmap_territory": account(conn, "grid_leader", grid_id=made.compounds[0]),
        "gridmap_unit": account(conn, "unit_user", organisation_id=unit),
        "gridmap_several": both,
        APP: None,
    }
    for scope, account_id in acting.items():
        hashed = sessions.digest(token(conn, account_id)) if account_id else None
        conn.commit()
        with app.transaction():
            act(app, hashed, "")
            assert app.execute("SELECT current_user").fetchone() == (scope,)
            plan = "\n".join(
                row[0]
                for row in app.execute(
                    "EXPLAIN SELECT issue_id FROM issue"
                    " WHERE geom && ST_MakeEnvelope(116.301, 31.401, 116.302, 31.402, 4326)"
                ).fetchall()
            )
        assert "Seq Scan on issue" not in plan, f"{scope}: {plan}"
        assert "Index" in plan


def test_a_box_takes_away_and_never_adds(app, conn, county):
    made, _ = county
    hashed = sessions.digest(token(conn, account(conn, "town_official", grid_id=made.towns[0])))
    conn.commit()
    for box, expected in (
        ((116.29, 31.39, 116.35, 31.45), [1]),
        ((116.33, 31.40, 116.34, 31.41), []),
        ((116.304, 31.404, 116.306, 31.406), [1]),
    ):
        with app.transaction():
            act(app, hashed, "")
            look_at(app, box)
            rows = app.execute("SELECT issue_id FROM issue ORDER BY 1").fetchall()
        assert [row[0] for row in rows] == expected


def refused(app, hashed, statement) -> bool:
    """Tell whether the auditor's own role may not do it."""
    try:
        with app.transaction():
            take_role(app, "gridmap_audit", hashed, "")
            app.execute(statement)
    except errors.InsufficientPrivilege:
        return True
    return False


def test_the_audit_trail_is_only_ever_appended_to(app, conn, county):
    made, _ = county
    account_id = account(conn, "auditor", grid_id=made.county)
    hashed = sessions.digest(token(conn, account_id))
    conn.commit()
    for statement in ("UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"):
        assert refused(app, hashed, statement)
        # Not even the owner.
        with pytest.raises(errors.InsufficientPrivilege), conn.transaction():
            conn.execute(statement)
    with pytest.raises(errors.InsufficientPrivilege), conn.transaction():
        conn.execute("TRUNCATE audit_event")
    with app.transaction():
        take_role(app, "gridmap_audit", hashed, "")
        assert app.execute("SELECT count(*) > 0 FROM audit_event").fetchone() == (True,)


def test_a_term_begins_and_ends_on_its_days(app, conn, county):
    made, _ = county
    today = date.today()  # noqa: DTZ011 - the database's day decides; both are this machine's
    for since, until, sees in (
        (today, None, True),
        (today + timedelta(days=2), None, False),
        (today - timedelta(days=9), today - timedelta(days=1), False),
        (today - timedelta(days=9), today + timedelta(days=2), True),
    ):
        account_id = account(conn, "town_official", grid_id=made.towns[0], since=since, until=until)
        assert bool(seen(app, conn, "gridmap_territory", account_id)) == sees
