"""The handed files of a small county, brought as plans by the command line to their publication."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from geodata.database import clock
from geodata.errors import GridMapError
from geodata.plans import checking, keeping
from scripts.cli.__main__ import gridmap
from tests.handed import CASES, handed

Conn = psycopg.Connection[Any]
HERE = CASES / "grids"
COLUMNS = ("--name", "n", "--code", "c")
pytestmark = handed


def run(*words: str) -> Result:
    return CliRunner().invoke(gridmap, list(words), catch_exceptions=False)


def bring(name: str, level: str, *words: str) -> Result:
    return run("import", "grids", str(HERE / name), "--level", level, *COLUMNS, *words)


@pytest.fixture(autouse=True)
def county(conn: Conn, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)
    since = ("--valid-from", "2020-01-01")
    for name, level in (("county", "county"), ("towns", "town"), ("communities", "community")):
        assert bring(f"{name}.geojson", level, *since).exit_code == 0
    done = bring("compounds.geojson", "compound", *since, "--households", "h")
    assert done.exit_code == 0
    assert run("import", "members", str(HERE / "community-chiefs.csv")).exit_code == 0
    conn.commit()


def publish() -> None:
    for deed in ("submit", "approve"):
        done = run("plan", "advance", "1", deed)
        assert done.exit_code == 0, done.output
    assert run("plan", "publish", "1").exit_code == 0


def chiefs(conn: Conn) -> dict[str, tuple[str, str]]:
    """Return name and code of the village of which each is chief today."""
    conn.commit()
    rows = conn.execute(
        "SELECT m.name, v.name, v.code FROM duty d JOIN member m USING (member_id)"
        " JOIN grid_version v USING (grid_id)"
        " WHERE v.valid @> %(on)s::date AND d.term @> %(on)s::date",
        {"on": clock.today()},
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def test_two_villages_merged_under_a_new_code(conn: Conn, tmp_path: Path) -> None:
    plain = bring("gen-merge-newcode.geojson", "community")
    assert plain.exit_code == 1
    assert "--as-plan NAME" in plain.output
    report, table = tmp_path / "report.json", tmp_path / "table.csv"
    done = bring(
        "gen-merge-newcode.geojson", "community", "--as-plan", "并村",
        "--report", str(report), "--write-table", str(table),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Plan 1 was made" in done.output
    assert [each["text"] for each in json.loads(report.read_text())["differences"]] == [
        "row 1 990101001003 新一村: renamed from 一村; recoded from 990101001001;"
        " border moved: 8,007,635 m² gained, 0 m² lost; takes in 990101001002 二村",
        "990101001002 二村: ends, merged into row 1 990101001003 新一村",
    ]
    assert "990101001002,二村,990101001003,新一村,," in table.read_text("utf-8-sig")
    publish()
    assert run("check").exit_code == 0
    assert chiefs(conn) == {"赵一村长": ("新一村", "990101001003")}


def test_the_edited_table_is_taken_back(conn: Conn, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    proposed = bring(
        "gen-merge-newcode.geojson", "community", "--dry-run", "--write-table", str(table)
    )
    assert proposed.exit_code == 1
    lines = table.read_text("utf-8-sig").replace("√", "").splitlines()
    lines[2] = lines[2].replace("新一村,,", "新一村,是,")
    table.write_text("\n".join(lines), "gbk")
    done = bring(
        "gen-merge-newcode.geojson", "community", "--as-plan", "并村", "--table", str(table)
    )
    assert done.exit_code == 0, done.output
    assert "renamed from 二村" in done.output
    publish()
    assert chiefs(conn) == {"钱二村长": ("新一村", "990101001003")}


def test_all_villages_recoded(conn: Conn) -> None:
    assert bring("gen-recode.geojson", "community").exit_code == 1
    assert bring("gen-recode.geojson", "community", "--as-plan", "新编码").exit_code == 0
    publish()
    assert run("check").exit_code == 0
    assert chiefs(conn) == {
        "赵一村长": ("一村", "990101001501"), "钱二村长": ("二村", "990101001502"),
    }  # fmt: skip


def test_swapped_codes_leave_the_chiefs_on_their_ground(conn: Conn) -> None:
    assert bring("gen-swapped-codes.geojson", "community", "--as-plan", "换编码").exit_code == 0
    publish()
    assert run("check").exit_code == 0
    assert chiefs(conn) == {
        "赵一村长": ("一村", "990101001002"), "钱二村长": ("二村", "990101001001"),
    }  # fmt: skip


def test_a_moved_village_border_names_what_it_cuts(conn: Conn) -> None:
    done = bring("villages-border-moved.geojson", "community", "--as-plan", "村界")
    assert done.exit_code == 0, done.output
    for text in (
        "环湖小区 leaves 一村, in which it lies. (480,503 m²)",
        "下坪 leaves 一村, in which it lies. (300,270 m²)",
    ):
        assert text in done.output
    with pytest.raises(GridMapError, match="2 must be fixed"):
        run("plan", "advance", "1", "submit")
    # What is cut off is taken off each, as the check offers it.
    fixes = [
        dict(each.fix)
        for each in checking.find(conn, keeping.get(conn, 1))
        if each.is_blocking and each.fix
    ]
    conn.rollback()
    assert [fix["do"] for fix in fixes] == ["trim", "trim"]
    for fix in fixes:
        done = CliRunner().invoke(gridmap, ["plan", "do", "1", "-"], input=json.dumps(fix))
        assert done.exit_code == 0
    publish()
    assert run("check").exit_code == 0


def test_a_moved_town_border_names_the_village_that_it_cuts(conn: Conn) -> None:
    done = bring("towns-border-moved.geojson", "town", "--as-plan", "镇界")
    assert done.exit_code == 0, done.output
    assert "二村 leaves 东港镇, in which it lies. (4,003,818 m²)" in done.output
    assert run("plan", "check", "1").exit_code == 1
    # Both halves have a compound on the border: the office gives the whole village over.
    rows = conn.execute(
        "SELECT code, grid_id FROM grid_version WHERE code IN ('990101001002', '990101002')"
    ).fetchall()
    conn.rollback()
    ids = dict(rows)
    over = {"do": "hand_over", "grid": ids["990101001002"], "parent": ids["990101002"]}
    done = CliRunner().invoke(gridmap, ["plan", "do", "1", "-"], input=json.dumps(over))
    assert done.exit_code == 0, done.output
    assert run("plan", "check", "1").exit_code == 0
    publish()
    assert run("check").exit_code == 0
    assert chiefs(conn)["钱二村长"] == ("二村", "990101002003")


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("code_old,code_new\n1,2\n")
    for words, text in (
        (("--table", str(table)), "--table needs --as-plan"),
        (("--purpose", "x"), "--purpose needs --as-plan"),
        (("--write-table", str(table)), "--write-table needs"),
        (
            ("--dry-run", "--write-table", str(table), "--report", str(table)),
            "--report and --write-table name one file",
        ),
        (("--as-plan", " "), "needs a title"),
    ):
        with pytest.raises(GridMapError, match=text):
            bring("gen-recode.geojson", "community", *words)


def test_a_table_is_written_over_nothing_that_is_read(conn: Conn, tmp_path: Path) -> None:
    """Nor anywhere where it cannot be: before the first write, as reports are."""
    file, table, report = (tmp_path / name for name in ("villages.csv", "t.csv", "r.csv"))
    # A map is read whatever its file is called.
    file.write_bytes((HERE / "gen-merge-newcode.geojson").read_bytes())
    table.write_text("code_old,code_new\n990101001001,990101001003\n")
    before = file.read_bytes(), table.read_bytes()
    plan = ("--as-plan", "并村")
    for words, said in (
        ((*plan, "--write-table", str(file)), "is the file that is read"),
        ((*plan, "--table", str(table), "--write-table", str(table)), "is the file that is read"),
        ((*plan, "--table", str(table), "--report", str(table)), "is the file that is read"),
        ((*plan, "--write-table", str(tmp_path / "no" / "t.csv")), "is not there"),
        ((*plan, "--write-table", str(tmp_path / "t.xlsx")), "does not end in one of: .csv"),
    ):
        done = run("import", "grids", str(file), "--level", "community", *COLUMNS, *words)
        assert done.exit_code == 2, done.output
        assert said in done.output
    # Below a file that is no folder, no matter who one is.
    with pytest.raises(GridMapError, match="cannot be written"):
        bring("gen-merge-newcode.geojson", "community", *plan, "--write-table", "/proc/t.csv")
    assert (file.read_bytes(), table.read_bytes()) == before
    assert conn.execute("SELECT count(*) FROM plan").fetchone() == (0,)
    run(
        "import", "grids", str(file), "--level", "community", *COLUMNS, "--dry-run",
        "--report", str(report), "--write-table", str(tmp_path / "both.csv"),
    )  # fmt: skip
    assert report.read_text("utf-8-sig").startswith("severity,")
    assert (tmp_path / "both.csv").read_text("utf-8-sig").startswith("code_old,")


def test_a_plan_gets_another_day() -> None:
    words = ("--as-plan", "新编码", "--valid-from", "2025-01-01")
    done = bring("gen-recode.geojson", "community", *words)
    assert done.exit_code == 0
    assert "what is past is not published" in done.output
    day = clock.today().isoformat()
    assert run("plan", "change", "1", "--on", day).output == f"1  Draft  {day}  新编码\n"
    publish()
    assert run("check").exit_code == 0
