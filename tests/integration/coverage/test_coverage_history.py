"""What is written down of past months: equal to what is computed when asked for, and it stays."""

from __future__ import annotations

from datetime import date

import pytest
from click.testing import CliRunner
from county import add_duty, build

from geodata.alerts import notifications
from geodata.alerts.notifications import NotificationFilter
from geodata.coverage.figures import history, reading, recording
from geodata.coverage.figures import keeping as figures
from geodata.database import clock
from scripts.cli.__main__ import gridmap

TODAY = date(2026, 6, 15)


@pytest.fixture
def county(conn):
    """A county whose first grid worker began in March 2026, and whose second one has left since."""
    made = build(conn)
    add_duty(conn, made.compounds[0], "甲", "grid_worker", "[2026-03-10,)")
    add_duty(conn, made.compounds[2], "乙", "grid_worker", "[2025-12-01,2026-05-20)")
    conn.commit()
    return made


def write_down(conn, today=TODAY, again_from=None) -> list[date]:
    return [
        d
        for d, kinds in recording.due(conn, today, again_from)
        if recording.record(conn, d, kinds, is_again=again_from is not None and d >= again_from)
    ]


def shares(conn, grid_id, kind="grid_worker", until=TODAY) -> dict[str, float | None]:
    points = history.of_grid(conn, grid_id, until, is_rounded=False).get(kind, [])
    return {point.day.isoformat()[:7]: point.share for point in points}


def test_months_go_back_two_years_and_not_beyond_the_records():
    days = history.months(date(2020, 1, 1), date(2026, 6, 15))
    assert (len(days), days[0], days[-1]) == (25, date(2026, 6, 1), date(2024, 6, 1))
    assert history.months(date(2026, 5, 1), date(2026, 6, 15)) == [
        date(2026, 6, 1),
        date(2026, 5, 1),
    ]
    assert history.months(date(2026, 6, 2), date(2026, 6, 15)) == []


def test_what_is_written_down_is_what_would_be_computed(conn, county):
    assert write_down(conn) == history.months(date(2024, 1, 1), TODAY)
    grids = (county.county, *county.towns, *county.communities)
    for day in (date(2025, 11, 1), date(2026, 4, 1), date(2026, 6, 1)):
        figures.ensure(conn, day)
        for grid_id in grids:
            computed = {
                each.kind: (each.households, each.met)
                for each in reading.read_grid(conn, grid_id, day, is_rounded=False)
            }
            written = {
                kind: (points[-1].households, points[-1].met)
                for kind, points in history.of_grid(conn, grid_id, day, is_rounded=False).items()
            }
            assert written == computed
    # Every column, row by row.
    different = conn.execute(
        """
        WITH computed AS (
            SELECT grid_id, kind, households, estimated, reached, met, over_capacity, too_few,
                   too_far, nobody, term_ended, c.is_rounded
            FROM coverage_grid c JOIN coverage_stretch s USING (stretch_id)
            JOIN grid g USING (grid_id)
            WHERE s.valid @> date '2026-04-01' AND g.level <> 'compound'),
        written AS (
            SELECT grid_id, kind, households, estimated, reached, met, over_capacity, too_few,
                   too_far, nobody, term_ended, is_rounded
            FROM coverage_record WHERE day = '2026-04-01')
        (TABLE computed EXCEPT TABLE written) UNION ALL (TABLE written EXCEPT TABLE computed)
        """
    ).fetchall()
    assert different == []


def test_a_trend_shows_when_somebody_came_and_went(conn, county):
    write_down(conn)
    found = shares(conn, county.county)
    assert (found["2025-11"], found["2025-12"], found["2026-04"]) == (0, 1 / 8, 2 / 8)
    assert (found["2026-05"], found["2026-06"]) == (2 / 8, 1 / 8)
    assert shares(conn, county.communities[0])["2026-04"] == 1 / 2


def test_filling_in_leaves_the_stretches_alone(conn, county):
    figures.ensure(conn, TODAY)
    before = conn.execute("SELECT stretch_id, valid FROM coverage_stretch").fetchall()
    write_down(conn)
    assert conn.execute("SELECT stretch_id, valid FROM coverage_stretch").fetchall() == before


def test_what_stands_stays_until_it_is_asked_for_anew(conn, county):
    write_down(conn)
    # Found out in June: somebody has been there since January.
    add_duty(conn, county.compounds[4], "丙", "grid_worker", "[2026-01-05,)")
    assert write_down(conn) == []
    assert shares(conn, county.county)["2026-04"] == 2 / 8
    assert write_down(conn, again_from=date(2026, 4, 1)) == [
        date(2026, 6, 1), date(2026, 5, 1), date(2026, 4, 1),
    ]  # fmt: skip
    found = shares(conn, county.county)
    assert (found["2026-03"], found["2026-04"]) == (1 / 8, 3 / 8)


def test_what_stands_gets_its_rounded_twin_and_stays(conn, county):
    write_down(conn)
    known = shares(conn, county.county)
    conn.execute("UPDATE coverage_recorded SET rounded_to = NULL")
    conn.execute("DELETE FROM coverage_record WHERE is_rounded")
    add_duty(conn, county.compounds[4], "丙", "grid_worker", "[2026-01-05,)")
    assert history.of_grid(conn, county.county, TODAY, is_rounded=True) == {}
    assert len(write_down(conn)) == 25
    assert shares(conn, county.county) == known
    told = history.of_grid(conn, county.county, TODAY, is_rounded=True)["grid_worker"]
    assert len(told) == 25
    assert write_down(conn) == []


def test_a_new_month_and_a_new_kind_are_filled_in(conn, county):
    write_down(conn)
    assert write_down(conn, date(2026, 7, 1)) == [date(2026, 7, 1)]
    conn.execute(
        "INSERT INTO facility (kind, name, geom) VALUES ('clinic', '卫生室',"
        " ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    due = recording.due(conn, TODAY)
    assert {kind.kind for _, kinds in due for kind in kinds} == {"clinic"}
    assert len(write_down(conn)) == 25


def test_without_households_there_is_nothing_to_write_down(conn, county):
    conn.execute("UPDATE grid_version SET households = 0")
    assert write_down(conn) == []
    assert recording.due(conn, TODAY)


def test_commands_fill_in_evaluate_and_list(conn, county, database_url, monkeypatch):
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)
    done = CliRunner().invoke(gridmap, ["coverage-history"])
    assert done.exit_code == 0, done.output
    assert len(done.output.splitlines()) == 25
    assert CliRunner().invoke(gridmap, ["coverage-history"]).output == "Nothing was missing.\n"
    conn.execute(
        "INSERT INTO alert_rule (kind, level, scope_id, measure, amount, active)"
        " VALUES ('grid_worker', 'town', %s, 'share', 20, %s)",
        (county.county, f"[{clock.today()},)"),
    )
    conn.commit()
    said = CliRunner().invoke(gridmap, ["alerts"]).output.splitlines()
    assert said[0] == "1 raised, 0 over, 1 open"
    assert "佛子岭镇" in said[1]
    assert "served: 0 %, households unserved: 400" in said[1]
    assert notifications.count(conn, NotificationFilter()) == 1
