"""Coverage to take along: what stands in documents and files is what the database holds."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyogrio
import pytest
from click.testing import CliRunner
from county import BEGIN, TODAY, County, add_duty, build, compute_figures
from flask import Flask
from openpyxl import load_workbook
from psycopg import Connection
from signing import sign_in

from geodata.coverage.figures import reading
from geodata.database import settings
from geodata.errors import GridMapError
from geodata.exporting import coverage
from scripts.cli.__main__ import gridmap
from tests.office import words
from webmap import create_app
from webmap.coverage import paper as report_pages
from webmap.coverage import reports

Conn = Connection[Any]
DAY = f"on={TODAY}"
# Households of buildings by lon and lat: most in the west, some outside every compound.
TABLE, HEAD = re.compile(r"<thead>.*?</tbody>", re.S), re.compile(r"<th\b.*?</th>", re.S)
ROW, CELL = re.compile(r"<tr.*?</tr>", re.S), re.compile(r"<td\b.*?</td>", re.S)
BUILDINGS = [
    (116.305, 31.405, 300), (116.315, 31.405, 120), (116.3005, 31.4160, 20),
    (116.305, 31.425, 7), (116.335, 31.435, 90),
]  # fmt: skip


@pytest.fixture
def county(conn: Conn) -> County:
    made = build(conn)
    conn.execute("UPDATE grid_version SET households = NULL WHERE level = 'compound'")
    for lon, lat, households in BUILDINGS:
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES ('楼', %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            (households, lon, lat),
        )
    for kind, name, lon, lat in (
        ("clinic", "城南卫生室", 116.305, 31.405),
        # East of the county, near enough to serve households at its edge.
        ("clinic", "界外卫生室", 116.3405, 31.401),
        ("shop", "=1+1", 116.335, 31.435),
    ):
        conn.execute(
            "INSERT INTO facility (kind, name, geom)"
            " VALUES (%s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            (kind, name, lon, lat),
        )
    add_duty(conn, made.compounds[0], "王芳", "grid_worker", "[2025-01-01,)")
    compute_figures(conn, TODAY)
    return made


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Flask:
    return create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "TESTING": True})


@pytest.fixture
def english(app: Flask) -> Iterator[None]:
    with app.test_request_context("/?lang=en"):
        yield


def known(conn: Conn) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The stored figures by kind and code."""
    rows = conn.execute(
        """
        SELECT c.kind, v.code, c.households, c.met, c.households - c.met, c.too_far, c.nobody,
               c.over_capacity, c.too_few, c.term_ended, c.estimated
        FROM coverage_grid c JOIN grid_version v USING (grid_id)
        WHERE NOT c.is_rounded AND v.valid @> %(day)s AND c.stretch_id = (
            SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s::date)
        """,
        {"day": TODAY},
    ).fetchall()
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


@pytest.mark.usefixtures("english")
def test_a_report_says_for_whom_what_and_why(conn: Conn, county: County) -> None:
    extract = coverage.take(conn, county.towns[0], TODAY, "clinic", least=0, deepest="compound")
    page = words(report_pages.document(conn, extract, "clinic"))
    found = next(
        c
        for c in reading.read_grid(conn, county.towns[0], TODAY, is_rounded=False)
        if c.kind == "clinic"
    )
    assert (found.met, found.households) == (420, 447)
    for said in (
        "Clinic: who is served in 衡山镇", "As of 15 Jun 2026", "Huoshan County › 衡山镇",
        "No roads are known: distance is a straight line", "1,000 m on foot",
        "93% of the households are served", "420 households served", "27 households unserved",
        "too far: 27 households – The town has a provider",
        "1 城南社区 440 420 95%", "2 城北社区 7 0 0% 7 7",
        "Compounds with most households unserved", "A 城北社区甲小区 城北社区 7 0 0% 7",
        "This is missing data, not a missing service", "Scale 1:", "EPSG:4548",
        "Places that serve 城南卫生室",
    ):  # fmt: skip
        assert said in page, said
    assert "Demonstration" not in page


@pytest.mark.usefixtures("english")
def test_all_kinds_have_a_table_and_a_page_for_each_with_a_gap(conn: Conn, county: County) -> None:
    extract = coverage.take(conn, county.county, TODAY, least=0)
    page = report_pages.document(conn, extract, None)
    text = words(page)
    kinds = reading.read_grid(conn, county.county, TODAY, is_rounded=False)
    assert [kind.kind for kind in extract.kinds] == [kind.kind for kind in kinds]
    for kind in kinds:
        assert f"{kind.kind_en} {kind.households} {kind.met} {int(kind.met * 100 / 537)}%" in text
    assert page.count('<h2 class="chapter">') == sum(1 for kind in kinds if kind.unmet)
    assert page.count('class="map coverage"') == sum(1 for kind in kinds if kind.unmet)


