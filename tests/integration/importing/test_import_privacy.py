"""Personal numbers in imported texts, and that a reporter's contact ends up nowhere."""

from __future__ import annotations

import csv
import gettext
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from geodata.errors import GridMapError, InvalidInputError
from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.importing.lists.buildings import import_buildings
from geodata.importing.lists.facilities import import_facilities
from geodata.importing.lists.issues import import_issues
from geodata.importing.lists.members import import_members
from geodata.importing.lists.reading import ListImport
from geodata.importing.report.report import Report
from geodata.installation.embedded import Cluster
from tests import county as square
from tests import faults

Conn = psycopg.Connection[Any]
IMPORTS = {
    "members": import_members,
    "issues": import_issues,
    "facilities": import_facilities,
    "buildings": import_buildings,
}
CHINESE = gettext.translation(
    "messages", Path(__file__).parents[3] / "webmap" / "translations", ["zh"]
)
PHONE, LANDLINE, IDENTITY = "13800138000", "0564-5000123", "11010519491231002X"
REPORTER, SEEN = "欧阳上报人", "无人认领的井盖"
PLACE = {"lon": 116.311, "lat": 31.411}


def run(conn: Conn, subject: str, path: Path, **options: Any) -> Report:
    order = ListImport(FileRequest(str(path)), "测试", **options)
    return IMPORTS[subject](conn, order, progress=lambda _stage, _share: None)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write a list in the form that its name asks for: CSV, GeoJSON or Open311."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".geojson":
        features = [
            {
                "type": "Feature",
                "properties": {key: value for key, value in row.items() if key not in PLACE},
                "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
            }
            for row in rows
        ]
        faults.write_json(path, {"type": "FeatureCollection", "features": features})
    else:
        path.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    return path


def issue(**said: Any) -> dict[str, Any]:
    """Return a row of a list of issues in the words of Open311."""
    return {
        "service_request_id": "1", "service_name": "暴露垃圾", "title": "路边垃圾",
        "description": "", "requested_datetime": "2024-03-01T08:00:00+08:00", "status": "open",
        **PLACE, **said,
    }  # fmt: skip


@pytest.fixture
def ground(conn: Conn) -> Conn:
    """The square county of tests/county.py, written and committed."""
    square.build(conn)
    conn.commit()
    return conn


def warnings(report: Report) -> list[tuple[int | None, str]]:
    found = [finding for finding in report.findings if finding.kind == "personal_number"]
    assert {finding.severity for finding in found} <= {"warning"}
    return [(finding.rows[0].row, finding.line()) for finding in found]


def said(report: Report) -> str:
    """Return all that a report says, in every form and language."""
    forms = [
        form(translate=translate)
        for translate in (str, CHINESE.gettext)
        for form in (report.to_text, report.to_json, report.to_csv)
    ]
    return "\n".join(forms)


@pytest.mark.parametrize(("name", "first"), [("a.csv", 2), ("a.geojson", 1), ("a.json", 1)])
def test_numbers_in_issues_are_warned_of(
    ground: Conn, tmp_path: Path, name: str, first: int
) -> None:
    text = f"张三 {IDENTITY}\n或{LANDLINE}，１３９００１３９０００"
    rows = [
        issue(title=f"请打{PHONE}", description=text),
        issue(service_request_id="2", description="网格341525100001001，2024-03-01，15000000000元"),
        issue(service_request_id="3", service_name=f"占道 {PHONE}"),
    ]
    report = run(ground, "issues", write(tmp_path / name, rows))
    assert warnings(report) == [
        (first, f"row {first}: title holds what looks like a mobile phone number"),
        (
            first,
            f"row {first}: description holds what looks like an identity number,"
            " a landline number, a mobile phone number",
        ),
        (
            first + 2,
            f"row {first + 2}: service_name holds what looks like a mobile phone number",
        ),
    ]
    assert report.is_written
    assert report.counts["new issues"] == 3
    assert ground.execute("SELECT title FROM issue WHERE external_id = '1'").fetchone() == (
        f"请打{PHONE}",
    )
    text = said(report)
    assert f"第 {first} 行：description中疑有身份证号、固定电话号码、手机号" in text
    assert not [number for number in (PHONE, LANDLINE, IDENTITY, "１３９") if number in text]


