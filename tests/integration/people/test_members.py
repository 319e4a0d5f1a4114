"""Who is responsible, on a day."""

from __future__ import annotations

from datetime import date

import pytest
from county import TODAY, add_duty, build

from geodata.grids import searching
from geodata.model import Place
from geodata.people import members


@pytest.fixture
def county(conn):
    return build(conn)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([], "vacant"),
        ([("[2025-01-01,)", False)], "held"),
        ([("[2025-01-01,)", True)], "deputy"),
        ([("[2024-01-01,2025-01-01)", False)], "ended"),
        ([("[2024-01-01,2025-01-01)", False), ("[2025-01-01,)", True)], "deputy"),
        ([("[2024-01-01,2025-01-01)", False), ("[2025-01-01,)", False)], "held"),
        # A term that only begins next year makes nobody responsible today.
        ([("[2027-01-01,)", False)], "vacant"),
        # The last day is the day before the exclusive end.
        ([("[2024-01-01,2026-06-16)", False)], "held"),
        ([("[2024-01-01,2026-06-15)", False)], "ended"),
    ],
)
def test_responsibility_follows_the_terms(conn, county, terms, expected):
    for number, (term, deputy) in enumerate(terms):
        add_duty(conn, county.compounds[0], f"张{number}", "grid_worker", term, deputy=deputy)
    assert members.find_state(conn, county.compounds[0], TODAY) == expected


def test_a_duty_that_is_not_the_responsible_one_does_not_count(conn, county):
    add_duty(conn, county.compounds[0], "李四", "registered_member", "[2025-01-01,)")
    assert members.find_state(conn, county.compounds[0], TODAY) == "vacant"


def test_who_was_responsible_on_1_march_has_an_answer(conn, county):
    add_duty(conn, county.compounds[0], "王前", "grid_worker", "[2025-01-01,2026-04-01)")
    add_duty(conn, county.compounds[0], "赵后", "grid_worker", "[2026-04-01,)")
    on_1_march = members.list_duties(conn, county.compounds[0], date(2026, 3, 1))
    today = members.list_duties(conn, county.compounds[0], TODAY)
    assert [duty.member for duty in on_1_march] == ["王前"]
    assert [duty.member for duty in today] == ["赵后"]


def test_an_ended_duty_is_shown_while_nobody_follows(conn, county):
    add_duty(conn, county.compounds[0], "王前", "grid_worker", "[2025-01-01,2026-04-01)")
    [duty] = members.list_duties(conn, county.compounds[0], TODAY)
    assert duty.member == "王前"
    assert not duty.in_office


def test_a_compound_lists_the_leads_of_its_buildings(conn, county):
    conn.execute(
        """
        WITH b AS (
            INSERT INTO building (name, households, geom)
            VALUES ('1号楼', 20, ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))
            RETURNING building_id),
        m AS (INSERT INTO member (name) VALUES ('楼长甲') RETURNING member_id)
        INSERT INTO duty (member_id, role, building_id, term)
        SELECT member_id, 'building_lead', building_id, '[2025-01-01,)' FROM b, m
        """
    )
    [duty] = members.list_duties(conn, county.compounds[0], TODAY)
    assert (duty.member, duty.place, duty.is_responsible) == ("楼长甲", "1号楼", False)
    assert members.list_duties(conn, county.compounds[1], TODAY) == []


def test_towns_are_counted_compound_by_compound(conn, county):
    add_duty(conn, county.compounds[0], "甲", "grid_worker", "[2025-01-01,)")
    add_duty(conn, county.compounds[1], "乙", "grid_worker", "[2025-01-01,)", deputy=True)
    add_duty(conn, county.compounds[2], "丙", "grid_worker", "[2025-01-01,2026-01-01)")
    east, west = members.count_by_town(conn, TODAY)
    assert (west.held, west.deputy, west.ended, west.vacant) == (1, 1, 1, 1)
    assert (east.held, east.deputy, east.ended, east.vacant) == (0, 0, 0, 4)


def test_search_finds_a_member_where_the_duty_is(conn, county):
    add_duty(conn, county.compounds[3], "欧阳建国", "grid_worker", "[2025-01-01,)")
    [hit] = searching.find(conn, "欧阳", TODAY)
    assert hit.kind == "member"
    assert hit.role_en == "Grid worker"
    assert hit.grid is not None
    assert hit.grid.grid_id == county.compounds[3]


