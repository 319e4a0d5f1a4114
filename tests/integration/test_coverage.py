"""Households in reach, against counting by hand, and never out of date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from county import TODAY, build

from geodata import coverage


@pytest.fixture
def county(conn):
    return build(conn)


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
    [found] = [c for c in coverage.of_grid(conn, grid_id, day) if c.kind == "clinic"]
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
    assert (compound.households, compound.served, compound.facilities) == (30, 30, 1)
    assert (community.households, community.served) == (100, 80)
    assert (whole.households, whole.served) == (107, 80)
    assert community.share == pytest.approx(0.8)
    assert clinic(conn, county.towns[1]).served == 0


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
        ("UPDATE service_kind SET reach_m = 1", 30),
    ],
)
def test_a_change_of_any_input_is_seen_at_once(conn, county, change, served):
    add_building(conn, 116.305, 31.405, 30)
    add_clinic(conn, 116.305, 31.405)
    conn.commit()
    assert clinic(conn, county.compounds[0]).served == 30
    conn.commit()
    conn.execute(change)
    conn.commit()
    found = [c.served for c in coverage.of_grid(conn, county.compounds[0], TODAY)]
    assert found == ([] if served is None else [served])


def test_a_past_day_counts_what_stood_then(conn, county):
    add_building(conn, 116.305, 31.405, 30)
    add_clinic(conn, 116.305, 31.405, valid="[2026-05-01,)")
    assert clinic(conn, county.compounds[0]).served == 30
    assert clinic(conn, county.compounds[0], TODAY.replace(month=4)).served == 0


def test_days_on_which_nothing_changes_are_computed_once(conn, county, monkeypatch):
    add_building(conn, 116.305, 31.405, 30)
    add_clinic(conn, 116.305, 31.405, valid="[2026-05-01,2026-06-01)")
    conn.commit()
    computed = []
    compute = coverage.compute

    def noting(conn, day):
        computed.append(day)
        compute(conn, day)

    monkeypatch.setattr(coverage, "compute", noting)
    days = [date(2026, 4, 20) + timedelta(days=number) for number in range(60)]
    for day in days:
        open_then = date(2026, 5, 1) <= day < date(2026, 6, 1)
        assert clinic(conn, county.compounds[0], day).served == (30 if open_then else 0)
    # Before it opened, while it was open, and since it closed.
    assert computed == [days[0], date(2026, 5, 1), date(2026, 6, 1)]
    # Another clinic begins in the middle of what stands: nothing of that is used any more.
    add_clinic(conn, 116.305, 31.405, valid="[2026-05-20,)")
    assert clinic(conn, county.compounds[0], date(2026, 6, 10)).served == 30
    assert clinic(conn, county.compounds[0], date(2026, 5, 5)).served == 30
    assert clinic(conn, county.compounds[0], date(2026, 4, 30)).served == 0


def test_the_worst_come_first_and_the_unknown_last(conn, county):
    add_building(conn, 116.305, 31.405, 30)
    add_building(conn, 116.335, 31.435, 7)
    add_clinic(conn, 116.305, 31.405)
    rows = coverage.worst(conn, "clinic", "community", TODAY)
    assert rows[0][0].grid_id == county.communities[3]
    assert rows[0][1].served == 0
    assert [row[1].households for row in rows[2:]] == [0, 0]
