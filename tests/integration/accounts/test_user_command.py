"""``gridmap user``: what an installation does before anybody can sign in, and when nobody can."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from geodata.accounts import keeping as accounts
from geodata.accounts import passwords, sessions
from geodata.errors import GridMapError
from scripts.cli.__main__ import gridmap
from tests.county import County, build

Conn = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def terminal(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)


@pytest.fixture
def county(conn: Conn) -> County:
    made = build(conn)
    conn.commit()
    return made


def run(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(gridmap, ["user", *words], input=typed, catch_exceptions=False)


def refused(*words: str, typed: str | None = None) -> str:
    with pytest.raises(GridMapError) as caught:
        run(*words, typed=typed)
    return str(caught.value)


def secret(conn: Conn, username: str) -> tuple[str, bool]:
    conn.commit()
    row = conn.execute(
        "SELECT password_hash, must_change FROM account JOIN account_secret USING (account_id)"
        " WHERE username = %s",
        [username],
    ).fetchone()
    assert row
    return row


def test_the_first_administrator(conn: Conn, county: County) -> None:
    done = run("add", "Chief", "--name", "张三", "--role", "administrator")
    assert done.exit_code == 0, done.output
    [password] = re.findall(r"First password: (\S+)", done.output)
    password_hash, must_change = secret(conn, "chief")
    assert passwords.is_right(password_hash, password)
    assert must_change
    found = accounts.get_by_username(conn, "chief")
    assert (found.name, found.roles, found.places) == ("张三", ["administrator"], ["霍山县"])
    trail = conn.execute("SELECT action, actor FROM audit_event ORDER BY event_id").fetchall()
    assert trail == [("account.created", ""), ("role.granted", "")]
    assert "taken" in refused("add", "chief", "--name", "李四")
    assert "cannot be a user name" in refused("add", "a b", "--name", "李四")


def test_without_a_county_it_is_said_what_to_do(conn: Conn) -> None:
    said = refused("add", "chief", "--name", "张三", "--role", "administrator")
    assert "gridmap import grids" in said
    assert accounts.count(conn) == 0


def test_a_password_from_standard_input(conn: Conn) -> None:
    done = run("add", "wf", "--name", "王芳", "--password-stdin", typed="fox-lamp-river-nine\n")
    assert "fox-lamp" not in done.output
    password_hash, must_change = secret(conn, "wf")
    assert passwords.is_right(password_hash, "fox-lamp-river-nine")
    assert not must_change
    assert "it needs 12" in refused("add", "x1", "--name", "某", "--password-stdin", typed="123\n")
    assert "no password" in refused("add", "x1", "--name", "某", "--password-stdin", typed="")
    assert accounts.count(conn) == 1


def test_a_new_password_ends_the_sessions(conn: Conn) -> None:
    run("add", "wf", "--name", "王芳")
    account_id = accounts.get_by_username(conn, "wf").account_id
    sessions.open_session(conn, account_id, device="", device_token=None)
    conn.commit()
    done = run("password", "WF")
    [password] = re.findall(r"First password: (\S+)", done.output)
    password_hash, must_change = secret(conn, "wf")
    assert passwords.is_right(password_hash, password)
    assert must_change
    assert sessions.list_sessions(conn, account_id) == []
    assert "There is no account “nobody”." in refused("password", "nobody")


def test_roles_are_given_and_ended(conn: Conn, county: County) -> None:
    run("add", "wf", "--name", "王芳")
    given = run(
        "grant", "wf", "--role", "town_official", "--place", "衡山镇", "--since", "2024-01-01",
        "--until", "2099-12-31",
    )  # fmt: skip
    assert given.output == "wf now has the role: Town official, 衡山镇.\n"
    term = conn.execute("SELECT term::text FROM account_role").fetchone()
    assert term == ("[2024-01-01,2100-01-01)",)
    run("grant", "wf", "--role", "grid_leader", "--place", "341525100001001")
    assert "not held in “衡山镇”" in refused(
        "grant", "wf", "--role", "auditor", "--place", "衡山镇"
    )
    assert "There is no place" in refused("grant", "wf", "--role", "unit_user", "--place", "x")
    assert "needs a place" in refused("grant", "wf", "--role", "town_official")
    listed = run("list", "--role", "town_official").output
    assert listed == (
        "wf\t王芳\tTown official (衡山镇), Grid leader or grid worker (城南社区甲小区)\n"
    )
    # One role of the kind needs no place.
    ended = run("end", "wf", "--role", "town_official")
    assert ended.output == "wf no longer has the role: Town official, 衡山镇.\n"
    assert "does not have this role" in refused(
        "end", "wf", "--role", "town_official", "--place", "衡山镇"
    )
    conn.commit()
    assert accounts.get_by_username(conn, "wf").roles == ["grid_leader"]


def test_disabled_and_enabled(conn: Conn, county: County) -> None:
    run("add", "chief", "--name", "张三", "--role", "administrator")
    run("add", "wf", "--name", "王芳")
    assert "last administrator" in refused("disable", "chief")
    assert "last administrator" in refused("end", "chief", "--role", "administrator")
    assert run("disable", "wf").output == "The account wf is disabled.\n"
    assert run("list", "--text", "王").output == "wf\t王芳\tno role\tdisabled\n"
    assert run("enable", "wf").output == "The account wf is enabled.\n"
    assert not accounts.get_by_username(conn, "wf").is_disabled
    assert run("list", "--text", "nobody").output == "There are no such accounts.\n"


def test_the_rules_for_passwords(conn: Conn) -> None:
    assert run("rules").output.splitlines() == [
        "At least 12 characters",
        "Three kinds of characters: no",
        "Refuse leaked passwords: yes",
        "Never expires",
    ]
    changed = run("rules", "--min-length", "16", "--complexity", "--expires-days", "90")
    assert changed.output.splitlines() == [
        "At least 16 characters",
        "Three kinds of characters: yes",
        "Refuse leaked passwords: yes",
        "Must be changed after 90 days",
    ]
    rules = passwords.read_rules(conn)
    assert (rules.min_length, rules.complexity, rules.expires_days) == (16, True, 90)
    # What is not named stays.
    run("rules", "--no-complexity")
    conn.commit()
    assert passwords.read_rules(conn) == passwords.Rules(16, True, False, 90)
    actions = conn.execute("SELECT action FROM audit_event").fetchall()
    assert actions == [("password_rules.changed",)] * 2
    weak = CliRunner().invoke(gridmap, ["user", "rules", "--min-length", "4"])
    assert weak.exit_code == 2


def test_help_names_every_command() -> None:
    said = run("--help").output
    for name in ("add", "list", "password", "grant", "end", "disable", "enable", "rules"):
        assert re.search(rf"^  {name} ", said, re.MULTILINE)
