"""When it is forgotten who reported an issue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from geodata.database import settings
from geodata.errors import InvalidInputError
from geodata.people import reporters
from tests import county as square

Conn = psycopg.Connection[Any]


@pytest.fixture
def reported(conn: Conn) -> Conn:
    """Issues that are open, closed some days ago, and opened again, each with its reporter."""
    square.build(conn)
    now = datetime.now().astimezone()
    before = {days: (now - timedelta(days=days)).isoformat() for days in (1, 10, 80, 100, 400, 500)}
    ways = {
        "open": [],
        **{str(days): [f"{before[days]} closed"] for days in (10, 80, 100, 400)},
        "again": [f"{before[400]} closed", f"{before[1]} handling"],
    }
    for title, steps in ways.items():
        number = square.add_issue(conn, 116.311, 31.411, before[500], None, *steps)
        conn.execute("UPDATE issue SET title = %s WHERE issue_id = %s", [title, number])
        conn.execute(
            "INSERT INTO issue_reporter VALUES (%s, %s, %s)", [number, "赵某某", "13800138000"]
        )
    conn.commit()
    return conn


def kept(conn: Conn) -> set[str]:
    rows = conn.execute("SELECT title FROM issue JOIN issue_reporter USING (issue_id)").fetchall()
    return {title for (title,) in rows}


def test_reporters_go_some_time_after_the_closing(reported: Conn) -> None:
    assert reporters.forget(reported) == 2
    assert kept(reported) == {"open", "10", "80", "again"}
    assert reporters.forget(reported) == 0
    assert reported.execute("SELECT count(*) FROM issue").fetchone() == (6,)
    # It never commits.
    reported.rollback()
    assert len(kept(reported)) == 6


def test_how_long_reporters_are_kept_can_be_set(reported: Conn) -> None:
    settings.write(reported, "reporters_kept_days", 30)
    # Who asks for a number of days is given it.
    assert reporters.forget(reported, 200) == 1
    assert reporters.forget(reported) == 2
    assert kept(reported) == {"open", "10", "again"}
    settings.write(reported, "reporters_kept_days", 0)
    assert reporters.forget(reported) == 1
    assert kept(reported) == {"open", "again"}


@pytest.mark.parametrize("value", [-1, "30", True, 1.5, 10**9, None, []])
def test_a_setting_that_is_no_number_of_days_forgets_nobody(reported: Conn, value: Any) -> None:
    settings.write(reported, "reporters_kept_days", value)
    with pytest.raises(InvalidInputError, match="reporters_kept_days"):
        reporters.forget(reported)
    assert len(kept(reported)) == 6
