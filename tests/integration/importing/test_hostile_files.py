"""Files and polygons that mean harm: each is answered in words, and nothing else happens.

What is brought in is opened by the functions that the command line calls, with tighter limits than
theirs, so that whatever takes long or much is seen. See tests/hostile_files.py.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from geodata.database import connecting as db
from geodata.errors import GridMapError
from geodata.importing.files.process import Limits
from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.importing.lists import reading as lists
from geodata.importing.lists.facilities import import_facilities
from geodata.importing.lists.issues import import_issues
from geodata.importing.lists.members import import_members
from geodata.importing.lists.reading import ListImport
from geodata.importing.report.report import Report
from tests import faults
from tests.hostile_files import CANARY, Hostile, Trap, corpus, polygons, untouched

DAY = date(2024, 1, 1)
TIGHT = Limits(memory_bytes=3 << 30, cpu_s=25, wall_s=90, file_bytes=1 << 30)
# Those that only the limits stop, not a look at them.
STOPPED_BY_LIMITS = {"time", "memory"}
# A sheet of 1,048,576 by 16,384 cells: the reader asks for it all at once and is refused at once.
MAY_BE_STOPPED = ["workbook with a cell far away"]
LISTS = {"members": import_members, "issues": import_issues, "facilities": import_facilities}


@dataclass(frozen=True)
class Answer:
    """What came of a file: the fault that it was refused for, or its report."""

    hostile: Hostile
    fault: str
    text: str
    seconds: float

    def wrong(self) -> str:
        """Say what is wrong with this answer, "" if nothing is."""
        if self.fault == "crashed" or "Traceback" in self.text:
            return f"crashed: {self.text}"
        if not self.text.strip():
            return "says nothing"
        if CANARY in self.text:
            return "tells the secret"
        if (self.fault == "accepted") is not self.hostile.accepted:
            return f"{self.fault}: {self.text[:300]}"
        return ""


def bring(url: str, hostile: Hostile) -> Answer:
    """Bring a file in as the command line does with --dry-run."""
    begin = time.perf_counter()

    def quiet(_stage: str, _share: float) -> None:
        pass

    file = FileRequest(str(hostile.path))
    with db.connect(url) as conn:
        try:
            if hostile.subject == "grids":
                order = GridImport(file, "town", Columns("name", "code"), DAY, is_dry_run=True)
                report: Report = import_grids(conn, order, progress=quiet, limits=TIGHT)
            else:
                order = ListImport(file, "tests", is_dry_run=True, kind="pharmacy"
                                   if hostile.subject == "facilities" else None)  # fmt: skip
                report = LISTS[hostile.subject](conn, order, progress=quiet)
            fault = "blocked" if report.is_blocked else "accepted"
            text = report.to_text(None)
            assert report.to_json()
            assert report.to_csv()
        except GridMapError as error:
            fault, text = str(error.data.get("fault", error.code)), str(error)
        finally:
            conn.rollback()
    return Answer(hostile, fault, text, time.perf_counter() - begin)


def bring_all(url: str, files: Sequence[Hostile]) -> list[Answer]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda hostile: bring(url, hostile), files))


@pytest.fixture
def county_url(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database with the county only; at the end it must be as it was."""
    # Lists are always read within the limits that stand by default.
    monkeypatch.setattr(lists, "Limits", lambda: TIGHT)
    path = faults.write_json(
        tmp_path / "county.geojson", faults.features([faults.COUNTY], ["341525"], ["霍山县"])
    )
    with db.connect(database_url) as conn:
        order = GridImport(FileRequest(str(path)), "county", Columns("name", "code"), DAY)
        assert import_grids(conn, order, progress=lambda _stage, _share: None).is_written
        conn.commit()
        before = faults.digest(conn)
        conn.rollback()
        yield database_url
        assert faults.digest(conn) == before


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    with untouched(tmp_path) as trap:
        yield trap


def complaints(answers: Sequence[Answer]) -> list[str]:
    return [f"{it.hostile.name}: {wrong}" for it in answers if (wrong := it.wrong())]


def test_every_hostile_file_is_answered(county_url: str, trap: Trap, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    files = corpus(folder, trap.bait)
    assert len(files) >= 60
    kept = {path: path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()}
    answers = bring_all(county_url, files)
    for answer in sorted(answers, key=lambda it: -it.seconds)[:12]:
        print(f"{answer.seconds:6.1f} s  {answer.hostile.name}: {answer.fault}")
    assert complaints(answers) == []
    stopped = [it.hostile.name for it in answers if it.fault in STOPPED_BY_LIMITS]
    assert stopped == MAY_BE_STOPPED
    # Nothing was unpacked beside them, nothing was changed.
    assert {p: p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()} == kept


def test_every_polygon_is_answered(county_url: str, tmp_path: Path) -> None:
    files = polygons(tmp_path)
    assert len(files) >= 20
    answers = bring_all(county_url, files)
    for answer in sorted(answers, key=lambda it: -it.seconds)[:12]:
        print(f"{answer.seconds:6.1f} s  {answer.hostile.name}: {answer.fault}")
    assert complaints(answers) == []
    assert [it.hostile.name for it in answers if it.fault in STOPPED_BY_LIMITS] == []


@pytest.mark.parametrize("kind", ["VRT named .geojson", "zip bomb of one file", "table with NUL"])
def test_the_command_line_says_one_thing_and_fails(
    county_url: str, trap: Trap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", county_url)
    folder = tmp_path / "files"
    folder.mkdir()
    [hostile] = corpus(folder, trap.bait, kind)
    command = [sys.executable, "-m", "scripts.cli", "import", hostile.subject, str(hostile.path)]
    if hostile.subject == "grids":
        command += ["--level", "town", "--name", "name", "--code", "code"]
    done = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip()
    assert "Traceback" not in done.stdout + done.stderr
    assert CANARY not in done.stdout + done.stderr
