"""What goes by itself and what stays: on a real database, as the owner of its tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from county import add_issue, build
from psycopg import errors

from geodata.accounts import audit
from geodata.accounts import keeping as accounts
from geodata.database import settings
from geodata.errors import InvalidInputError
from geodata.installation import housekeeping
from scripts.cli.__main__ import gridmap

NOTHING = dict.fromkeys(("sessions", "devices", "attempts", "reporters", "audit_entries"), 0)
NOW = datetime.now(UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def entry(conn, days: float) -> None:
    conn.execute(
        "INSERT INTO audit_event (at, action) VALUES (%s, %s)", [days_ago(days), "test.done"]
    )


def kept_days(conn) -> list[int]:
    """Return how old the entries are that are left."""
    rows = conn.execute(
        "SELECT at FROM audit_event WHERE action = 'test.done' ORDER BY at DESC"
    ).fetchall()
    return [round((NOW - row[0]) / timedelta(days=1)) for row in rows]


def fill(conn) -> None:
    """Write one of each that has served its time, and one that has not."""
    build(conn)
    account_id = accounts.create(conn, "wang", "王")
    for number, life in enumerate((-1, 60)):
        conn.execute(
            "INSERT INTO session (token_hash, account_id, expires_at)"
            " VALUES (%s, %s, now() + make_interval(mins => %s))",
            [bytes([number]) * 32, account_id, life],
        )
    for number, days in enumerate((401, 399)):
        conn.execute(
            "INSERT INTO account_device (device_hash, account_id, seen_at) VALUES (%s, %s, %s)",
            [bytes([number]) * 32, account_id, days_ago(days)],
        )
    for number, minutes in enumerate((16, 14)):
        conn.execute(
            "INSERT INTO attempt VALUES (%s, now() - make_interval(mins => %s), 1)",
            [bytes([number]), minutes],
        )
    for days in (91, 89):
        reported, closed = days_ago(days + 1), days_ago(days)
        issue_id = add_issue(conn, 116.31, 31.41, reported.isoformat(), None)
        conn.execute("UPDATE issue SET closed_at = %s WHERE issue_id = %s", [closed, issue_id])
        conn.execute("INSERT INTO issue_reporter VALUES (%s, '张三', '13800000000')", [issue_id])
    for days in (366, 364):
        entry(conn, days)


def test_what_has_served_its_time_goes_and_the_rest_stays(conn):
    fill(conn)
    assert housekeeping.tidy(conn, NOW) == dict.fromkeys(NOTHING, 1)
    for table in ("session", "account_device", "attempt", "issue_reporter"):
        rows = conn.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert rows == (1,), table
    assert kept_days(conn) == [364]
    assert housekeeping.tidy(conn, NOW) == NOTHING


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        (200, [100, 182, 184, 199]),
        # Never less than the law asks for, and never less by a slip of the pen.
        (30, [100, 182]),
        (0, [100, 182]),
        (-5, [100, 182]),
        ("200", [100, 182, 184, 199, 300]),
        (True, [100, 182, 184, 199, 300]),
        (None, [100, 182, 184, 199, 300]),
        (10**12, [100, 182, 184, 199, 300, 400]),
    ],
)
def test_the_setting_says_how_long_the_trail_is_kept(conn, setting, left):
    for days in (100, 182, 184, 199, 300, 400):
        entry(conn, days)
    settings.write(conn, housekeeping.AUDIT_SETTING, setting)
    housekeeping.tidy(conn, NOW)
    assert kept_days(conn) == left


def test_not_even_the_owner_removes_or_changes_a_young_entry(conn):
    entry(conn, 182)
    entry(conn, 400)
    conn.commit()
    for statement in (
        "DELETE FROM audit_event",
        "DELETE FROM audit_event WHERE at > now() - interval '183 days'",
        "UPDATE audit_event SET actor = 'somebody else'",
        "UPDATE audit_event SET at = now() - interval '2 years'",
        "TRUNCATE audit_event",
    ):
        with pytest.raises(errors.Error), conn.transaction():
            conn.execute(statement)
    assert kept_days(conn) == [182, 400]
    with pytest.raises(InvalidInputError, match="183 days"):
        audit.forget(conn, NOW, kept_days=182)
    # A clock that is ahead removes nothing that is young either.
    with pytest.raises(errors.InsufficientPrivilege), conn.transaction():
        audit.forget(conn, NOW + timedelta(days=5000))
    assert audit.forget(conn, NOW, kept_days=183) == 1


def test_the_application_removes_nothing_of_the_trail(conn):
    entry(conn, 400)
    conn.commit()
    for role in ("gridmap_app", "gridmap_audit", "gridmap_accounts", "gridmap_door"):
        conn.execute(f"SET ROLE {role}")
        with pytest.raises(errors.InsufficientPrivilege), conn.transaction():
            conn.execute("DELETE FROM audit_event")
        conn.execute("RESET ROLE")


def test_command_says_what_it_removed(conn, database_url, monkeypatch):
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)
    fill(conn)
    conn.commit()
    done = CliRunner().invoke(gridmap, ["tidy"])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "Sessions removed that had run out: 1",
        "Devices removed that were not seen for a year: 1",
        "Counts removed of failed sign-ins: 1",
        "Reporters removed of issues closed long ago: 1",
        "Audit entries removed: 1",
    ]
    assert CliRunner().invoke(gridmap, ["tidy"]).output == "Nothing had to go.\n"