@pytest.mark.parametrize("place", ["county", "town", "community"])
def test_the_pdf_comes_in_both_languages(app: Flask, county: County, place: str) -> None:
    grid_id = {
        "county": county.county, "town": county.towns[0], "community": county.communities[0],
    }[place]  # fmt: skip
    client = app.test_client()
    answers = [
        client.get(f"/reports/coverage.pdf?grid={grid_id}&kind=clinic&{DAY}&lang={language}")
        for language in ("zh", "en")
    ]
    for answer in answers:
        assert answer.data.startswith(b"%PDF-")
        assert answer.mimetype == "application/pdf"
        assert answer.headers["Cache-Control"] == "no-store"
        assert re.fullmatch(
            r'attachment; filename="coverage-[0-9]+-clinic-20260615\.pdf"',
            answer.headers["Content-Disposition"],
        )
    assert answers[0].data != answers[1].data


def test_a_column_holds_what_its_chinese_head_says(conn: Conn, app: Flask, county: County) -> None:
    with app.test_request_context("/?lang=zh"):
        places = county.county, county.towns[0]
        pages = [
            report_pages.document(conn, coverage.take(conn, place, TODAY, kind, least=0), kind)
            for place in places
            for kind in (None, "clinic")
        ]
    seen: set[str] = set()
    for found in [each for page in pages for each in TABLE.findall(page)]:
        heads = [words(head) for head in HEAD.findall(found)]
        for row in ROW.findall(found):
            cells = [words(cell) for cell in CELL.findall(row)]
            for head, cell in zip(heads, cells, strict=True) if cells else ():
                seen.add(head)
                if head.endswith("率"):
                    assert re.fullmatch(r"[0-9]+%|无数据", cell), (head, cell)
                elif head.endswith("户数"):
                    assert re.fullmatch(r"[0-9,]+|无数据", cell), (head, cell)
                assert head != "姓名"
    assert {"达标率", "达标户数", "未达标户数", "户数"} <= seen
    client = sign_in(app.test_client(), conn, "county_official", grid_id=county.county)
    head, *rows = table(client.get(f"/reports/coverage.xlsx?{DAY}&lang=zh"), "服务覆盖")
    for row in rows:
        line = dict(zip(head, row, strict=True))
        assert isinstance(line["网格名称"], str)
        assert isinstance(line["达标户数"], int | None)
        assert isinstance(line["达标率"], float | int | None)
        if line["达标户数"] is not None:
            assert line["达标率"] == pytest.approx(line["达标户数"] / line["户数"])


def table(answer: Any, sheet: str) -> list[tuple[Any, ...]]:
    book = load_workbook(io.BytesIO(answer.data))
    return [tuple(cell.value for cell in row) for row in book[sheet].iter_rows()]


def test_excel_holds_every_figure_of_the_database(conn: Conn, app: Flask, county: County) -> None:
    client = sign_in(app.test_client(), conn, "county_official", grid_id=county.county)
    answer = client.get(f"/reports/coverage.xlsx?{DAY}&lang=en")
    head, *rows = table(answer, "Coverage")
    stored = known(conn)
    at = {name: number for number, name in enumerate(head)}
    counted = [
        "Households", "Served", "Unserved", "too far", "nobody", "over capacity",
        "too few providers", "closed or term ended", "Counted by area",
    ]  # fmt: skip
    kinds = {
        kind.kind_en: kind.kind
        for kind in reading.read_grid(conn, county.county, TODAY, is_rounded=False)
    }
    told = 0
    for row in rows:
        key = kinds[row[at["Service"]]], row[at["Code"]]
        if key not in stored:
            assert row[at["Households"]] == "no data"
            assert row[at["Unserved"]] is None
            continue
        assert tuple(row[at[name]] for name in counted) == stored[key]
        assert row[at["Share served"]] == pytest.approx(stored[key][1] / stored[key][0])
        told += 1
    assert told == len(stored)
    assert len(rows) == len(kinds) * 15
    book = load_workbook(io.BytesIO(answer.data))
    sheet: Any = book["Coverage"]
    assert sheet.freeze_panes == "A2"
    assert sheet.cell(2, at["Share served"] + 1).number_format == "0.0%"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, len(head)).column_letter}{len(rows) + 1}"
    assert "as of" in str(list(book["About these figures"].values)).lower()
    assert any("1,000 m on foot" in str(row) for row in book["Standards"].values)