def test_a_member_of_many_duties_is_found_once_among_others_and_everywhere_alone(conn, county):
    [member_id] = conn.execute(
        "INSERT INTO member (name, pinyin) VALUES ('欧阳建国', 'ouyangjianguo oyjg')"
        " RETURNING member_id"
    ).fetchone()
    for grid_id in county.compounds[:3]:
        conn.execute(
            "INSERT INTO duty (member_id, role, grid_id, term)"
            " VALUES (%s, 'grid_worker', %s, '[2025-01-01,)')",
            (member_id, grid_id),
        )
    for query in ("欧阳", "ouyang jian guo", "oyjg", "OY"):
        hits = searching.find(conn, query, TODAY)
        assert [hit.grid and hit.grid.grid_id for hit in hits] == county.compounds[:3], query
        assert {(hit.title, hit.more) for hit in hits} == {("欧阳建国", 0)}
    add_duty(conn, county.compounds[7], "欧阳小兰", "grid_worker", "[2025-01-01,)")
    several = searching.find(conn, "欧阳", TODAY)
    assert [(hit.title, hit.more) for hit in several] == [("欧阳小兰", 0), ("欧阳建国", 2)]
    # Ten buildings of one compound are one place.
    conn.execute(
        """
        WITH b AS (
            INSERT INTO building (name, households, geom)
            SELECT n || '号楼', 20, ST_SetSRID(ST_MakePoint(116.303 + n * 0.0001, 31.405), 4326)
            FROM generate_series(1, 10) n RETURNING building_id)
        INSERT INTO duty (member_id, role, building_id, term)
        SELECT %s, 'building_lead', building_id, '[2025-01-01,)' FROM b
        """,
        (member_id,),
    )
    assert [hit.more for hit in searching.find(conn, "欧阳", TODAY)] == [0, 2]


def test_a_town_counts_and_names_its_compounds_without_anybody(conn, county):
    add_duty(conn, county.compounds[0], "甲", "grid_worker", "[2025-01-01,)")
    add_duty(conn, county.compounds[1], "乙", "grid_worker", "[2025-01-01,)", deputy=True)
    add_duty(conn, county.compounds[2], "丙", "grid_worker", "[2025-01-01,2026-01-01)")
    counts = members.count_within(conn, county.towns[0], TODAY)
    assert (counts.held, counts.deputy, counts.ended, counts.vacant) == (1, 1, 1, 1)
    # Longest without anybody first.
    vacant, ended = members.list_unheld(conn, county.towns[0], TODAY)
    assert (ended.ref.grid_id, ended.state, ended.since) == (
        county.compounds[2], "ended", date(2026, 1, 1),
    )  # fmt: skip
    assert (vacant.ref.grid_id, vacant.state, vacant.community.grid_id) == (
        county.compounds[3], "vacant", county.communities[1],
    )  # fmt: skip
    # The same compounds, asked of the community that they are in.
    of_community = members.list_unheld(conn, county.communities[1], TODAY)
    assert [it.ref for it in of_community] == [vacant.ref, ended.ref]
    assert members.count_within(conn, county.communities[1], TODAY).total == 2


def test_ten_buildings_of_one_lead_are_one_entry(conn, county):
    conn.execute(
        """
        WITH m AS (INSERT INTO member (name) VALUES ('楼长甲') RETURNING member_id),
        b AS (
            INSERT INTO building (name, households, geom)
            SELECT n || '号楼', 20, ST_SetSRID(ST_MakePoint(116.303 + n * 0.0001, 31.405), 4326)
            FROM generate_series(1, 10) n RETURNING building_id, name)
        INSERT INTO duty (member_id, role, building_id, term)
        SELECT member_id, 'building_lead', building_id,
               CASE WHEN name = '3号楼' THEN '[2025-01-01,2027-01-01)'
                    ELSE '[2025-02-01,2026-12-01)' END::daterange
        FROM b, m
        """
    )
    [held] = members.fold(members.list_duties(conn, county.compounds[0], TODAY))
    assert [place.name for place in held.places] == [f"{n}号楼" for n in range(1, 11)]
    assert held.places[0] == Place("1号楼", None)
    assert (held.term_from, held.term_until) == (date(2025, 1, 1), date(2027, 1, 1))
    assert held.last_day == date(2026, 12, 31)
