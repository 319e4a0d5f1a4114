"""Handed files with grids, each brought into the county it is meant for: what the office is told.

What becomes of the plans is in test_handed_divisions.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import box, shape

from geodata.coverage.judging.altering import Changes
from geodata.database import connecting as db
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.importing.grids.writing import import_grids
from geodata.importing.report.report import Report
from geodata.plans.from_file import plan_grids
from geodata.plans.model import COMMAND_LINE
from geodata.scenarios import places
from geodata.scenarios.places import Question
from tests.faults import features, write_json
from tests.handed import CASES, TESTS, Conn, bring, found, grids, handed, quiet, sources

pytestmark = handed

HERE = CASES / "grids"
FIRST = "2020-01-01"
TODAY = date(2026, 11, 29)


def bring_grids(
    conn: Conn, name: str, level: Any, since: str, *more: str, **options: Any
) -> Report:
    return import_grids(conn, grids(HERE / name, level, since, *more, **options), progress=quiet)


@pytest.fixture(scope="module")
def brought(module_url: str) -> dict[str, Report]:
    """The small sound county in the module's database, and what was said of each of its files."""
    with db.connect(module_url) as conn:
        return {
            name: bring_grids(conn, name, level, FIRST, columns)
            for name, level, columns in (
                ("county.geojson", "county", "n c"),
                ("towns.geojson", "town", "n c"),
                ("communities.geojson", "community", "n c"),
                ("compounds.geojson", "compound", "n c h"),
            )
        }


@pytest.fixture
def county(module_url: str, brought: dict[str, Report]) -> Iterator[Conn]:
    """A connection to the small county; what is written is rolled back."""
    conn = db.connect(module_url)
    yield conn
    conn.close()


def standing(conn: Conn, on: str = "2027-01-01") -> list[tuple[Any, ...]]:
    """Return level, code, name, parent's code, households and area in whole m2 of each grid."""
    return conn.execute(
        """
        SELECT v.level::text, v.code, v.name, p.code, v.households,
               round(ST_Area(v.geom::geography))::int
        FROM grid_version v LEFT JOIN grid_version p
            ON p.grid_id = v.parent_id AND p.valid @> %(on)s::date
        WHERE v.valid @> %(on)s::date ORDER BY v.level, v.code
        """,
        {"on": on},
    ).fetchall()


def grounds(report: Report) -> list[tuple[Any, ...]]:
    """Return kind, row or code, area in whole m2 and place of what must be put right."""
    return [
        (kind, *rows, None if each.m2 is None else round(each.m2), rounded(each.place))
        for each, (kind, *rows) in zip(
            [each for each in report.findings if each.severity == "blocking"],
            found(report),
            strict=True,
        )
    ]


def rounded(place: tuple[float, float] | None) -> tuple[float, float] | None:
    return place and (round(place[0], 5), round(place[1], 5))


# Areas are those that pyproj's Geod gives for the rings of the files.
SOUND = [
    ("county", "990101", "试验县", None, None, 32_030_542),
    ("town", "990101001", "东港镇", "990101", None, 16_015_271),
    ("town", "990101002", "西桥镇", "990101", None, 16_015_271),
    ("community", "990101001001", "一村", "990101001", None, 8_007_635),
    ("community", "990101001002", "二村", "990101001", None, 8_007_635),
    ("community", "990101002001", "三村", "990101002", None, 8_007_635),
    ("community", "990101002002", "四社区", "990101002", None, 8_007_635),
    ("compound", "990101001001001", "环湖小区", "990101001001", 120, 2_402_527),
    ("compound", "990101001001002", "上坪", "990101001001", 30, 800_724),
    ("compound", "990101001001003", "下坪", "990101001001", 40, 800_724),
    ("compound", "990101001002001", "围合", "990101001002", 50, 2_402_527),
    ("compound", "990101001002002", "飞地小区", "990101001002", 20, 160_166),
    ("compound", "990101002001001", "角触", "990101002001", 12, 320_349),
    ("compound", "990101002001002", "发丝", "990101002001", 9, 1_198),
    ("compound", "990101002002001", "尖刺", "990101002002", 33, 640_742),
    ("compound", "990101002002002", "小点", "990101002002", 3, 2),
]