def test_numbers_in_what_members_promise(ground: Conn, tmp_path: Path) -> None:
    code = ground.execute("SELECT min(code) FROM grid_version WHERE level = 'compound'").fetchone()
    assert code is not None
    row = {"姓名": "张伟", "职务": "网格员", "网格编码": code[0], "电话": PHONE, "承诺": ""}
    rows = [row, {**row, "姓名": "李娜", "承诺": f"有事打我电话{PHONE}"}]
    report = run(ground, "members", write(tmp_path / "a.csv", rows))
    # The column of phone numbers is for them.
    assert warnings(report) == [(3, "row 3: 承诺 holds what looks like a mobile phone number")]
    assert report.counts["new duties"] == 2
    assert PHONE not in said(report)


def test_numbers_in_names_and_addresses(ground: Conn, tmp_path: Path) -> None:
    place = {"经度": 116.311, "纬度": 31.411}
    row = {"名称": "药店", "类型": "药店", "地址": f"衡山路1号，{LANDLINE}", **place}
    report = run(ground, "facilities", write(tmp_path / "a.csv", [row]))
    assert warnings(report) == [(2, "row 2: 地址 holds what looks like a landline number")]
    row = {"楼栋": f"1号楼（{PHONE}）", **place}
    report = run(ground, "buildings", write(tmp_path / "b.csv", [row]))
    assert warnings(report) == [(2, "row 2: 楼栋 holds what looks like a mobile phone number")]
    assert PHONE not in said(report)


def test_numbers_in_names_of_grids(conn: Conn, tmp_path: Path) -> None:
    path = faults.write_json(
        tmp_path / "county.geojson",
        faults.features([faults.COUNTY], ["341525"], [f"霍山县（{PHONE}）"]),
    )
    order = GridImport(FileRequest(str(path)), "county", Columns("name", "code"), square.BEGIN)
    report = import_grids(conn, order, progress=lambda _stage, _share: None)
    assert [row for row, _ in warnings(report)] == [1]
    assert report.is_written
    assert "name holds what looks like a mobile phone number" in report.to_text()
    assert PHONE not in said(report)


def test_faults_repeat_no_number_from_a_wrong_column(ground: Conn, tmp_path: Path) -> None:
    rows = [
        issue(requested_datetime=PHONE),
        issue(service_request_id="2", status=IDENTITY),
        issue(service_request_id="3", description=LANDLINE),
    ]
    path = write(tmp_path / "a.csv", rows)
    report = run(ground, "issues", path)
    assert report.is_blocked
    assert "****" in report.to_text()
    assert not [number for number in (PHONE, IDENTITY) if number in said(report)]
    # Rows that are left out bring no numbers in.
    rows[0]["description"] = PHONE
    report = run(ground, "issues", write(path, rows), skip_bad_rows=True)
    assert [row for row, _ in warnings(report)] == [4]


def test_a_list_without_headers_is_refused_without_its_numbers(
    ground: Conn, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"张三,{PHONE}\n李四,13900139000\n", "utf-8")
    with pytest.raises(InvalidInputError) as refused:
        run(ground, "issues", path)
    assert PHONE not in str(refused.value)
    path.write_text(f"张三 {PHONE}\n李四 13900139000\n", "utf-8")
    with pytest.raises(GridMapError) as refused:
        run(ground, "issues", path)
    assert PHONE not in str(refused.value)


def stored(conn: Conn) -> str:
    """Return every row of every table, as text."""
    tables = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    texts: list[str] = []
    for (table,) in tables:
        query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
        texts += [row[0] for row in conn.execute(query)]
    return "\n".join(texts)


def on_disk(cluster: Cluster, words: list[str]) -> set[str]:
    """Return which words stand in a file of the cluster: its data, its journal, its log."""
    found: set[str] = set()
    for path in cluster.home.cluster.rglob("*"):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # PostgreSQL tidies up meanwhile
            continue
        found |= {word for word in words if word.encode() in content}
    return found


