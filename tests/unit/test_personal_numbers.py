"""Numbers of persons in texts as people write them, and what only looks like one."""

from __future__ import annotations

import pytest

from geodata.people.privacy import findings, masked

# Numbers of nobody: the example of the standard itself, and numbers of repeated digits.
IDENTITY = "11010519491231002X"


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        (f"身份证号{IDENTITY}。", "identity_number", IDENTITY),
        ("证件 110105 19491231 002x", "identity_number", "110105 19491231 002x"),
        (
            "１１０１０５１９４９１２３１００２Ｘ",
            "identity_number",
            "１１０１０５１９４９１２３１００２Ｘ",
        ),
        (f"1 {IDENTITY}", "identity_number", IDENTITY),
        (f"ID:{IDENTITY}tel", "identity_number", IDENTITY),
        ("身份证110105491231002", "identity_number", "110105491231002"),
        ("身份证 110105 491231 002", "identity_number", "110105 491231 002"),
        ("张三 110105791231002", "identity_number", "110105791231002"),
        ("网格341525100001001居民证件号码110105491231002", "identity_number", "110105491231002"),
        ("联系人张三13800000000", "mobile_number", "13800000000"),
        ("13800000000张三", "mobile_number", "13800000000"),
        ("电话：138-0000-0000（晚上）", "mobile_number", "138-0000-0000"),
        ("138 0000 0000", "mobile_number", "138 0000 0000"),
        ("(+86)13800000000", "mobile_number", "+86)13800000000"),
        (
            "＋８６　１３８　００００　００００",
            "mobile_number",
            "＋８６　１３８　００００　００００",
        ),
        ("0086-138 0000 0000", "mobile_number", "0086-138 0000 0000"),
        ("8613800000000", "mobile_number", "8613800000000"),
        ("手机 13800000000.0", "mobile_number", "13800000000"),
        ("13800000000@example.org", "mobile_number", "13800000000"),
        ("微信wx13800000000", "mobile_number", "13800000000"),
        ("2024-03-01 13800000000", "mobile_number", "13800000000"),
        ("座机0564-5000000转801", "landline_number", "0564-5000000"),
        ("（010）6000 0000", "landline_number", "（010）6000 0000"),
        ("0564 5000000", "landline_number", "0564 5000000"),
        ("电话05645000000", "landline_number", "05645000000"),
        ("+86-564-5000000", "landline_number", "+86-564-5000000"),
    ],
)
def test_numbers_as_people_write_them(text: str, kind: str, number: str) -> None:
    (found,) = findings(text)
    assert (found.kind, text[found.start : found.end]) == (kind, number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "路边垃圾 🎉",
        "网格 341525100001001",
        "341525100001001",
        "网格编码341525600101001",
        "341525-100-001-001",
        "110105194912310021",  # the wrong digit at its end
        "991105194912310021",  # no province
        "11010519490231002X",  # no such day
        "11010529491231002X",  # not born yet
        "1101051949123100 2024",
        "2024-03-01T08:00:00+08:00",
        "20240301080000",
        "1709251200000",
        "2024年3月1日至2024年4月1日",
        "0315 20240315",
        "116.31154321098,31.41138123456",
        "31.13800000000",
        "投资1500000 2024年完工",
        "共计15000000000元",
        "¥15000000000.00",
        "15000000000.50",
        "6222021380000000000",
        "550e8400-e29b-41d4-a716-13800000000a",
        "工单05641234567",
        "热线12345，400-800-0000",
        "138****0000",
    ],
)
def test_what_only_looks_like_one(text: str) -> None:
    assert findings(text) == []


def test_several_numbers_in_their_order() -> None:
    text = f"座机0564-5000000，手机13800000000/13900000000，证件{IDENTITY}"
    assert [number.kind for number in findings(text)] == [
        "landline_number", "mobile_number", "mobile_number", "identity_number",
    ]  # fmt: skip
    assert masked(text) == "座机****，手机****/****，证件****"
