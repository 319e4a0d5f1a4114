"""Households in reach, against counting by hand, and computed again when something changes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from county import TODAY, add_duty, build, compute_figures

from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures import reading
from geodata.coverage.figures.keeping import NoFiguresError
from geodata.jobs import running
from geodata.jobs.tasks import TASKS
from webmap import create_app


@pytest.fixture
def county(conn):
    made = build(conn)
    # Counted by their buildings alone, but for those tests that say so.
    conn.execute("UPDATE grid_version SET households = NULL WHERE level = 'compound'")
    return made


def add_building(conn, lon, lat, households):
    conn.execute(
        "INSERT INTO building (name, households, geom)"
        " VALUES ('楼', %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
        (households, lon, lat),
    )


def add_clinic(conn, lon, lat, valid="[2024-01-01,)"):
    conn.execute(
        "INSERT INTO facility (kind, name, geom, valid)"
        " VALUES ('clinic', '卫生室', ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s::daterange)",
        (lon, lat, valid),
    )


def clinic(conn, grid_id, day=TODAY):
    figures.ensure(conn, day)
    [found] = [
        c for c in reading.read_grid(conn, grid_id, day, is_rounded=False) if c.kind == "clinic"
    ]
    return found


def test_households_within_reach_are_counted_at_every_level(conn, county):
    add_building(conn, 116.305, 31.405, 30)  # at the clinic
    add_building(conn, 116.315, 31.405, 50)  # 950 m east: in reach of 1,000 m
    add_building(conn, 116.3005, 31.4160, 20)  # 1,290 m away, outside every compound
    add_building(conn, 116.335, 31.435, 7)  # the other town
    add_clinic(conn, 116.305, 31.405)
    compound = clinic(conn, county.compounds[0])
    community = clinic(conn, county.communities[0])
    whole = clinic(conn, county.county)
    assert (compound.households, compound.met) == (30, 30)
    assert (community.households, community.met) == (100, 80)
    assert (whole.households, whole.met) == (107, 80)
    assert community.share == pytest.approx(0.8)
    assert clinic(conn, county.towns[1]).met == 0


def test_missing_buildings_are_missing_data_and_not_a_missing_service(conn, county):
    add_building(conn, 116.305, 31.405, 30)
    add_clinic(conn, 116.305, 31.405)
    empty = clinic(conn, county.compounds[7])
    assert empty.households == 0
    assert empty.share is None


@pytest.mark.parametrize(
    ("change", "served"),
    [
        ("UPDATE facility SET valid = '[2024-01-01,2026-01-01)'", 0),
        ("DELETE FROM facility WHERE name = '卫生室'", None),
        ("UPDATE building SET households = 31", 31),
        ("UPDATE service_standard SET reach = 1", 30),
    ],
)
def test_a_change_of_any_input_is_computed_by_the_queue(conn, county, database_url, change, served):
    add_building(conn, 116.305, 31.405, 30)
    add_clinic(conn, 116.305, 31.405)
    compute_figures(conn, TODAY)

    def met() -> list[int]:
        found = reading.read_grid(conn, county.compounds[0], TODAY, is_rounded=False)
        return [each.met for each in found]

    running.run_all(database_url, TASKS)
    assert (met(), figures.standing(conn, TODAY).is_current) == ([30], True)
    before = figures.standing(conn, TODAY).number
    conn.execute(change)
    conn.commit()
    # Readers see the last figures, and that they are behind.
    last = figures.standing(conn, TODAY)
    assert (last.number, last.is_current, last.waiting_since is None) == (before, False, False)
    assert met() == [30]
    conn.commit()
    running.run_all(database_url, TASKS)
    now = figures.standing(conn, TODAY)
    assert (now.number > before, now.is_current, now.waiting_since) == (True, True, None)
    assert met() == ([] if served is None else [served])


def test_a_past_day_counts_what_stood_then(conn, county):
    add_building(conn, 116.305, 31.405, 30)
    add_clinic(conn, 116.305, 31.405, valid="[2026-05-01,)")
    assert clinic(conn, county.compounds[0]).met == 30
    assert clinic(conn, county.compounds[0], TODAY.replace(month=4)).met == 0


def test_days_on_which_nothing_changes_are_computed_once(conn, county, monkeypatch):
    add_building(conn, 116.305, 31.405, 30)
    add_clinic(conn, 116.305, 31.405, valid="[2026-05-01,2026-06-01)")
    conn.commit()
    computed = []
    compute = figures.compute

    def noting(conn, day):
        computed.append(day)
        compute(conn, day)

    monkeypatch.setattr(figures, "compute", noting)
    days = [date(2026, 4, 20) + timedelta(days=number) for number in range(60)]
    for day in days:
        open_then = date(2026, 5, 1) <= day < date(2026, 6, 1)
        assert clinic(conn, county.compounds[0], day).met == (30 if open_then else 0)
    # Before it opened, while it was open, and since it closed.
    assert computed == [days[0], date(2026, 5, 1), date(2026, 6, 1)]
    # Another clinic begins in the middle of what stands: nothing of that is used any more.
    add_clinic(conn, 116.305, 31.405, valid="[2026-05-20,)")
    assert clinic(conn, county.compounds[0], date(2026, 6, 10)).met == 30
    assert clinic(conn, county.compounds[0], date(2026, 5, 5)).met == 30
    assert clinic(conn, county.compounds[0], date(2026, 4, 30)).met == 0


def test_figures_of_today_stay_whatever_days_are_asked_for(conn, county, monkeypatch):
    """Else anyone who asks for a dozen other days has the map of today recomputed each time."""
    add_building(conn, 116.305, 31.405, 30)
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(figures.STRETCHES_KEPT)]
    for day in days:
        add_clinic(conn, 116.305, 31.405, valid=f"[{day},)")
    conn.commit()
    [today] = conn.execute("SELECT current_date").fetchone()
    figures.ensure(conn, today)
    conn.commit()
    # Those whose time of asking is a moment later are there longer.
    for day in [date(2019, 1, 1), *days[:-1]]:
        figures.ensure(conn, day)
        conn.commit()
    [kept] = conn.execute("SELECT count(*) FROM coverage_stretch").fetchone()
    assert kept == figures.STRETCHES_KEPT
    monkeypatch.setattr(figures, "compute", lambda *_: pytest.fail("computed again"))
    figures.ensure(conn, today)


def test_a_reader_asks_for_the_figures_of_another_day_and_the_queue_computes_them(
    conn, county, database_url
):
    add_building(conn, 116.305, 31.405, 30)
    add_clinic(conn, 116.305, 31.405, valid="[2025-01-01,)")
    compute_figures(conn, TODAY)
    client = create_app({"DATABASE_URL": database_url}).test_client()
    path = "/api/coverage?kind=clinic&on="
    with pytest.raises(NoFiguresError):
        figures.standing(conn, date(2024, 6, 1))
    conn.rollback()
    answer = client.get(f"{path}2024-06-01")
    assert answer.status_code == 503
    assert answer.get_json()["type"] == "urn:gridmap:problem:no_figures"
    assert answer.headers["Retry-After"] == "2"
    assert wanted(conn) == ["2024-06-01"]
    # Those of today wait for nobody.
    assert client.get(f"{path}{TODAY}").status_code == 200
    running.run_all(database_url, TASKS)
    assert wanted(conn) == []
    answer = client.get(f"{path}2024-06-01").get_json()
    assert answer["grids"][0]["kinds"][0]["met"] == 0
    assert clinic(conn, county.county, date(2024, 6, 1)).nobody == 30


def test_no_more_than_three_days_wait_for_their_figures(conn, county, database_url):
    """Each takes long, and today's wait behind one of them."""
    for day in range(1, 7):
        add_clinic(conn, 116.305, 31.405, valid=f"[2025-01-0{day},)")
    add_building(conn, 116.305, 31.405, 30)
    compute_figures(conn, TODAY)
    client = create_app({"DATABASE_URL": database_url}).test_client()
    days = [f"2025-01-0{day}" for day in range(1, 6)]
    for day in [*days, *days]:
        assert client.get(f"/api/coverage?on={day}").status_code == 503
    assert wanted(conn) == days[:3]
    running.run_all(database_url, TASKS)
    states = [client.get(f"/api/coverage?on={day}").status_code for day in days]
    assert states == [200, 200, 200, 503, 503]
    assert wanted(conn) == days[3:]
    running.run_all(database_url, TASKS)
    states = [client.get(f"/api/coverage?on={day}").status_code for day in days]
    assert states == [200] * 5


