"""Files that commands write: refused before the first write, whole or not at all, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from geodata.errors import InvalidInputError, SetupError
from geodata.importing.files.refusals import FileRefusedError
from scripts.cli.__main__ import gridmap
from tests import faults
from tests.faults import COUNTY

Conn = psycopg.Connection[Any]
Prepare = Callable[[Path], Path]


@pytest.fixture(autouse=True)
def terminal(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)


@pytest.fixture
def county(tmp_path: Path) -> Path:
    content = faults.features([COUNTY], ["341525"], ["霍山县"])
    return faults.write_json(tmp_path / "county.geojson", content)


def run(*words: str) -> Result:
    return CliRunner().invoke(gridmap, words, catch_exceptions=False)


def bring(county: Path, report: Path) -> Result:
    return run(
        "import", "grids", str(county), "--level", "county", "--name", "name", "--code", "code",
        "--report", str(report),
    )  # fmt: skip


def missing_folder(folder: Path) -> Path:
    return folder / "not" / "there.json"


def folder_itself(folder: Path) -> Path:
    (folder / "made.json").mkdir()
    return folder / "made.json"


def below_a_file(folder: Path) -> Path:
    (folder / "file").write_text("")
    return folder / "file" / "report.json"


def read_only(folder: Path) -> Path:
    path = folder / "old.json"
    path.write_text("kept")
    path.chmod(0o444)
    return path


def loop_of_links(folder: Path) -> Path:
    (folder / "one.json").symlink_to(folder / "two.json")
    (folder / "two.json").symlink_to(folder / "one.json")
    return folder / "one.json"


def name_too_long(folder: Path) -> Path:
    return folder / ("长" * 100 + ".json")


WRONG: tuple[tuple[Prepare, str], ...] = (
    (missing_folder, "is not there: make it first"),
    (folder_itself, "is a folder"),
    (below_a_file, "is no folder"),
    (read_only, "is read-only"),
    (loop_of_links, "cannot be written"),
    (name_too_long, "cannot be written"),
)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder with what is in them."""
    files = [each for each in folder.iterdir() if not each.is_symlink() and each.is_file()]
    return {each.name: each.read_bytes() for each in files}


def grids_of(conn: Conn) -> int:
    row = conn.execute("SELECT count(*) FROM grid_version").fetchone()
    assert row
    return row[0]


@pytest.mark.parametrize(("prepare", "said"), WRONG)
def test_report_that_cannot_be_written_stops_the_import(
    conn: Conn, county: Path, tmp_path: Path, prepare: Prepare, said: str
) -> None:
    path = prepare(tmp_path)
    before = contents(tmp_path)
    done = bring(county, path)
    assert done.exit_code == 2
    assert said in done.output
    assert "--report" in done.output
    assert grids_of(conn) == 0
    assert contents(tmp_path) == before


def test_disk_that_is_full_stops_the_import(conn: Conn, county: Path, tmp_path: Path) -> None:
    (tmp_path / "full.json").symlink_to("/dev/full")
    with pytest.raises(SetupError, match="No space left on device"):
        bring(county, tmp_path / "full.json")
    assert grids_of(conn) == 0


@pytest.mark.parametrize("name", ["report.pdf", "report.xlsx", "report"])
def test_report_in_a_form_that_is_not_written(
    conn: Conn, county: Path, tmp_path: Path, name: str
) -> None:
    done = bring(county, tmp_path / name)
    assert done.exit_code == 2
    assert ".json, .csv, .txt" in done.output
    assert grids_of(conn) == 0


def test_report_never_takes_the_place_of_the_file_that_is_read(conn: Conn, tmp_path: Path) -> None:
    content = faults.features([COUNTY], ["341525"], ["霍山县"])
    path = faults.write_json(tmp_path / "county.json", content)
    before = path.read_bytes()
    (tmp_path / "other.json").hardlink_to(path)
    for report in (path, tmp_path / "other.json"):
        done = bring(path, report)
        assert done.exit_code == 2
        assert "is the file that is read" in done.output
    assert path.read_bytes() == before
    assert grids_of(conn) == 0


def test_report_is_whole_and_takes_the_place_of_an_older_one(
    conn: Conn, county: Path, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    path.write_text("older")
    path.chmod(0o640)
    assert bring(county, path).exit_code == 0
    assert json.loads(path.read_text("utf-8"))["counts"]["new counties"] == 1
    assert path.stat().st_mode & 0o777 == 0o640
    assert grids_of(conn) == 1
    assert [each.name for each in tmp_path.glob(".gridmap*")] == []


def test_failed_import_leaves_an_older_report(county: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("older")
    county.write_text("{}")
    with pytest.raises(FileRefusedError):
        bring(county, path)
    assert path.read_text() == "older"
    assert [each.name for each in tmp_path.glob(".gridmap*")] == []


@pytest.mark.parametrize("ending", [".pdf", ".xlsx", ".gpkg", ".svg"])
def test_all_other_commands_that_write_refuse_alike(tmp_path: Path, ending: str) -> None:
    missing = str(tmp_path / "not" / f"there{ending}")
    done = run("report", "coverage", "--kind", "clinic", "--out", missing)
    assert (done.exit_code, "is not there" in done.output) == (2, True)
    done = run("plan", "document", "1", missing)
    assert (done.exit_code, "is not there" in done.output) == (2, True)
    old = tmp_path / f"old{ending}"
    old.write_text("kept")
    old.chmod(0o444)
    for words in (("report", "coverage", "--out", str(old)), ("plan", "document", "1", str(old))):
        done = run(*words)
        assert (done.exit_code, "is read-only" in done.output) == (2, True)
    assert old.read_text() == "kept"


def test_base_map_is_refused_before_it_is_made(county: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out, said in (
        (tmp_path / "file" / "base.pmtiles", "is no folder"),
        (tmp_path, "is a folder"),
        (county, "is the file that is read"),
    ):
        done = run("basemap", "make", f"water={county}", "--attribution", "县", "--out", str(out))
        assert (done.exit_code, said in done.output) == (2, True), done.output
    assert "FeatureCollection" in county.read_text("utf-8")


def test_home_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRIDMAP_HOME", str(tmp_path / "file"))
    with pytest.raises(SetupError, match=r"basemap\.toml cannot be written"):
        run("basemap", "use", "none")


def test_operations_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "operations.json"
    path.write_bytes('[{"do": "split", "name": "衡山"}]'.encode("gbk"))
    with pytest.raises(InvalidInputError, match="is not JSON"):
        run("plan", "do", "1", str(path))
