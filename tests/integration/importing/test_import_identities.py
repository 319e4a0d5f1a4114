"""Who and what is meant by the rows of a list, on the first import and on the next."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from geodata.errors import InvalidInputError
from geodata.importing.files.requests import FileRequest
from geodata.importing.lists.buildings import import_buildings
from geodata.importing.lists.facilities import import_facilities
from geodata.importing.lists.members import import_members
from geodata.importing.lists.reading import ListImport
from geodata.importing.report.report import Report
from tests import county as square

Conn = psycopg.Connection[Any]
Import = Callable[..., Report]


@pytest.fixture
def ground(conn: Conn) -> Conn:
    """The square county of tests/county.py, written and committed."""
    square.build(conn)
    conn.commit()
    return conn


@pytest.fixture
def codes(ground: Conn) -> list[str]:
    """The codes of the compounds."""
    rows = ground.execute(
        "SELECT code FROM grid_version WHERE level = 'compound' ORDER BY code"
    ).fetchall()
    return [row[0] for row in rows]


def write_csv(path: Path, rows: list[list[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def run(conn: Conn, import_: Import, path: Path, rows: list[list[Any]], **options: Any) -> Report:
    order = ListImport(
        FileRequest(str(write_csv(path, rows))), options.pop("source", "测试"), **options
    )
    return import_(conn, order, progress=_no_progress)


def _no_progress(_stage: str, _share: float) -> None:
    """Show nothing."""


def kinds(report: Report) -> list[str]:
    return [finding.kind for finding in report.findings]


def in_office(conn: Conn) -> list[tuple[str, str | None, str]]:
    """Return name, phone and grid of everybody in office."""
    return conn.execute(
        """
        SELECT m.name, c.phone, v.code FROM duty d JOIN member m USING (member_id)
        LEFT JOIN member_contact c USING (member_id)
        JOIN grid_version v ON v.grid_id = d.grid_id WHERE d.term @> current_date ORDER BY 3, 1, 2
        """
    ).fetchall()


def people(conn: Conn) -> int:
    row = conn.execute("SELECT count(*) FROM member").fetchone()
    assert row is not None
    return row[0]


HEADER = ["姓名", "职务", "网格编码", "任职日期", "联系电话", "工号"]


def duty(name: str, code: str, phone: str = "", key: str = "") -> list[str]:
    return [name, "网格员", code, "2025-01-01", phone, key]


def test_namesakes_without_phones_are_a_question(
    ground: Conn, codes: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    rows = [HEADER, duty("周试甲", codes[0]), duty("周试甲", codes[1])]
    report = run(ground, import_members, path, rows)
    assert kinds(report) == ["who_is_meant"] * 2
    text = report.to_text()
    assert "row 2 周试甲 may be the same as row 3" in text
    assert "工号" in text
    assert "--different NAME" in text
    assert people(ground) == 0
    assert run(ground, import_members, path, rows, different=["周试甲"]).is_written
    assert people(ground) == 2
    # Decided once, the same list is nobody's question again.
    again = run(ground, import_members, path, rows)
    assert again.counts == {"new members": 0, "new duties": 0, "known duties": 2}
    assert people(ground) == 2


def test_one_person_in_two_places_by_decision(
    ground: Conn, codes: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    rows = [HEADER, duty("周试甲", codes[0]), duty("周试甲", codes[1])]
    run(ground, import_members, path, rows, same=["all"])
    assert people(ground) == 1
    assert len(in_office(ground)) == 2
    again = run(ground, import_members, path, rows)
    assert again.counts == {"new members": 0, "new duties": 0, "known duties": 2}


def test_a_new_phone_makes_no_second_person(ground: Conn, codes: list[str], tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    run(ground, import_members, path, [HEADER, duty("郑试丙", codes[0], "0564-0000011")])
    february = [HEADER, duty("郑试丙", codes[0], "0564-0000012")]
    report = run(ground, import_members, path, february)
    assert kinds(report) == ["new_number"]
    assert "0000011" not in report.to_text()
    assert "so far: …11 → …12" in report.to_text()
    assert in_office(ground) == [("郑试丙", "0564-0000012", codes[0])]
    assert kinds(run(ground, import_members, path, february)) == []
    two = [HEADER, duty("郑试丙", codes[0], "0564-0000013")]
    run(ground, import_members, path, two, different=["郑试丙"])
    assert people(ground) == 2


def terms(conn: Conn) -> list[str]:
    rows = conn.execute("SELECT term::text FROM duty ORDER BY term").fetchall()
    return [row[0] for row in rows]


DATED = ["姓名", "职务", "网格编码", "任职日期", "截止日期", "联系电话"]


def dated(
    code: str, first: str, last: str = "", *, name: str = "周试甲", phone: str = "1"
) -> list[str]:
    return [name, "网格员", code, first, last, phone]


def test_a_later_first_day_shortens_no_history(
    ground: Conn, codes: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    run(ground, import_members, path, [DATED, dated(codes[0], "2024-01-01")])
    report = run(ground, import_members, path, [DATED, dated(codes[0], "2025-06-01")])
    assert kinds(report) == ["first_day_kept"]
    assert "in office since 2024-01-01, as known; the file says 2025-06-01" in report.to_text()
    assert terms(ground) == ["[2024-01-01,)"]
    # A list that gives no first day says nothing about it.
    assert kinds(run(ground, import_members, path, [DATED, dated(codes[0], "")])) == []
    assert terms(ground) == ["[2024-01-01,)"]
    # As the report advises: two rows part the term, whichever comes first.
    parted = [dated(codes[0], "2025-06-01"), dated(codes[0], "2024-01-01", "2024-12-31")]
    report = run(ground, import_members, path, [DATED, *parted])
    assert kinds(report) == ["last_day_changed"]
    assert "last day none → 2024-12-31" in report.to_text()
    assert terms(ground) == ["[2024-01-01,2025-01-01)", "[2025-06-01,)"]
    assert kinds(run(ground, import_members, path, [DATED, *parted])) == []


def test_an_earlier_first_day_is_taken_and_listed(
    ground: Conn, codes: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    run(ground, import_members, path, [DATED, dated(codes[0], "2024-01-01")])
    report = run(ground, import_members, path, [DATED, dated(codes[0], "2023-01-01")])
    assert kinds(report) == ["first_day_earlier"]
    assert terms(ground) == ["[2023-01-01,)"]


def test_a_row_over_several_known_terms_is_refused(
    ground: Conn, codes: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    both = [dated(codes[0], "2020-01-01", "2021-12-31"), dated(codes[0], "2024-01-01")]
    run(ground, import_members, path, [DATED, *both])
    over = [dated(codes[0], "2021-01-01"), dated(codes[1], "2024-01-01")]
    report = run(ground, import_members, path, [DATED, *over])
    assert kinds(report) == ["several_terms"]
    assert "2020-01-01 to 2021-12-31, from 2024-01-01 on" in report.to_text()
    assert len(terms(ground)) == 2
    left = run(ground, import_members, path, [DATED, *over], skip_bad_rows=True)
    assert left.counts == {"new members": 0, "new duties": 1, "known duties": 0}


def test_changed_spellings_are_listed(ground: Conn, codes: list[str], tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    first = dated(codes[0], "2024-01-01", name="Zhou Shijia", phone="0564-0000011")
    run(ground, import_members, path, [DATED, first])
    other = dated(codes[0], "2024-01-01", name="ZHOU Shijia", phone="0564 0000011")
    report = run(ground, import_members, path, [DATED, other])
    assert kinds(report) == ["renamed", "other_phone"]
    text = report.to_text()
    assert "row 2 ZHOU Shijia was “Zhou Shijia” so far" in text
    assert "…11 → …11 (the same, written differently)" in text
    more = dated(codes[0], "2024-01-01", name="ZHOU Shijia", phone="0564 0000011、0564 0000012")
    report = run(ground, import_members, path, [DATED, more])
    assert kinds(report) == ["other_phone"]
    assert "…11 → …11, …12" in report.to_text()
    assert "00000" not in report.to_text()
    assert kinds(run(ground, import_members, path, [DATED, more])) == []


def test_staff_numbers_tell_who_is_meant(ground: Conn, codes: list[str], tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    run(ground, import_members, path, [HEADER, duty("周试甲", codes[0])])
    rows = [HEADER, duty("周试甲", codes[0], "", "17"), duty("周试甲", codes[1], "", "18")]
    assert run(ground, import_members, path, rows).counts["new members"] == 1
    # From then on the number says it, whatever else changes.
    moved = [HEADER, duty("周试乙", codes[1], "1", "17"), duty("周试甲", codes[1], "", "18")]
    report = run(ground, import_members, path, moved)
    assert kinds(report) == ["number_of_another"]
    assert run(ground, import_members, path, moved, same=["周试乙"]).is_written
    assert people(ground) == 2
    names = ground.execute("SELECT name FROM member ORDER BY external_key").fetchall()
    assert names == [("周试乙",), ("周试甲",)]


def test_one_staff_number_for_two_names(ground: Conn, codes: list[str], tmp_path: Path) -> None:
    rows = [HEADER, duty("周试甲", codes[0], "", "17"), duty("吴试乙", codes[1], "", "17")]
    report = run(ground, import_members, tmp_path / "members.csv", rows)
    assert kinds(report) == ["one_number_two_names"]
    assert people(ground) == 0


def test_two_lists_that_name_one_person(ground: Conn, codes: list[str], tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    rows = [HEADER, duty("郑试丙", codes[0], "0564-0000011")]
    run(ground, import_members, path, rows, source="民政局")
    report = run(ground, import_members, path, rows, source="社工部")
    assert kinds(report) == ["known_elsewhere"]
    assert report.counts == {"new members": 0, "new duties": 0, "known duties": 1}
    assert people(ground) == 1


def test_who_is_in_the_list_no_more_stays_and_is_named(
    ground: Conn, codes: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    both = [HEADER, duty("周试甲", codes[0], "1"), duty("吴试乙", codes[1], "2")]
    run(ground, import_members, path, both)
    report = run(ground, import_members, path, both[:2])
    assert kinds(report) == ["not_in_list"]
    assert "吴试乙" in report.to_text()
    assert len(in_office(ground)) == 2


def test_rows_in_doubt_can_be_left_out(ground: Conn, codes: list[str], tmp_path: Path) -> None:
    rows = [HEADER, duty("周试甲", codes[0]), duty("周试甲", codes[1]), duty("吴试乙", codes[2])]
    report = run(ground, import_members, tmp_path / "m.csv", rows, skip_bad_rows=True)
    assert report.counts["new members"] == 1
    assert [row[0] for row in in_office(ground)] == ["吴试乙"]


def test_a_decision_about_nobody_is_refused(ground: Conn, codes: list[str], tmp_path: Path) -> None:
    rows = [HEADER, duty("周试甲", codes[0])]
    with pytest.raises(InvalidInputError, match="--same 周试田: no row has this name"):
        run(ground, import_members, tmp_path / "members.csv", rows, same=["周试田"])


SITES = ["名称", "kind", "编号", "经度", "纬度", "地址"]
# About 95 m to a thousandth of a degree of longitude here.
HERE, BESIDE, ACROSS = (116.311, 31.411), (116.3112, 31.411), (116.331, 31.431)
BOTH = pytest.mark.parametrize("import_", [import_facilities, import_buildings])


def site(name: str, spot: tuple[float, float], code: str = "", address: str = "") -> list[Any]:
    return [name, "clinic", code, *spot, address]


def stored(conn: Conn, import_: Import) -> list[tuple[int, float]]:
    """Return id and longitude of every facility or building."""
    if import_ is import_facilities:
        rows = conn.execute("SELECT facility_id, ST_X(geom) FROM facility ORDER BY 1")
    else:
        rows = conn.execute("SELECT building_id, ST_X(geom) FROM building ORDER BY 1")
    return rows.fetchall()


@BOTH
def test_two_sites_of_one_name_stay_two(ground: Conn, tmp_path: Path, import_: Import) -> None:
    path = tmp_path / "sites.csv"
    rows = [SITES, site("村卫生室", HERE), site("村卫生室", ACROSS)]
    assert run(ground, import_, path, rows).is_written
    before = stored(ground, import_)
    assert len(before) == 2
    again = run(ground, import_, path, [SITES, *rows[:0:-1]])
    assert not any(again.counts.values())
    assert not again.findings
    assert stored(ground, import_) == before


@BOTH
def test_a_site_measured_again_is_the_same(ground: Conn, tmp_path: Path, import_: Import) -> None:
    path = tmp_path / "sites.csv"
    run(ground, import_, path, [SITES, site("村卫生室", HERE), site("村卫生室", ACROSS)])
    before = stored(ground, import_)
    rows = [SITES, site("村卫生室", BESIDE), site("村卫生室", ACROSS)]
    report = run(ground, import_, path, rows)
    assert kinds(report) == ["moved"]
    assert stored(ground, import_) == [(before[0][0], BESIDE[0]), before[1]]
    # Another one that opens at the first place is a third, whatever the first is stored by.
    more = [*rows, site("村卫生室", (116.3109, 31.4165))]
    assert run(ground, import_, path, more).is_written
    third = [SITES, *more[1:], site("村卫生室", HERE)]
    run(ground, import_, path, third, different=["村卫生室"])
    assert len(stored(ground, import_)) == 4


@BOTH
def test_a_site_farther_away_is_a_question(ground: Conn, tmp_path: Path, import_: Import) -> None:
    path = tmp_path / "sites.csv"
    run(ground, import_, path, [SITES, site("村卫生室", HERE)])
    before = stored(ground, import_)
    moved = [SITES, site("村卫生室", (116.315, 31.411))]
    report = run(ground, import_, path, moved)
    assert kinds(report) == ["which_site"]
    assert "row 2 村卫生室 lies 380 m from the one known" in report.to_text()
    assert stored(ground, import_) == before
    assert run(ground, import_, path, moved, same=["村卫生室"]).is_written
    assert stored(ground, import_) == [(before[0][0], 116.315)]
    assert run(ground, import_, path, [SITES, site("村卫生室", HERE)], different=["all"])
    assert len(stored(ground, import_)) == 2


@BOTH
def test_a_code_that_is_added_finds_the_site(ground: Conn, tmp_path: Path, import_: Import) -> None:
    path = tmp_path / "sites.csv"
    run(ground, import_, path, [SITES, site("村卫生室", HERE), site("村卫生室", ACROSS)])
    before = stored(ground, import_)
    rows = [SITES, site("村卫生室", HERE, "A1"), site("村卫生室", ACROSS, "A2")]
    run(ground, import_, path, rows)
    assert stored(ground, import_) == before
    swapped = [SITES, site("村卫生室", ACROSS, "A1"), site("村卫生室", HERE, "A2")]
    assert kinds(run(ground, import_, path, swapped)) == ["moved", "moved"]
    assert [lon for _, lon in stored(ground, import_)] == [ACROSS[0], HERE[0]]


def test_a_facility_is_known_by_its_address(ground: Conn, tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    run(ground, import_facilities, path, [SITES, site("药店", HERE, "", "中心路1号")])
    report = run(ground, import_facilities, path, [SITES, site("药店", ACROSS, "", "中心路1号")])
    assert kinds(report) == ["moved"]
    assert len(stored(ground, import_facilities)) == 1


def test_a_building_of_that_name_far_away_is_another(ground: Conn, tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    run(ground, import_buildings, path, [SITES, site("1号楼", HERE)])
    report = run(ground, import_buildings, path, [SITES, site("1号楼", ACROSS)])
    assert report.counts == {"new buildings": 1, "updated buildings": 0}
    assert not report.findings