def wanted(conn) -> list[str]:
    """Return the days whose figures wait to be computed."""
    conn.rollback()
    rows = conn.execute(
        "SELECT args ->> 'day' FROM procrastinate_jobs WHERE task_name = 'compute_coverage'"
        " AND status = 'todo' ORDER BY id"
    ).fetchall()
    return [row[0] for row in rows]


def test_the_worst_come_first_and_the_unknown_last(conn, county):
    add_building(conn, 116.305, 31.405, 30)
    add_building(conn, 116.335, 31.435, 7)
    add_clinic(conn, 116.305, 31.405)
    compute_figures(conn, TODAY)
    rows = reading.list_worst(conn, "clinic", "community", TODAY, is_rounded=False)
    assert rows[0][0].grid_id == county.communities[3]
    assert rows[0][1].met == 0
    assert rows[0][1].reasons == (("nobody", rows[0][1].unmet),)


def reasons(conn, grid_id, kind="clinic", day=TODAY):
    figures.ensure(conn, day)
    [found] = [c for c in reading.read_grid(conn, grid_id, day, is_rounded=False) if c.kind == kind]
    return dict(found.reasons)


def test_each_gap_has_its_reason(conn, county):
    add_building(conn, 116.305, 31.405, 30)  # in reach
    add_building(conn, 116.3005, 31.4160, 20)  # too far: 1,290 m
    add_building(conn, 116.335, 31.435, 7)  # the other town, which has none
    add_building(conn, 116.305, 31.437, 11)  # had one until it closed
    add_clinic(conn, 116.305, 31.405)
    add_clinic(conn, 116.305, 31.437, valid="[2024-01-01,2025-01-01)")
    assert reasons(conn, county.county) == {"too_far": 20, "term_ended": 11, "nobody": 7}
    # Half of what 30 need; and everybody is to have two.
    conn.execute("UPDATE service_standard SET capacity = 15 WHERE kind = 'clinic'")
    assert reasons(conn, county.compounds[0]) == {"over_capacity": 30}
    conn.execute("UPDATE service_standard SET capacity = NULL, minimum = 2 WHERE kind = 'clinic'")
    assert reasons(conn, county.compounds[0]) == {"too_few": 30}
    add_clinic(conn, 116.306, 31.405)
    assert reasons(conn, county.compounds[0]) == {}