def test_every_handed_file_has_its_test() -> None:
    """A file that nobody runs, or a test that no longer names its file, is a fault."""
    here = Path(__file__).parent
    there = {
        path.relative_to(CASES).as_posix()
        for path in CASES.rglob("*")
        if path.is_file() and path != CASES / "README.md"
    }
    assert there == TESTS.keys()
    tests = {
        folder: sources(here / f"test_handed_cases_{folder}.py") for folder in ("grids", "lists")
    }
    for file, test in TESTS.items():
        folder, name = file.split("/")
        assert name in tests[folder].get(test, ""), f"{file}: {test}"


def test_a_small_sound_county(county: Conn, brought: dict[str, Report]) -> None:
    """county.geojson, towns.geojson, communities.geojson and compounds.geojson come in whole."""
    assert standing(county, FIRST) == SOUND
    assert {name: report.verdict() for name, report in brought.items()} == {
        "county.geojson": "Imported: 1 new county.",
        "towns.geojson": "Imported: 2 new towns.",
        "communities.geojson": "Imported: 4 new communities.",
        "compounds.geojson": "Imported: 9 new compounds.",
    }
    assert [found(report) for report in brought.values()] == [[], [], [], []]
    said = [found(report, "warning") for report in brought.values()]
    assert said == [[], [], [], [("multipart", 6)]]


def test_a_village_border_that_cuts_compounds(county: Conn) -> None:
    report = bring_grids(county, "villages-border-moved.geojson", "community", "2026-01-01")
    assert grounds(report) == [
        ("below_outside", "990101001001001", 480_503, (116.41737, 31.40902)),
        ("below_outside", "990101001001003", 300_270, (116.41737, 31.42255)),
    ]
    assert "990101001001001 环湖小区 leaves 一村 by 480,503 m²" in report.to_text()
    assert "--as-plan NAME" in report.to_text()
    assert standing(county) == SOUND


def test_village_borders_as_they_were(county: Conn) -> None:
    report = bring_grids(county, "villages-border-orig.geojson", "community", "2026-01-01")
    assert found(report) == []
    assert report.verdict() == "Nothing to do: all of it is there already."
    assert "2 communities are unchanged and were not touched." in map(str, report.notes)
    assert found(report, "warning") == [
        ("not_in_file", "990101002001"), ("not_in_file", "990101002002")
    ]  # fmt: skip
    assert standing(county) == SOUND


def test_a_town_border_that_cuts_a_village(county: Conn) -> None:
    report = bring_grids(county, "towns-border-moved.geojson", "town", "2026-02-01")
    assert grounds(report) == [("below_outside", "990101001002", 4_003_818, (116.43684, 31.41804))]
    assert "990101001002 二村 leaves 东港镇 by 4,003,818 m²" in report.to_text()
    assert standing(county) == SOUND


def test_two_codes_swapped(county: Conn) -> None:
    bring(county, "members", "grids/community-chiefs.csv")
    rows = county.execute(
        "SELECT m.name, d.role::text, v.code, d.term::text FROM duty d JOIN member m"
        " USING (member_id) JOIN grid_version v USING (grid_id) ORDER BY m.name"
    ).fetchall()
    assert rows == [
        ("赵一村长", "community_chief", "990101001001", "[2024-01-01,)"),
        ("钱二村长", "community_chief", "990101001002", "[2024-01-01,)"),
    ]
    report = bring_grids(county, "gen-swapped-codes.geojson", "community", "2025-01-01")
    assert grounds(report) == [
        ("code_elsewhere", 1, None, (116.41052, 31.41804)),
        ("code_elsewhere", 2, None, (116.43157, 31.41804)),
    ]
    assert (
        "row 1 990101001002 一村: the code has been that of 二村, which lies elsewhere;"
        " this is the ground of 990101001001 一村" in report.to_text()
    )
    assert standing(county) == SOUND


PLANS = {
    "gen-merge-newcode.geojson": (
        [
            "row 1 990101001003 新一村: renamed from 一村; recoded from 990101001001;"
            " border moved: 8,007,635 m² gained, 0 m² lost; takes in 990101001002 二村",
            "990101001002 二村: ends, merged into row 1 990101001003 新一村",
        ],
        [
            ("990101001001", "990101001003", 8_007_635, 1.0, True),
            ("990101001002", "990101001003", 8_007_635, 1.0, False),
            ("990101002001", "990101002001", 8_007_635, 1.0, True),
            ("990101002002", "990101002002", 8_007_635, 1.0, True),
        ],
    ),
    "gen-recode.geojson": (
        [
            "row 1 990101001501 一村: recoded from 990101001001",
            "row 2 990101001502 二村: recoded from 990101001002",
            "row 3 990101002501 三村: recoded from 990101002001",
            "row 4 990101002502 四社区: recoded from 990101002002",
        ],
        [
            ("990101001001", "990101001501", 8_007_635, 1.0, True),
            ("990101001002", "990101001502", 8_007_635, 1.0, True),
            ("990101002001", "990101002501", 8_007_635, 1.0, True),
            ("990101002002", "990101002502", 8_007_635, 1.0, True),
        ],
    ),
}


