"""Several numbers in one text: what is dialled for each, and what is none."""

from __future__ import annotations

import pytest

from geodata.people import phones


@pytest.mark.parametrize(("text", "dialled"), [
    ("13000000001", ["13000000001"]),
    ("13000000001、0564-0000001", ["13000000001", "0564-0000001"]),
    ("13000000002/13000000003", ["13000000002", "13000000003"]),
    ("13000000002；13000000003;13000000004", ["13000000002", "13000000003", "13000000004"]),
    ("13000000002\n13000000003", ["13000000002", "13000000003"]),
    ("13000000002 13000000003", ["13000000002", "13000000003"]),
    ("13000000002或13000000003", ["13000000002", "13000000003"]),
    ("130 0000 0002", ["13000000002"]),
    ("0564 0000001", ["05640000001"]),
    ("(0564) 0000001", ["05640000001"]),
    ("+86 130 0000 0002", ["+8613000000002"]),
    ("(+86)13000000002", ["+8613000000002"]),
    ("０５６４－００００００１", ["0564-0000001"]),
    ("0564-0000001转8012", ["0564-0000001;ext=8012"]),
    ("13000000002（微信同号）", ["13000000002"]),
    ("110", ["110"]),
    ("0564-0000001/02", ["0564-0000001", ""]),
    ("1300000000213000000003", [""]),
    ("无", [""]),
    ("", []),
])  # fmt: skip
def test_numbers(text: str, dialled: list[str]) -> None:
    assert [number.dial for number in phones.numbers(text)] == dialled


def test_what_is_shown_is_what_was_written() -> None:
    shown = [
        number.text for number in phones.numbers("13000000002（微信同号）、 0564-0000001转8012")
    ]
    assert shown == ["13000000002（微信同号）", "0564-0000001转8012"]


@pytest.mark.parametrize(("text", "kept"), [
    ("139 0000 0001", ["139 0000 0001"]),
    ("13900000013.0", ["13900000013"]),
    ("'13900000001", ["13900000001"]),
    ("'13900000001、13900000002.0", ["13900000001", "13900000002"]),
    ("无、13900000001", ["13900000001"]),
    ("13900000005转801", ["13900000005转801"]),
    ("13900000006（微信同号）", ["13900000006（微信同号）"]),
    ("家:0564-1234567 手机:13900000015", ["家:0564-1234567", "手机:13900000015"]),
    ("0564-1234567x801", ["0564-1234567x801"]),
    ("110", ["110"]),
    ("无", []), ("無", []), ("暂无", []), ("-", []), ("/", []), ("None", []), ("N/A", []), ("", []),
])  # fmt: skip
def test_numbers_that_are_kept(text: str, kept: list[str]) -> None:
    assert phones.fault(text) is None
    assert phones.kept(text) == kept


@pytest.mark.parametrize(("text", "why"), [
    ("同上", "each row needs its own"),
    ("〃", "each row needs its own"),
    ("王五", "no phone number"),
    ("微信", "no phone number"),
    ("139****0011", "digits of it are hidden"),
    ("139xxxx0011", "digits of it are hidden"),
    ("13900000001、139＊＊＊＊0011", "digits of it are hidden"),
])  # fmt: skip
def test_what_is_no_number(text: str, why: str) -> None:
    assert str(phones.fault(text)) == why


@pytest.mark.parametrize(("text", "name"), [
    ("甲 一", "甲一"), ("欧阳　娜娜", "欧阳娜娜"), ("甲\n一", "甲一"), ("甲\n1", "甲 1"),
    ("Anna \r\n  Smith", "Anna Smith"), ("阿依·古丽", "阿依·古丽"), ("𠮷 田", "𠮷田"),
])  # fmt: skip
def test_a_name_stands_on_one_line(text: str, name: str) -> None:
    assert phones.name_fault(text) is None
    assert phones.tidy_name(text) == name


@pytest.mark.parametrize(("text", "why"), [
    ("同上", "each row needs its own"),
    ("·", "no name"),
    ("12", "no name"),
    ("13900000009", "a phone number: the columns may be swapped"),
    ("０５６４-1234567", "a phone number: the columns may be swapped"),
])  # fmt: skip
def test_what_is_no_name(text: str, why: str) -> None:
    assert str(phones.name_fault(text)) == why