def test_a_name_that_looks_like_a_formula_stays_text(
    conn: Conn, app: Flask, county: County
) -> None:
    conn.execute(
        "UPDATE grid_version SET name = '=HYPERLINK(1)' WHERE grid_id = %s", [county.compounds[0]]
    )
    conn.commit()
    answer = app.test_client().get(f"/reports/coverage.xlsx?{DAY}")
    book = load_workbook(io.BytesIO(answer.data))
    found = [c for row in book.worksheets[0].iter_rows() for c in row if c.value == "=HYPERLINK(1)"]
    assert found
    assert {cell.data_type for cell in found} == {"s"}


def test_a_geopackage_holds_shapes_figures_and_facilities(
    conn: Conn, app: Flask, county: County, tmp_path: Path
) -> None:
    client = sign_in(app.test_client(), conn, "county_official", grid_id=county.county)
    before = set(Path(tempfile.gettempdir()).glob("gridmap-report-*"))
    answer = client.get(f"/reports/coverage.gpkg?{DAY}&lang=en")
    file = tmp_path / "coverage.gpkg"
    file.write_bytes(answer.data)
    answer.close()
    assert set(Path(tempfile.gettempdir()).glob("gridmap-report-*")) == before
    layers = [name for name, _ in pyogrio.list_layers(file)]
    assert layers == ["county", "towns", "communities", "compounds", "facilities", "about"]
    stored = known(conn)
    names = [
        "households", "met", "unmet", "too_far", "nobody", "over_capacity", "too_few",
        "term_ended", "estimated",
    ]  # fmt: skip
    told = 0
    for layer in layers[:4]:
        frame = pyogrio.read_dataframe(file, layer=layer)
        assert frame.crs.to_epsg() == 4326
        assert frame.geometry.is_valid.all()
        for _, row in frame.iterrows():
            for kind in ("clinic", "shop", "grid_worker"):
                figures = stored.get((kind, row["code"]))
                if figures is None:
                    assert row[f"{kind}_note"] == "no_data"
                    continue
                assert tuple(int(row[f"{kind}_{name}"]) for name in names) == figures
                told += 1
    assert told == len([key for key in stored if key[0] in ("clinic", "shop", "grid_worker")])
    facilities = pyogrio.read_dataframe(file, layer="facilities").set_index("name")
    assert dict(facilities["is_inside"]) == {
        "城南卫生室": True, "界外卫生室": False, "=1+1": True,
    }  # fmt: skip
    [west] = conn.execute(
        "SELECT ST_XMin(geom) FROM grid_version WHERE grid_id = %s", [county.towns[0]]
    ).fetchone() or [None]
    towns = pyogrio.read_dataframe(file, layer="towns")
    assert towns.geometry[0].bounds[0] == west
    about = pyogrio.read_dataframe(file, layer="about").set_index("what")["value"]
    assert about["Clinic"] == "in towns: 1,000 m on foot; in villages: 1,000 m on foot"
    assert "CGCS2000" in about["Coordinates"]
    # The titles that a GIS shows.
    assert "Clinic · Unserved" in read_titles(file)


def read_titles(file: Path) -> set[str]:
    import sqlite3

    with sqlite3.connect(file) as conn:
        found = {row[0] for row in conn.execute("SELECT name FROM gpkg_data_columns")}
    conn.close()
    return found


def test_small_counts_are_for_those_who_may_see_them(
    conn: Conn, app: Flask, county: County
) -> None:
    path = f"/reports/coverage.xlsx?grid={county.towns[0]}&kind=clinic&{DAY}&lang=en"
    visitor, official = app.test_client(), app.test_client()
    sign_in(official, conn, "town_official", grid_id=county.towns[0])
    # Everybody is told as many of seven as of any count from 1 to 9.
    for client, seven in ((visitor, 5), (official, 7)):
        head, *rows = table(client.get(path), "Coverage")
        row = next(row for row in rows if row[head.index("Name of the grid")] == "城北社区")
        assert row[head.index("Households")] == row[head.index("Unserved")] == seven
    about = table(visitor.get(path), "About these figures")
    assert any(row[0] == "Rounded" for row in about)
    settings.write(conn, "least_count", 0)
    compute_figures(conn, TODAY)
    assert any(7 in row for row in table(visitor.get(path), "Coverage"))


def test_a_picture_shows_one_kind(app: Flask, county: County) -> None:
    client = app.test_client()
    answer = client.get(f"/reports/coverage.svg?kind=clinic&{DAY}&lang=en")
    assert answer.mimetype == "image/svg+xml"
    root = ElementTree.fromstring(answer.data)
    text = " ".join(root.itertext())
    assert "Clinic: who is served in Huoshan County" in text
    assert "Households served" in text
    assert client.get(f"/reports/coverage.svg?{DAY}").status_code == 400