@pytest.mark.parametrize("name", ["a.csv", "a.geojson", "a.json"])
def test_an_import_leaves_the_reporter_nowhere(
    ground: Conn, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    # A number that no other test brings into the cluster.
    phone = {"a.csv": "13700137001", "a.geojson": "13700137002", "a.json": "13700137003"}[name]
    contact = {
        "上报人": REPORTER, "上报人电话": phone, "联系电话": phone, "first_name": REPORTER,
        "phone": phone, "email": f"{phone}@example.org", "身份证号": IDENTITY,
    }  # fmt: skip
    rows = [issue(title=SEEN, status=status, service_request_id=status, **contact)
            for status in ("open", "closed", "处理中")]  # fmt: skip
    report = run(ground, "issues", write(tmp_path / name, rows))
    assert report.is_written
    ground.commit()
    # Again, as a list that moves each issue on; and once more, as one that is blocked.
    for row, status in zip(rows, ("closed", "open", "挂账"), strict=True):
        row["status"] = status
    again = run(ground, "issues", write(tmp_path / name, rows))
    assert again.counts["issues that changed state"] == 2
    ground.commit()
    rows[0]["status"] = "?"
    blocked = run(ground, "issues", write(tmp_path / name, rows))
    assert blocked.is_blocked
    ground.rollback()

    everything = stored(ground)
    assert SEEN in everything
    assert not [word for word in (REPORTER, phone, IDENTITY) if word in everything]
    notes = ground.execute("SELECT DISTINCT note FROM issue_event").fetchall()
    assert notes == [("",)]
    assert ground.execute("SELECT count(*) FROM issue_reporter").fetchone() == (0,)
    assert on_disk(cluster, [SEEN, phone]) == {SEEN}
    assert not list(temporary.rglob("*"))
    for shown in (report, again, blocked):
        assert not [word for word in (REPORTER, phone) if word in said(shown)]


def test_what_a_killed_import_left_goes_with_the_next(
    ground: Conn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    at_work = (
        "from geodata.importing.files import workplace\n"
        "with workplace.folder() as work:\n"
        f"    (work / 'result.json').write_text('{PHONE}')\n"
        "    print(work, flush=True)\n"
        "    input()\n"
    )
    folders: list[Path] = []
    running: list[subprocess.Popen[str]] = []
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", at_work],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        folders.append(Path(child.stdout.readline().strip()))
        running.append(child)
    killed, living = running
    killed.kill()
    killed.communicate()
    assert (folders[0] / "result.json").exists()
    for folder in folders:
        os.utime(folder, (0, 0))
    assert run(ground, "issues", write(tmp_path / "a.csv", [issue()])).is_written
    assert [folder.exists() for folder in folders] == [False, True]
    living.communicate("\n")
    assert living.returncode == 0
    assert not list(temporary.iterdir())


def test_the_log_repeats_no_row_that_was_refused(ground: Conn, cluster: Cluster) -> None:
    phone = "13600136000"
    copying = "COPY issue_reporter (issue_id, name, phone) FROM STDIN"
    refused: list[tuple[LiteralString, list[object]]] = [
        ("INSERT INTO issue_reporter VALUES (0, %s, %s)", [REPORTER, phone]),
        (
            "INSERT INTO duty (member_id, role, pledge, term)"
            " VALUES (1, 'grid_worker', %s, '[2024-01-01,)')",
            [phone],
        ),
    ]
    before = cluster.log.stat().st_size
    for query, values in refused:
        with pytest.raises(psycopg.Error), ground.transaction():
            ground.execute(query, values)
    with pytest.raises(psycopg.Error), ground.transaction(), ground.cursor().copy(copying) as copy:
        copy.write_row(["?", REPORTER, phone])
    with cluster.log.open("rb") as log:
        log.seek(before)
        written = log.read().decode()
    assert written.count("ERROR") == 3
    assert not [word for word in (REPORTER, phone) if word in written]