def test_standards_differ_by_kind_of_place_and_by_day(conn, county):
    add_building(conn, 116.315, 31.405, 50)  # 950 m from the clinic, in 城南社区
    add_building(conn, 116.325, 31.405, 60)  # the same, in 河东村
    add_clinic(conn, 116.305, 31.405)
    add_clinic(conn, 116.335, 31.405)
    conn.execute(
        "UPDATE service_standard SET valid = '[2000-01-01,2026-06-01)' WHERE kind = 'clinic'"
    )
    conn.execute(
        "INSERT INTO service_standard (kind, place, valid, reach, unit, detour) VALUES"
        " ('clinic', 'town', '[2026-06-01,)', 900, 'm', 1),"
        " ('clinic', 'village', '[2026-06-01,)', 20, 'min', 1.5)"  # 1,000 m straight
    )
    assert clinic(conn, county.county, date(2026, 5, 31)).met == 110
    assert clinic(conn, county.county).met == 60


def test_duty_holders_and_service_areas_are_providers_where_they_serve(conn, county):
    first, second = county.compounds[:2]
    add_building(conn, 116.305, 31.405, 300)
    add_building(conn, 116.315, 31.410, 250)
    add_duty(conn, first, "王芳", "grid_worker", "[2025-01-01,)")
    add_duty(conn, second, "李强", "grid_worker", "[2025-01-01,2026-01-01)")
    assert reasons(conn, county.communities[0], "grid_worker") == {"term_ended": 250}
    # One for both has 550 households, more than 500.
    conn.execute(
        "INSERT INTO duty (member_id, role, grid_id, term)"
        " SELECT member_id, 'grid_worker', %s, '[2026-01-01,)' FROM member WHERE name = '王芳'",
        [second],
    )
    assert reasons(conn, county.communities[0], "grid_worker") == {"over_capacity": 550}
    conn.execute("UPDATE building SET households = 200 WHERE households = 300")
    assert reasons(conn, county.communities[0], "grid_worker") == {}


def test_where_no_building_is_known_households_are_counted_by_area(conn, county):
    conn.execute(
        "UPDATE grid_version SET households = 100 WHERE grid_id = %s", county.compounds[:1]
    )
    add_clinic(conn, 116.305, 31.405)
    conn.execute("UPDATE service_standard SET reach = 250 WHERE kind = 'clinic'")
    found = clinic(conn, county.compounds[0])
    assert (found.households, found.estimated) == (100, 100)
    # A circle of 250 m in a square of 570 by 665 m: 52 %.
    assert found.met == pytest.approx(52, abs=6)
    assert found.too_far == 100 - found.met
