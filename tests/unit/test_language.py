"""The language of the command line, and that its Chinese is complete."""

from __future__ import annotations

import gettext
import io
import json
import re

import pytest

from geodata.errors import NotFoundError
from geodata.importing.findings import counts, wording
from geodata.importing.findings.finding import Finding, RowRef
from geodata.importing.report.report import Report
from geodata.installation.home import REPOSITORY
from geodata.language.phrases import Phrase, from_plain, to_plain
from geodata.model import LEVELS
from scripts.cli import importing, language
from scripts.cli.progress import Progress

HAN = "\u4e00", "\u9fff"
# Said at once, or named first where a stage goes on for a while.
STAGE = re.compile(r'\b(?:(?:progress|tell)\(\s*|stage = Phrase\()"([^"]+)"')
STAGES = {
    stage
    for path in (REPOSITORY / "geodata").rglob("*.py")
    for stage in STAGE.findall(path.read_text("utf-8"))
}


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_LANG", "zh")


@pytest.fixture(scope="module")
def catalogue() -> gettext.NullTranslations:
    return gettext.translation("messages", REPOSITORY / "webmap" / "translations", ["zh"])


def is_chinese(text: str) -> bool:
    return any(HAN[0] <= letter <= HAN[1] for letter in text)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_ALL": "POSIX", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_MESSAGES": "zh_TW.UTF-8", "LANG": "en_GB.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"GRIDMAP_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
        ({"GRIDMAP_LANG": "zh", "LC_ALL": "C"}, "zh"),
    ],
)
def test_language_is_asked_for_or_that_of_the_terminal(
    environment: dict[str, str], expected: str
) -> None:
    assert language.language(environment) == expected


@pytest.mark.parametrize("kind", wording.WORDS)
def test_every_finding_has_chinese_words(kind: str, catalogue: gettext.NullTranslations) -> None:
    words = wording.WORDS[kind]
    assert is_chinese(catalogue.gettext(words.title))
    assert not words.advice or is_chinese(catalogue.gettext(words.advice))
    # A template of values alone reads the same in every language.
    letters = re.sub(r"\{[^}]*\}", "", words.case)
    assert not any(map(str.isalpha, letters)) or catalogue.gettext(words.case) != words.case


@pytest.mark.parametrize(
    "text",
    [
        *sorted(STAGES | importing.STAGES.keys()),
        *(phrase.text for phrase in wording.COUNTS.values()),
        *(phrase.text for phrase in counts.ONES.values()),
        *(counts.grids(level, number).text for level in LEVELS for number in (1, 2)),
        *(phrase.text for phrase in wording.DEEDS.values()),
        *(phrase.text for phrase in wording.SEVERITIES.values()),
        *(phrase.text for phrase in wording.COLUMNS),
        *(phrase.text for phrase in wording.GIVEN),
    ],
)
def test_every_stage_and_name_has_a_chinese_one(
    text: str, catalogue: gettext.NullTranslations
) -> None:
    assert is_chinese(catalogue.gettext(text))


def test_stages_are_found_in_the_source() -> None:
    assert importing.STAGES.keys() | {"terrain", "writing the history"} <= STAGES


def test_phrases_hold_phrases_and_lists(chinese: None) -> None:
    phrase = Phrase("Imported: {what}.", {"what": [Phrase("1 problem"), "x"]})
    assert str(phrase) == "Imported: 1 problem, x."
    assert phrase.said(language.translate) == "已导入：1 处错误、x。"
    written = json.dumps([phrase], default=to_plain)
    assert json.loads(written, object_hook=from_plain) == [phrase]


@pytest.mark.parametrize("template", ["{row.said}", "{row[0]}", "{row.__class__}"])
def test_templates_reach_nothing_but_their_values(template: str) -> None:
    with pytest.raises(KeyError):
        Phrase(template, {"row": "x"}).said()


def test_errors_say_what_and_what_to_do(chinese: None) -> None:
    error = NotFoundError(
        "There is no file {path}.", hint="Choose one with --layer.", path="a.gpkg"
    )
    assert language.said(error) == "错误：没有文件 a.gpkg。请用 --layer 选定一个。"
    assert str(error) == "There is no file a.gpkg. Choose one with --layer."


def test_progress_is_shown_in_chinese(chinese: None) -> None:
    stream = io.StringIO()
    with Progress("底图", stream) as progress:
        progress("reading", 0.0)
        progress(Phrase("zoom {zoom}", {"zoom": 7}), 0.5)
    assert stream.getvalue().splitlines() == [
        "底图 …", "    0 %  读取文件", "   50 %  第 7 级", "底图：完成，用时 0 秒"
    ]  # fmt: skip


def test_one_of_a_thing_is_said_as_one() -> None:
    assert counts.ONES.keys() == wording.COUNTS.keys()
    several = Report(Phrase("Grids"), "a.csv", counts={"new counties": 8, "known duties": 2})
    assert several.verdict() == "Imported: 8 new counties, 2 known duties."
    one = Report(Phrase("Grids"), "a.csv", counts={"new counties": 1, "known duties": 1})
    assert one.verdict() == "Imported: 1 new county, 1 known duty."
    assert str(counts.all_grids("community", 1)) == "1 community."
    assert str(counts.unchanged("town", 1)) == "1 town is unchanged and was not touched."
    assert str(counts.unchanged("town", 2000)) == "2,000 towns are unchanged and were not touched."


def test_counts_in_chinese(chinese: None) -> None:
    report = Report(Phrase("Grids"), "a.csv", counts={"new counties": 8, "new towns": 1})
    report.is_written = True
    assert report.verdict(language.translate) == "已导入：新增县 8 个、新增乡镇 1 个。"
    said = counts.unchanged("community", 3).said(language.translate)
    assert said == "3 个社区（村）没有变化，未作改动。"


def test_json_keeps_its_codes(chinese: None) -> None:
    data = {"column": "电话", "text": "x", "reason": Phrase("no number")}
    report = Report(Phrase("Members"), "a.csv", [Phrase("{rows}.", {"rows": counts.rows(1200)})])
    report.findings = [Finding("bad_value", "blocking", (RowRef(2),), data=data)]
    plain = json.loads(report.to_json(language.translate))
    (finding,) = plain["findings"]
    assert plain["subject"] == "成员"
    assert plain["notes"] == ["1,200 行。"]
    assert (finding["kind"], finding["severity"]) == ("bad_value", "blocking")
    assert finding["data"]["reason"] == "no number"
    assert finding["text"] == "第 2 行：电话为“x”（不是数字）"
    assert finding["title"] == "无法识别的值"