@pytest.mark.usefixtures("english")
def test_markup_in_a_name_is_text(conn: Conn, county: County) -> None:
    name = '<img src="file:///etc/passwd">'
    conn.execute(
        "UPDATE grid_version SET name = %s WHERE grid_id = %s", [name, county.communities[0]]
    )
    extract = coverage.take(conn, county.towns[0], TODAY, "clinic", least=0)
    page = report_pages.document(conn, extract, "clinic")
    assert name not in page
    assert name in unescape(page)
    assert reports.to_pdf(page).startswith(b"%PDF-")
    assert name not in report_pages.picture(conn, extract)


@pytest.mark.parametrize("ending", ["pdf", "xlsx", "gpkg", "svg"])
def test_what_is_not_there_is_said_in_the_readers_language(
    app: Flask, county: County, ending: str
) -> None:
    client = app.test_client()
    earlier = BEGIN - timedelta(days=1)
    for query, status, said in (
        (f"kind=burning&{DAY}&lang=zh", 400, "没有服务类别“burning”"),
        (f"kind=burning&{DAY}&lang=en", 400, "no service kind “burning” on 15 Jun 2026"),
        ("kind=%27&lang=en", 400, "is not a service kind"),
        (f"kind=clinic&grid={county.towns[0]}&on={earlier}&lang=en", 404, "did not exist on"),
        (f"kind=clinic&on={earlier}&lang=en", 404, "There are no boundaries on this map on"),
        (f"kind=clinic&grid={county.compounds[0]}&{DAY}&lang=en", 400, "is a compound"),
        ("kind=clinic&grid=x&lang=en", 400, "is not a number"),
        ("kind=clinic&grid=999999&lang=en", 404, "There is no grid"),
        ("kind=clinic&on=yesterday&lang=en", 400, "yesterday"),
    ):
        answer = client.get(f"/reports/coverage.{ending}?{query}")
        assert answer.status_code == status, query
        assert said in unescape(answer.text), query


def test_who_comes_when_many_wait_already_is_asked_to_come_again(
    app: Flask, county: County
) -> None:
    waiting = reports._WAITING  # pyright: ignore[reportPrivateUsage]
    taken = 0
    try:
        while waiting.acquire(blocking=False):
            taken += 1
        answer = app.test_client().get(f"/reports/coverage.pdf?{DAY}&lang=en")
    finally:
        waiting.release(taken)
    assert answer.status_code == 503
    assert "Too many documents are being created" in answer.text
    assert answer.headers["Retry-After"]
    assert app.test_client().get(f"/reports/coverage.xlsx?{DAY}").status_code == 200


def test_the_command_writes_the_same(
    conn: Conn, county: County, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)

    def run(*more: str) -> None:
        words = ["report", "coverage", "--on", str(TODAY), *more]
        result = CliRunner().invoke(gridmap, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output

    # A command may wait: it sees to the figures itself.
    conn.execute("DELETE FROM coverage_stretch")
    conn.commit()
    pdf, book, packed, drawn = (tmp_path / f"x.{end}" for end in ("pdf", "xlsx", "gpkg", "svg"))
    run("--town", "衡山镇", "--kind", "clinic", "--out", str(pdf))
    run("--town", "341525100", "--out", str(book))
    run("--out", str(packed))
    run("--kind", "shop", "--out", str(drawn))
    assert pdf.read_bytes().startswith(b"%PDF-")
    rows = list(load_workbook(book).worksheets[0].values)
    assert any(7 in row for row in rows)
    assert len(pyogrio.list_layers(packed)) == 6
    ElementTree.parse(drawn)
    run("--town", "衡山镇", "--out", str(book), "--for-everybody")
    rows = list(load_workbook(book).worksheets[0].values)
    assert not any(7 in row for row in rows)
    for wrong, said in (
        (("--town", "无此镇", "--out", str(pdf)), "no grid"),
        (("--kind", "burning", "--out", str(pdf)), "burning"),
        (("--out", str(tmp_path / "x.doc")), "not a kind of file"),
        (("--out", str(drawn)), "one kind"),
    ):
        with pytest.raises(GridMapError, match=said):
            run(*wrong)


def test_a_place_of_which_nothing_is_known_is_missing_data(
    conn: Conn, app: Flask, county: County
) -> None:
    conn.execute("DELETE FROM building")
    compute_figures(conn, TODAY)
    page = app.test_client().get(f"/reports/coverage.pdf?kind=clinic&{DAY}&lang=en")
    assert page.status_code == 200
    with app.test_request_context("/?lang=en"):
        extract = coverage.take(conn, county.county, date(2026, 6, 15), "clinic", least=10)
        text = words(report_pages.document(conn, extract, "clinic"))
    assert "This is missing data, not a missing service." in text
    assert "no data" in text