@pytest.mark.parametrize("name", ["gen-merge-newcode.geojson", "gen-recode.geojson"])
def test_a_full_file_becomes_a_plan(county: Conn, name: str) -> None:
    order = grids(HERE / name, "community", "2025-01-01", as_plan=True)
    report = plan_grids(county, order, COMMAND_LINE, "新区划", progress=quiet)
    lines, table = PLANS[name]
    assert [each.line() for each in report.differences] == lines
    assert [
        (each.old_code, each.new_code, round(each.m2), each.old_share, each.continues)
        for each in report.table
    ] == table
    # It is drawn for a day that is past, which is said; all else is sound.
    assert found(report) == []
    assert found(report, "warning") == [("plan_day_past",)]
    assert report.plan is not None
    assert standing(county) == SOUND


def test_a_raised_two_is_no_digit(county: Conn) -> None:
    report = bring_grids(county, "gen-h-sup.geojson", "community", FIRST, "n c h")
    assert found(report) == [("bad_number", 1)]
    assert 'row 1 990101001001 一村: h is "12²"' in report.to_text()
    assert standing(county) == SOUND


def test_a_bowtie_is_unfolded_within_its_box(county: Conn) -> None:
    report = bring_grids(
        county, "bowtie.geojson", "compound", "2026-01-01", "n c h", repair=True, is_dry_run=True
    )
    [repair] = report.repairs
    assert (repair.row.row, repair.deed) == (2, "invalid")
    assert round(repair.m2) == 400_362
    assert "row 2 990101001001002 上坪: unfolded, 400,362 m²" in report.to_text()
    [outline] = [
        shape(each["geometry"])
        for each in json.loads((HERE / "bowtie.geojson").read_text("utf-8"))["features"]
        if each["properties"]["n"] == "上坪"
    ]
    whole = county.execute(
        "SELECT ST_Area(ST_SetSRID(%s::geometry, 4326)::geography)",
        [shapely.to_wkt(box(*outline.bounds))],
    ).fetchone()
    assert whole is not None
    assert repair.m2 < whole[0] < 801_000
    assert [each.line() for each in report.differences] == [
        "row 2 990101001001002 上坪: border moved: 0 m² gained, 400,362 m² lost"
    ]
    assert standing(county) == SOUND


def test_two_sound_squares_and_a_bowtie(county: Conn, tmp_path: Path) -> None:
    """lid_bowtie.geojson holds two valid squares and no bowtie, whatever it is called.

    What is right for it is that both are named as lying in none of the villages. With two corners
    of the second swapped it is what its name says: invalid, with the place.
    """
    path = HERE / "lid_bowtie.geojson"
    squares = [shape(each["geometry"]) for each in json.loads(path.read_text("utf-8"))["features"]]
    assert [each.is_valid for each in squares] == [True, True]
    report = bring_grids(county, path.name, "compound", "2026-01-01", "NAME CODE")
    assert grounds(report) == [
        ("does_not_nest", 1, 26_464_459, (116.025, 31.025)),
        ("does_not_nest", 2, 26_464_459, (116.075, 31.025)),
    ]
    assert "row 2 102 乙镇 (26,464,459 m²) lies in none; the nearest is 一村" in report.to_text()
    a, b, c, d = shapely.get_coordinates(squares[1])[:4].tolist()
    crossed = shapely.Polygon([a, c, b, d])
    own = features([squares[0], crossed], ("101", "102"), ("甲镇", "乙镇"))
    order = grids(write_json(tmp_path / "own.geojson", own), "compound", "2026-01-01", "name code")
    crossing = import_grids(county, order, progress=quiet)
    assert ("invalid", 2, None, (116.075, 31.025)) in grounds(crossing)
    assert "row 2 102 乙镇: Self-intersection at 116.07500, 31.02500" in crossing.to_text()
    assert standing(county) == SOUND


