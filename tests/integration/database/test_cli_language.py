"""Reports of ``gridmap`` in Chinese: by faulty files, and no English left over."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from shapely.geometry import LineString, Polygon, box, mapping

from geodata.errors import GridMapError
from scripts.cli import language as tongue
from scripts.cli.__main__ import gridmap
from tests import faults
from tests.faults import COUNTY

# Two words of English in a row. Names of options, files, columns and formats stand alone.
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
OVERLAPPING = (box(116.30, 31.40, 116.325, 31.44), box(116.32, 31.40, 116.34, 31.44))
BOW = Polygon([(116.31, 31.41), (116.32, 31.42), (116.32, 31.41), (116.31, 31.42)])


@pytest.fixture(autouse=True)
def terminal(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Chinese terminal and a database with the county."""
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)
    monkeypatch.setenv("GRIDMAP_LANG", "zh")
    path = tmp_path / "county.geojson"
    faults.write_json(path, faults.features([COUNTY], ["341525"], ["霍山县"]))
    assert "已导入：新增县 1 个。" in grids(path, "county").output


def run(*words: str) -> Result:
    return CliRunner().invoke(gridmap, words, catch_exceptions=False)


def grids(path: Path, level: str, *more: str) -> Result:
    return run(
        "import", "grids", str(path), "--level", level, "--name", "name", "--code", "code", *more
    )


@pytest.fixture
def towns(tmp_path: Path) -> Path:
    content = faults.features([*OVERLAPPING, BOW], ["1", "2", "2"], ["衡山镇", "", "诸佛庵镇"])
    return faults.write_json(tmp_path / "towns.geojson", content)


def test_a_faulty_file_is_reported_in_chinese(towns: Path, tmp_path: Path) -> None:
    done = grids(towns, "town", "--report", str(tmp_path / "faults.csv"))
    assert done.exit_code == 1
    for words in (
        "乡镇网格：towns.geojson",
        "必须改正：",
        "缺名称：1 处",
        "代码重复：1 处",
        "图形无效：1 处",
        "第 3 行 2 诸佛庵镇：自相交，位于 116.31500, 31.41500",
        "文件内重叠：1 处",
        "没有导入：有 4 处错误须改正。数据库没有改动。",
        "查找重叠",
    ):
        assert words in done.output
    assert not ENGLISH.findall(done.output)
    with (tmp_path / "faults.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"缺名称", "代码重复", "图形无效", "文件内重叠"} <= {row["类型"] for row in rows}
    assert {row["程度"] for row in rows} <= {"必须改正", "值得一看"}
    assert not ENGLISH.findall((tmp_path / "faults.csv").read_text("utf-8"))


def test_codes_are_the_same_in_both_languages(towns: Path, tmp_path: Path) -> None:
    reports: list[dict[str, list[dict[str, str]]]] = []
    for language in ("zh", "en"):
        path = tmp_path / f"{language}.json"
        run(
            "--lang", language, "import", "grids", str(towns), "--level", "town",
            "--name", "name", "--code", "code", "--report", str(path),
        )  # fmt: skip
        reports.append(json.loads(path.read_text("utf-8")))
    chinese, english = reports
    assert english["subject"] == "Grids, level town"
    assert chinese["subject"] == "乡镇网格"
    for one, two in zip(chinese["findings"], english["findings"], strict=True):
        assert one["text"] != two["text"]
        assert (one["kind"], one["data"]) == (two["kind"], two["data"])


def test_faults_of_a_list_are_reported_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    rows = [
        ["姓名", "职务", "网格编码", "任职日期", "任期结束"],
        ["", "网格员", "1", "2024-01-01", ""],
        ["王芳", "国王", "1", "明天", ""],
        ["张伟", "Town grid chief", "9", "2024-01-01", "2023-01-01"],
        ["李娜", "社区网格长", "9", "2024-01-01", ""],
    ]
    with path.open("w", encoding="gbk", newline="") as file:
        csv.writer(file).writerows(rows)
    done = run("import", "members", str(path))
    assert done.exit_code == 1
    for words in (
        "文字按 GBK (GB18030) 读取；如不对，请用 --encoding 指定。",
        "列的对应：name = 姓名、role = 职务",
        "第 2 行：姓名为空",
        "第 3 行：任职日期为“明天”（不是日期）",
        "第 4 行：网格编码〔乡镇〕为“9”",
        "第 5 行：网格编码〔社区（村）〕为“9”",
        "（早于起始日期）",
    ):
        assert words in done.output, done.output
    assert not ENGLISH.findall(done.output)


def test_the_check_speaks_chinese() -> None:
    done = run("check", "--on", "2001-01-01")
    # Nothing to check is not nothing to put right.
    assert done.output == "2001-01-01 没有网格。\n"
    done = run("check")
    assert "县网格：数据库，截至 " in done.output
    assert "共 1 个县。" in done.output
    assert not ENGLISH.findall(done.output)


def test_a_refused_file_is_refused_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "towns.zip"
    path.write_bytes(b"%PDF-1.7 not a map")
    with pytest.raises(GridMapError) as caught:
        grids(path, "town")
    assert tongue.said(caught.value) == (
        "错误：该文件是 PDF 文档，不能读取。"
        "请将图层导出为 GeoPackage、GeoJSON 或 zip 打包的 Shapefile。"
    )
    assert "The file is a PDF document." in str(caught.value)


def test_roads_are_reported_in_chinese(tmp_path: Path) -> None:
    lines = (
        LineString([(116.31, 31.41), (116.33, 31.41)]),
        LineString([(116.32, 31.405), (116.32, 31.42)]),
        LineString([(116.331, 31.43), (116.3311, 31.43)]),
    )
    content = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"等级": "村道"}, "geometry": mapping(line)}
            for line in (*lines, box(116.31, 31.41, 116.32, 31.42))
        ],
    }
    path = faults.write_json(tmp_path / "roads.geojson", content)
    heights = tmp_path / "heights.xyz"
    heights.write_text("116 31 100\n117 31 150\n116 32 100\n117 32 150\n")
    done = run("import", "roads", str(path), "--class", "等级", "--heights", str(heights),
               "--licence", "交通局", "--report", str(tmp_path / "all.json"))  # fmt: skip
    assert done.exit_code == 0
    for words in (
        "道路：roads.geojson",
        "100.0% 的路段有坡度数据。",
        "相交而未连通的道路：1 处",
        "两条道路，位于 116.32000, 31.41000",
        "孤立路段：与其余道路不连通：1 处",
        "不是线：1 处",
        "已导入：新增 3 个路段。",
    ):
        assert words in done.output
    said = done.output + (tmp_path / "all.json").read_text("utf-8")
    texts = [json.loads(text) for text in re.findall(r'"(?:text|title|advice)": ("[^\n]*")', said)]
    assert not [text for text in (*texts, done.output) if ENGLISH.search(text)]
    heights.write_text("no heights")
    with pytest.raises(GridMapError) as caught:
        run("import", "roads", str(path), "--heights", str(heights))
    assert "高程数据无法读取：文件既不是 ASCII 栅格" in tongue.said(caught.value)
