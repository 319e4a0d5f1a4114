"""Standards are saved from a day on, kept, audited and taken back; nobody overwrites unseen."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest
from county import add_duty, build, compute_figures
from psycopg import Connection, errors
from signing import account, token

from geodata.accounts import acting, sessions
from geodata.coverage.judging.altering import Changes
from geodata.coverage.standards import defining
from geodata.coverage.standards import model as standards
from geodata.coverage.standards.defining import SetMeanwhileError
from geodata.coverage.standards.definition import Dated, Definition
from geodata.coverage.standards.model import Providers, Standard
from geodata.coverage.trying import standards as effects
from geodata.database import connecting as db
from geodata.errors import InvalidInputError, NotFoundError

Conn = Connection[Any]
DAY = date(2027, 1, 1)
NEAR = Standard(300, "m", 1.2, 400, 2)
BY = Providers(by_facility=True, areas=("volunteer_team",))


def save(conn: Conn, wanted: Definition, **more: Any) -> None:
    seen = defining.get(conn, wanted.kind).digest
    defining.save(conn, "wang", seen, wanted, since=DAY, **more)


def trail(conn: Conn) -> list[tuple[str, dict[str, Any]]]:
    return conn.execute("SELECT action, detail FROM audit_event ORDER BY event_id").fetchall()


def test_a_standard_from_a_day_on(conn: Conn) -> None:
    before = defining.get(conn, "clinic")
    wanted = before.changed(DAY, NEAR, before.village[0].value, BY)
    save(conn, wanted)
    assert defining.get(conn, "clinic") == wanted
    of = {each.kind: each for each in standards.list_all(conn, DAY)}["clinic"]
    assert replace(of.town, m_per_min=75) == NEAR
    assert (of.village.reach, of.areas) == (1000, ("volunteer_team",))
    of = {each.kind: each for each in standards.list_all(conn, date(2026, 12, 31))}["clinic"]
    assert (of.town.reach, of.by_facility, of.areas) == (1000, True, ())
    (entry,) = trail(conn)
    assert entry[0] == "standard.changed"
    assert entry[1]["since"] == "2027-01-01"
    assert [each["reach"] for each in entry[1]["town"]] == [1000, 300]
    assert "village" not in entry[1]


def test_undo_puts_back_and_does_again(conn: Conn) -> None:
    before = defining.get(conn, "clinic")
    wanted = before.changed(DAY, NEAR, NEAR, BY)
    save(conn, wanted)
    change = defining.last_change(conn, "clinic")
    assert change
    assert (change.actor, change.is_undone) == ("wang", False)
    assert defining.undo(conn, "li", "clinic", change.change_id) == before
    assert defining.get(conn, "clinic") == before
    # An undone change cannot be undone twice; the undoing can.
    with pytest.raises(SetMeanwhileError):
        defining.undo(conn, "li", "clinic", change.change_id)
    again = defining.last_change(conn, "clinic")
    assert again
    assert again.is_undone
    assert defining.undo(conn, "li", "clinic", again.change_id) == wanted
    done = defining.last_change(conn, "clinic")
    assert done
    assert not done.is_undone
    assert [action for action, _ in trail(conn)] == [
        "standard.changed", "standard.undone", "standard.changed",
    ]  # fmt: skip


def test_a_change_to_come_is_withdrawn(conn: Conn) -> None:
    before = defining.get(conn, "clinic")
    save(conn, before.changed(DAY, NEAR, NEAR, before.providers_on(DAY)))
    save(conn, defining.get(conn, "clinic").withdrawn(DAY), what="withdrawn")
    assert defining.get(conn, "clinic") == before
    assert trail(conn)[-1][0] == "standard.withdrawn"


def test_nobody_overwrites_what_was_not_seen(conn: Conn) -> None:
    before = defining.get(conn, "clinic")
    save(conn, before.changed(DAY, NEAR, NEAR, BY))
    other = before.changed(DAY, replace(NEAR, reach=500), NEAR, BY)
    with pytest.raises(SetMeanwhileError):
        defining.save(conn, "li", before.digest, other)
    with pytest.raises(InvalidInputError, match="already applies"):
        save(conn, defining.get(conn, "clinic"))
    change = defining.last_change(conn, "clinic")
    assert change
    # What other hands wrote is not undone unseen either.
    conn.execute("UPDATE service_standard SET reach = 777 WHERE kind = 'clinic'")
    assert defining.last_change(conn, "clinic") is None
    with pytest.raises(SetMeanwhileError):
        defining.undo(conn, "li", "clinic", change.change_id)


def test_of_two_at_the_same_moment_one_saves(conn: Conn, database_url: str) -> None:
    before = defining.get(conn, "clinic")
    conn.commit()

    def late() -> None:
        with db.connect(database_url) as other:
            wanted = before.changed(DAY, replace(NEAR, reach=500), NEAR, BY)
            defining.save(other, "li", before.digest, wanted)

    with ThreadPoolExecutor(1) as pool:
        save(conn, before.changed(DAY, NEAR, NEAR, BY))
        waiting = pool.submit(late)
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        conn.commit()
        with pytest.raises(SetMeanwhileError):
            waiting.result(10)
    found = defining.get(conn, "clinic").on(DAY, "town")
    assert found == NEAR


def test_a_kind_of_ones_own_comes_and_goes(conn: Conn) -> None:
    code = defining.make_code(conn, "Blood donation (mobile)!")
    assert code == "blood_donation_mobile"
    course = (Dated(DAY, None, NEAR),)
    rank = defining.last_rank(conn) + 1
    own = Definition(
        code, "献血屋", "Blood donation", rank, course, course, (Dated(DAY, None, BY),)
    )
    defining.add(conn, "wang", own)
    assert defining.list_definitions(conn)[-1] == own
    assert defining.make_code(conn, "blood donation, mobile") == f"{code}_2"
    assert defining.make_code(conn, "24 h") == "kind_24_h"
    with pytest.raises(InvalidInputError, match="called “Clinic” already"):
        defining.add(conn, "wang", replace(own, kind="other", name_zh="其他", name_en="CLINIC"))
    change = defining.last_change(conn, code)
    assert change
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES (%s, '一', ST_SetSRID(ST_MakePoint(116, 31), 4326))",
        [code],
    )
    with pytest.raises(InvalidInputError, match="cannot be withdrawn"):
        defining.undo(conn, "wang", code, change.change_id)
    conn.execute("DELETE FROM facility WHERE kind = %s", [code])
    assert defining.undo(conn, "wang", code, change.change_id) is None
    with pytest.raises(NotFoundError):
        defining.get(conn, code)
    # Its code is not given to another one, whose history it would be.
    assert defining.make_code(conn, "blood donation, mobile") == f"{code}_2"


def test_effects_are_what_comes_of_it(conn: Conn) -> None:
    county = build(conn)
    # Only the households of buildings count here.
    conn.execute("UPDATE grid_version SET households = NULL")
    for number, (lon, lat) in enumerate(((116.305, 31.405), (116.313, 31.405), (116.335, 31.435))):
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES (%s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            [f"{number}号", 10 * (number + 1), lon, lat],
        )
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '一', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    before = defining.get(conn, "clinic")
    wanted = replace(NEAR, capacity=None, minimum=1)
    changes = Changes(standards={("clinic", "town"): wanted, ("clinic", "village"): wanted})
    compute_figures(conn, DAY)
    found = effects.find(conn, changes, "clinic", DAY)
    save(conn, before.changed(DAY, wanted, wanted, before.providers_on(DAY)))
    compute_figures(conn, DAY)
    nothing = Changes(providers={"clinic": before.providers_on(DAY)})
    now = effects.find(conn, nothing, "clinic", DAY)
    assert found.county
    assert now.county
    assert (found.county.before, found.county.after) == (30, 10)
    assert (now.county.before, now.county.gain) == (10, 0)
    assert [(it.grid.grid_id, it.gain) for it in found.losing] == [(county.communities[0], -20)]
    assert (found.gaining_count, found.losing_count) == (0, 1)
    assert sum(it.gain for it in found.towns) == -20


def test_who_gives_a_service_is_dated_and_so_are_its_figures(conn: Conn) -> None:
    county = build(conn)
    conn.execute("UPDATE grid_version SET households = NULL")
    # The first lives in the first compound, the other one outside it.
    for number, (lon, lat) in enumerate(((116.305, 31.405), (116.335, 31.435))):
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES (%s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            [f"{number}号", 10 * (number + 1), lon, lat],
        )
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '一', ST_SetSRID(ST_MakePoint(116.335, 31.435), 4326))"
    )
    add_duty(conn, county.compounds[0], "甲", "grid_worker", "[2020-01-01,)")
    before = defining.get(conn, "clinic")
    town, village = before.on(DAY, "town"), before.on(DAY, "village")
    assert town
    assert village
    by = Providers(by_facility=False, duties=("grid_worker",))

    def met(day: date) -> int:
        compute_figures(conn, day)
        found = effects.find(conn, Changes(), "clinic", day).county
        assert found
        return found.before

    eve = date(2026, 12, 31)
    assert (met(eve), met(DAY)) == (20, 20)
    told = effects.find(conn, Changes(providers={"clinic": by}), "clinic", DAY).county
    assert told
    save(conn, before.changed(DAY, town, village, by))
    assert told.after == met(DAY) == 10
    assert met(eve) == 20
    # The figures of the eve, which hold for days around it, end with it.
    assert conn.execute(
        "SELECT upper(valid) FROM coverage_stretch WHERE valid @> %s", [eve]
    ).fetchone() == (DAY,)
    assert trail(conn)[-1][1]["providers"] == {"facility": False, "area": [], "duty": [
        ["网格员", "Grid worker"]]}  # fmt: skip


@pytest.fixture
def app(database_url: str) -> Iterator[Conn]:
    with psycopg.connect(db.app_url(database_url, timezone="Asia/Shanghai")) as connection:
        yield connection


@pytest.mark.parametrize(
    ("role", "may"), [("county_staff", True), ("county_official", True), ("auditor", False)]
)
def test_the_database_lets_those_set_who_may(conn: Conn, app: Conn, role: str, may: bool) -> None:
    county = build(conn)
    hashed = sessions.digest(token(conn, account(conn, role, grid_id=county.county)))
    conn.commit()

    def change() -> None:
        with app.transaction():
            acting.take_role(app, "gridmap_services", hashed, "")
            before = defining.get(app, "clinic")
            save(app, before.changed(DAY, NEAR, NEAR, BY))
            changed = defining.last_change(app, "clinic")
            assert changed
            defining.undo(app, "wang", "clinic", changed.change_id)
            own = replace(before, kind="own", name_zh="自办", name_en="Own")
            defining.add(app, "wang", own)
            added = defining.last_change(app, "own")
            assert added
            defining.undo(app, "wang", "own", added.change_id)

    if may:
        change()
        assert len(trail(conn)) >= 4
    else:
        with pytest.raises(errors.InsufficientPrivilege):
            change()
