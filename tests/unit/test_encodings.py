"""Encodings: their names, which one texts are in, and names that were read in the wrong one."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from geodata.errors import InvalidInputError
from geodata.importing.files import dbase, encoding, encoding_choice, tables
from geodata.importing.files.encoding_choice import Text
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import ROWS, FileRequest, TableRequest
from geodata.language.phrases import Phrase

TAIWAN = ("臺南市", "臺北市", "南投縣", "古坑鄉")
VILLAGES = ("竹橋里", "南興里", "公親里", "子龍里", "城西里")
HUOSHAN = ("衡山镇", "佛子岭镇", "下符桥镇", "与儿街镇")
HONG_KONG = ("深水埗區", "鰂魚涌", "𨋢田村")
RARE = ("㙟山小区", "瓪塬村", "䶮家坳")


def texts_of(words: tuple[str, ...], name: str) -> list[Text]:
    return [Text(word.encode(name)) for word in words]


@pytest.mark.parametrize(
    ("words", "written", "found"),
    [
        (("Lewisham",), "ascii", "utf-8"),
        ((), "ascii", "utf-8"),
        (HUOSHAN, "utf-8", "utf-8"),
        (HUOSHAN, "gbk", "gb18030"),
        (("衡山镇", "小区"), "gbk", "gb18030"),
        (TAIWAN, "utf-8", "utf-8"),
        (TAIWAN, "big5", "cp950"),
        (TAIWAN, "gbk", "gb18030"),
        (VILLAGES, "big5", "cp950"),
        (VILLAGES, "gbk", "gb18030"),
        (HONG_KONG, "big5hkscs", "big5hkscs"),
        (RARE, "gb18030", "gb18030"),
        (RARE, "utf-8", "utf-8"),
        (("Café", "São", "école"), "latin-1", "latin-1"),
        (("Café Road", "São Paulo", "Rue de l'école"), "utf-8", "utf-8"),
        (("Алматы", "Шымкент"), "utf-8", "utf-8"),
        (("さいたま市", "東京都", "よこはま"), "cp932", "cp932"),
        (("서울특별시", "부산광역시", "대구광역시", "인천"), "cp949", "cp949"),
    ],
)
def test_texts_tell_their_encoding(words: tuple[str, ...], written: str, found: str) -> None:
    assert encoding_choice.choose(texts_of(words, written)) == found


def test_column_that_cuts_its_last_character() -> None:
    cut = [
        Text("衡山镇桃源".encode()[:10], is_full=True),
        Text("落儿岭".encode()[:8], is_full=True),
    ]
    assert encoding_choice.choose(cut) == "utf-8"
    assert encoding.decode("衡山镇桃源".encode()[:10], "utf-8") == ("衡山镇", 1)
    assert encoding.decode("衡山镇".encode("gbk")[:5], "gb18030") == ("衡山", 1)
    assert encoding.decode("衡山".encode("big5"), "utf-8") is None


@pytest.mark.parametrize("word", ["臺南", "目录"])
def test_what_cannot_be_settled_is_shown_under_each_candidate(word: str) -> None:
    with pytest.raises(FileRefusedError, match="cannot be settled") as refused:
        encoding_choice.choose(texts_of((word,), "gbk"))
    said = str(refused.value)
    assert f"GBK (GB18030): “{word}”" in said
    assert f"Big5: “{word.encode('gbk').decode('big5')}”" in said
    assert "--encoding gbk or --encoding big5" in said


def test_told_encoding_is_held_against_the_texts() -> None:
    assert encoding_choice.check("gb18030", texts_of(HUOSHAN, "gbk")) == "gb18030"
    with pytest.raises(FileRefusedError, match="not in UTF-8: 4 of 4 cannot be read"):
        encoding_choice.check("utf-8", texts_of(HUOSHAN, "gbk"))


def write_table(
    path: Path,
    words: tuple[str, ...],
    name: str,
    *,
    language: int = 0,
    column: str = "NAME",
    size: int = 40,
    blank_rows: int = 0,
) -> Path:
    """Write a dBASE table of one column, after rows that say nothing."""
    rows = [b"x"] * blank_rows + [word.encode(name)[:size] for word in words]
    head = struct.pack("<4BIHH17xB2x", 3, 126, 11, 29, len(rows), 65, size + 1, language)
    title = column.encode(name)[:11].ljust(11, b"\x00")
    body = b"".join(b" " + row.ljust(size) for row in rows)
    path.write_bytes(head + title + struct.pack("<c4xBB14x", b"C", size, 0) + b"\r" + body)
    return path


@pytest.mark.parametrize(
    ("words", "written", "said", "found"),
    [
        (TAIWAN, "big5", (0x4F, None), "cp950"),
        (("臺南",), "gbk", (0x4D, None), "gb18030"),
        (("臺南",), "big5", (0x78, None), "cp950"),
        (HONG_KONG, "big5hkscs", (0x4F, None), "big5hkscs"),
        (("東京",), "cp932", (0x13, None), "cp932"),
        (("부산광역시", "대구"), "cp949", (0x4E, None), "cp949"),
        (("Café",), "cp850", (0x02, None), "cp850"),
        (("Алматы", "Шымкент"), "cp1251", (0xC9, None), "cp1251"),
        # A byte and a .cpg file that lie: what the texts are counts for more.
        (TAIWAN, "big5", (0x4D, None), "cp950"),
        (HUOSHAN, "gbk", (0x4F, None), "gb18030"),
        (HUOSHAN, "gbk", (0x57, "UTF-8"), "gb18030"),
        (HUOSHAN, "utf-8", (0x57, "936"), "utf-8"),
        (TAIWAN, "big5", (0x57, "ISO-8859-1"), "cp950"),
        (TAIWAN, "big5", (0, "UTF-8"), "cp950"),
        # Spelled as people and programs spell them.
        (("臺南",), "gbk", (0, "ANSI 936"), "gb18030"),
        (("臺南",), "gbk", (0, "936"), "gb18030"),
        (("臺南",), "gbk", (0, "LDID/77"), "gb18030"),
        (("臺南",), "big5", (0, "CP950"), "cp950"),
        (("臺南",), "utf-8", (0, "UTF8"), "utf-8"),
        (TAIWAN, "big5", (0, "what the office has"), "cp950"),
        (("Café",), "latin-1", (0x57, "88591"), "latin-1"),
    ],
)
def test_all_that_a_table_says_is_weighed(
    tmp_path: Path, words: tuple[str, ...], written: str, said: tuple[int, str | None], found: str
) -> None:
    """``said``: the language byte, and what the .cpg file holds."""
    language, declared = said
    path = write_table(tmp_path / "t.dbf", words, written, language=language)
    assert dbase.encoding_of(path, None, declared, []) == found


def test_what_was_believed_is_said(tmp_path: Path) -> None:
    notes: list[Phrase] = []
    path = write_table(tmp_path / "t.dbf", TAIWAN, "big5", language=0x4F)
    dbase.encoding_of(path, None, "UTF-8", notes)
    assert [str(note) for note in notes] == [
        "The .cpg file says UTF-8, but the text is not in it.",
        "The text was read as Big5, as the language byte of the table (0x4F) says.",
    ]


def test_one_short_name_is_refused_where_nothing_speaks_for_an_encoding(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.dbf", ("臺南",), "gbk")
    with pytest.raises(FileRefusedError, match="GBK"):
        dbase.encoding_of(path, None, None, [])


def test_texts_far_down_and_names_of_columns_count(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.dbf", VILLAGES, "big5", blank_rows=40_000, size=12)
    assert len(dbase.read(path).texts) == len(VILLAGES)
    assert dbase.encoding_of(path, None, None, []) == "cp950"
    path = write_table(tmp_path / "u.dbf", ("001",), "gbk", column="小区名称")
    assert dbase.read(path).texts == [Text("小区名称".encode("gbk"))]
    assert dbase.encoding_of(path, None, None, []) == "gb18030"


@pytest.mark.parametrize("name", ["big5", "gbk", "utf-8", "utf-16"])
def test_lists_in_each_encoding(tmp_path: Path, name: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("編號,名稱\r\n1,臺南市\r\n2,嘉義縣竹崎鄉\r\n".encode(name))
    request = TableRequest(FileRequest(str(path)), {"code": ["編號"], "name": ["名稱"]})
    found = tables.read(request, tmp_path)
    assert found["columns"] == {"code": "編號", "name": "名稱"}
    rows = [json.loads(line)[3:] for line in (tmp_path / ROWS).read_text("utf-8").splitlines()]
    assert rows == [["1", "臺南市"], ["2", "嘉義縣竹崎鄉"]]


@pytest.mark.parametrize(
    "name",
    [
        "衡山镇", "Café São", "Lewisham 001", "㙟山小区", "Ävrå", "é", "貢寮區", "臺南市", "山楂岭",
        "水浒村", "女娲庙", "A区3栋", "瓪塬", "鰂魚涌",
    ],
)  # fmt: skip
def test_right_names_look_right(name: str) -> None:
    assert encoding.broken(name) is None


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("衡山镇", "utf-8", "latin-1"),
        ("衡山镇", "gbk", "latin-1"),
        ("下符桥镇", "utf-8", "gb18030"),
        ("臺北市中正區", "big5", "gb18030"),
        ("新竹縣竹東鎮", "big5", "latin-1"),
        ("霍山县衡山镇桃源社区", "gbk", "big5hkscs"),
    ],
)
def test_names_read_in_the_wrong_encoding(name: str, written: str, read: str) -> None:
    assert encoding.broken(name.encode(written).decode(read)) == written


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("GBK", "gb18030"), ("65001", "utf-8"), ("ANSI 1252", "cp1252"), ("936", "gb18030"),
        ("gb2312\x00", "gb18030"), ("\ufeffUTF-8", "utf-8"), ("OEM 950", "cp950"),
        ("Big5-HKSCS", "big5hkscs"), ("MS936", "gb18030"), ("88591", "latin-1"),
        ("Shift_JIS", "cp932"), ("EUC-KR", "cp949"), ("GB_2312-80", "gb18030"),
    ],
)  # fmt: skip
def test_names_of_encodings(name: str, python: str) -> None:
    assert encoding.canonical(name) == python


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "idna", "", "9" * 5000])
def test_unknown_encoding(name: str) -> None:
    with pytest.raises(InvalidInputError, match="no encoding called"):
        encoding.canonical(name)


def test_characters_that_got_their_place_later() -> None:
    # In GB18030 of 2000 for private use, in that of 2022 U+9FB4 and U+20087.
    assert encoding.decode(b"\xfe\x59\xfe\x51", "gb18030") == ("\u9fb4\U00020087", 0)
