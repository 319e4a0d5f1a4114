"""``gridmap plan``: boundaries drawn and published without a browser."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from geodata.database import clock
from geodata.errors import GridMapError
from geodata.grids import reading as grids
from geodata.model import Point
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
    return CliRunner().invoke(gridmap, ["plan", *words], input=typed, catch_exceptions=False)


def split(county: County) -> dict[str, Any]:
    line = [[116.305, 31.39], [116.3052, 31.41]]
    return {"do": "split", "grid": county.compounds[0], "line": line, "name": "新苑"}


def test_from_a_file_to_the_county_and_back(conn: Conn, county: County, tmp_path: Path) -> None:
    assert run("list").output == "There are no plans.\n"
    day = clock.today() + timedelta(days=3)
    made = run("new", "河东扩界", "--purpose", "新建小区", "--on", day.isoformat())
    assert made.output == f"1  Draft  {day}  河东扩界\n"
    file = tmp_path / "operations.json"
    file.write_text(json.dumps([split(county), {"do": "count", "grid": -1, "households": 60}]))
    assert run("do", "1", str(file)).output == "2 done; the plan has 2 steps.\n"
    assert "1 of 2 steps are done" in run("undo", "1").output
    assert "(undone)" in run("show", "1").output
    assert "2 of 2 steps are done" in run("redo", "1").output
    assert run("check", "1").exit_code == 0
    told = run("consequences", "1").output
    assert "made      新苑  341525100001003  households - > 60" in told
    assert "新苑: nobody is responsible yet" in told
    paper = tmp_path / "plan.pdf"
    assert run("document", "1", str(paper), "--for", "posting").exit_code == 0
    assert paper.read_bytes().startswith(b"%PDF-")
    for deed in ("submit", "approve"):
        assert run("advance", "1", deed).exit_code == 0
    assert "Grid -1 is number 16 now." in run("publish", "1").output
    conn.commit()
    assert grids.locate(conn, Point(116.307, 31.405), day).path[-1].name == "新苑"
    assert run("opposite", "1", "撤销", "--on", day.isoformat()).exit_code == 0
    assert run("list").output.splitlines()[0].startswith("2  Draft")


def test_all_operations_of_a_file_or_none(conn: Conn, county: County) -> None:
    run("new", "x")
    todo = [split(county), {"do": "merge", "grid": 4711, "other": 1}]
    with pytest.raises(GridMapError, match="4711"):
        run("do", "1", "-", typed=json.dumps(todo))
    assert conn.execute("SELECT count(*) FROM plan_step").fetchone() == (0,)
    with pytest.raises(GridMapError, match="not JSON"):
        run("do", "1", "-", typed="{")


def test_what_blocks_is_said_with_its_place_until_it_is_let_stand(
    conn: Conn, county: County
) -> None:
    run("new", "x")
    over = {"do": "hand_over", "grid": county.compounds[1], "parent": county.communities[3]}
    run("do", "1", "-", typed=json.dumps(over))
    checked = run("check", "1")
    assert checked.exit_code == 1
    lines = [line for line in checked.output.splitlines() if line.startswith("!")]
    assert len(lines) == 2
    assert "not in one piece" in lines[0]
    assert "116.31" in lines[0]
    with pytest.raises(GridMapError, match="2 must be fixed"):
        run("advance", "1", "submit")
    for line in lines:
        run("accept", "1", line[-17:-1], "飞地")
    assert run("check", "1").exit_code == 0
    assert "Accepted: 飞地" in run("check", "1").output
    run("advance", "1", "submit")
    with pytest.raises(GridMapError, match="Say why"):
        run("advance", "1", "return")