def test_an_enclave_that_is_not_cut_out(county: Conn) -> None:
    report = bring_grids(
        county, "enclave-not-cut.geojson", "compound", "2026-01-01", "n c h", repair=True
    )
    assert grounds(report) == [("overlap", 4, 5, 160_166, (116.43157, 31.40902))]
    assert "share 160,166 m², 400 m wide, 100.0% of 飞地小区" in report.to_text()
    assert "> Decide whose ground it is, and correct the file." in report.to_text()
    assert "--repair" not in report.to_text()
    assert standing(county) == SOUND


@pytest.mark.parametrize("level", ["county", "compound"])
def test_a_ring_that_is_not_closed(county: Conn, level: Any) -> None:
    report = bring_grids(county, "unclosed_ring.geojson", level, "2026-01-01", "NAME CODE")
    assert ("unclosed", 1, None, (116.0, 31.0)) in grounds(report)
    assert "row 1 1 a at 116.00000, 31.00000" in report.to_text()
    assert standing(county) == SOUND


def test_the_first_shop_beside_one_pharmacy(county: Conn) -> None:
    report = bring(county, "facilities", "grids/one-pharmacy.csv")
    assert report.counts["new facilities"] == 1
    rows = county.execute("SELECT kind, name, ST_X(geom), ST_Y(geom) FROM facility").fetchall()
    assert rows == [("pharmacy", "某药店", 116.4031573, 31.4134416)]
    answer = places.find(
        county,
        Question("shop", "most"),
        Changes(),
        TODAY,
        is_rounded=False,
        has_rounded_loads=False,
    )
    [place] = answer.points
    # The households within reach are most between the two compounds in the north of the village.
    assert box(116.4105244, 31.4180424, 116.4189439, 31.4270636).covers(
        shapely.Point(place.lon, place.lat)
    )
    assert (answer.choice.households, answer.choice.before, answer.choice.after) == (317, 0, 42)


def test_an_overlap_of_950_m_is_no_slip(conn: Conn) -> None:
    bring_grids(conn, "ov_county.geojson", "county", FIRST, "NAME CODE")
    county = ("county", "1", "县", None, None, 52_928_921)
    assert standing(conn) == [county]
    report = bring_grids(conn, "ov_towns_950m.geojson", "town", FIRST, "NAME CODE", repair=True)
    assert grounds(report) == [("overlap", 1, 2, 5_292_892, (116.05, 31.025))]
    assert (
        "row 1 101 甲镇 and row 2 102 乙镇 share 5,292,892 m², 954 m wide, 18.2% of 甲镇"
        in report.to_text()
    )
    assert report.repairs == []
    assert standing(conn) == [county]


def test_big5_by_its_language_byte(conn: Conn) -> None:
    report = bring_grids(conn, "big5_silent.zip", "county", FIRST, "NAME CODE")
    said = "The text was read as Big5, as the language byte of the table (0x4F) says."
    assert said in map(str, report.notes)
    assert [(each.kind, each.rows[0].row, each.rows[0].name) for each in report.findings] == [
        ("second_county", 1, "臺南市"),
        ("second_county", 2, "臺北市"),
        ("second_county", 3, "南投縣"),
        ("second_county", 4, "嘉義市"),
    ]
    assert report.is_blocked
    assert standing(conn) == []


def test_gbk_by_its_language_byte(conn: Conn) -> None:
    """The county around the towns is one of our own: there is none beside the file."""
    around = [NewVersion(None, "县", "1", None, None, None, box(120.1, 23.1, 120.18, 23.11))]
    boundaries.insert_versions(
        conn, "county", around, valid_from=date.fromisoformat(FIRST), source="tests"
    )
    report = bring_grids(conn, "gbk_trad_ldid4d.zip", "town", FIRST, "NAME CODE")
    said = "The text was read as GBK (GB18030), as the language byte of the table (0x4D) says."
    assert said in map(str, report.notes)
    assert [each[1:3] for each in standing(conn)[1:]] == [
        ("000", "竹橋里"),
        ("001", "南興里"),
        ("002", "公親里"),
        ("003", "子龍里"),
        ("004", "南聖里"),
        ("005", "學東里"),
        ("006", "十份里"),
        ("007", "城西里"),
    ]


def test_a_bare_array_of_features(conn: Conn) -> None:
    report = bring_grids(conn, "datav_array.json", "county", FIRST, "NAME CODE")
    said = "The file is a bare list of features; it was read as a collection of them."
    assert said in map(str, report.notes)
    assert standing(conn) == [("county", "1", "a", None, None, 52_928_921)]
