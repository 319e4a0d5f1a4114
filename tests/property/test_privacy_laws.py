"""What holds for every personal number in a text, and for every number that is none."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from geodata.people.privacy import Finding, Kind, findings, masked

SPANS = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
PROVINCES = [str(number) for first, last in SPANS for number in range(first, last + 1)]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FULL_WIDTH = str.maketrans("0123456789X+- ", "０１２３４５６７８９Ｘ＋－　")
# Without the characters with which measures and money begin or end: those say that it is neither.
MEASURES = set("元吨公平立千㎡万亿美港欧日币额")
CHINESE = st.text(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF, exclude_characters="".join(MEASURES))
    | st.sampled_from("，。：；、“”（）！？\n"),
    max_size=20,
)


def digits(count: int) -> st.SearchStrategy[str]:
    return st.integers(0, 10**count - 1).map(lambda number: f"{number:0{count}}")


REGIONS = st.tuples(st.sampled_from(PROVINCES), digits(4)).map("".join)


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), date(2025, 12, 31)))
    body = f"{draw(REGIONS)}{born:%Y%m%d}{draw(digits(3))}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]


@st.composite
def written_identity_numbers(draw: st.DrawFn) -> str:
    number = draw(identity_numbers())
    gap = draw(st.sampled_from(["", " ", "-"]))
    number = draw(
        st.sampled_from([
            number,
            number.lower(),
            gap.join([number[:6], number[6:14], number[14:]]),
            gap.join([number[:6], number[6:10], number[10:14], number[14:]]),
            gap.join(number[at : at + 4] for at in range(0, 18, 4)),
            " ".join(number),
        ])
    )  # fmt: skip
    return number.translate(FULL_WIDTH) if draw(st.booleans()) else number


@st.composite
def written_mobile_numbers(draw: st.DrawFn) -> str:
    number = f"1{draw(st.integers(3, 9))}{draw(digits(9))}"
    gap = draw(st.sampled_from(["", " ", "-"]))
    number = gap.join([number[:3], number[3:7], number[7:]])
    prefix = draw(st.sampled_from(["", "+86", "0086", "+86 ", "+86-", "0086 ", "0086-"]))
    number = prefix + number
    return number.translate(FULL_WIDTH) if draw(st.booleans()) else number


@st.composite
def written_landline_numbers(draw: st.DrawFn) -> str:
    area = draw(
        st.sampled_from(["010", "020", "021", "025", "029"])
        | st.integers(300, 999).map(lambda code: f"0{code}")
    )
    least = 7 if len(area) == 4 else 8
    local = f"{draw(st.integers(2, 8))}{draw(digits(draw(st.integers(least, 8)) - 1))}"
    number = draw(
        st.sampled_from([f"{area}-{local}", f"({area}){local}", f"+86 {area[1:]} {local}"])
    )
    return number.translate(FULL_WIDTH) if draw(st.booleans()) else number


WRITTEN = st.one_of(
    st.tuples(st.just("identity_number"), written_identity_numbers()),
    st.tuples(st.just("mobile_number"), written_mobile_numbers()),
    st.tuples(st.just("landline_number"), written_landline_numbers()),
)


@given(before=CHINESE, written=WRITTEN, after=CHINESE)
def test_a_number_in_chinese_text_is_found_where_it_stands(
    before: str, written: tuple[Kind, str], after: str
) -> None:
    kind, number = written
    found = Finding(kind, len(before), len(before) + len(number))
    assert findings(before + number + after) == [found]
    assert masked(before + number + after) == f"{before}****{after}"


@given(numbers=st.lists(WRITTEN, max_size=5), words=CHINESE)
def test_each_of_several_numbers_is_found(numbers: list[tuple[Kind, str]], words: str) -> None:
    text = "".join(f"{words}，{number}" for _, number in numbers)
    found = findings(text)
    assert [number.kind for number in found] == [kind for kind, _ in numbers]
    assert [text[number.start : number.end] for number in found] == [text for _, text in numbers]


@given(before=CHINESE, region=REGIONS, born=st.dates(date(1960, 1, 1), date(1999, 12, 31)),
       order=digits(3), after=CHINESE)  # fmt: skip
def test_an_old_identity_number_is_found(
    before: str, region: str, born: date, order: str, after: str
) -> None:
    assume(not {"网格", "代码", "编码", "编号", "区划"} & {before[i : i + 2] for i in range(20)})
    text = f"{before}{region}{born:%y%m%d}{order}{after}"
    assert findings(text) == [Finding("identity_number", len(before), len(before) + 15)]


@given(region=REGIONS, born=st.dates(date(1900, 1, 1), date(1999, 12, 31)), order=digits(3))
def test_an_old_identity_number_that_is_called_one_is_found(
    region: str, born: date, order: str
) -> None:
    text = f"身份证号：{region}{born:%y%m%d}{order}"
    assert findings(text) == [Finding("identity_number", 5, 20)]


@given(identity_numbers(), st.integers(1, 10))
def test_an_identity_number_with_a_wrong_digit_at_its_end_is_none(number: str, step: int) -> None:
    wrong = "0123456789X"[("0123456789X".index(number[-1]) + step) % 11]
    assert findings(f"证号{number[:-1]}{wrong}。") == []


@given(before=CHINESE, county=REGIONS, town=st.integers(0, 599), rest=digits(6), after=CHINESE)
def test_the_code_of_a_grid_is_no_personal_number(
    before: str, county: str, town: int, rest: str, after: str
) -> None:
    # Called an identity number, it would be one.
    assume(not {"身份", "证件", "证号"} & {before[i : i + 2] for i in range(20)})
    code = f"{county}{town:03}{rest}"
    for length in (6, 9, 12, 15):
        assert findings(f"{before}{code[:length]}{after}") == []


@given(
    county=REGIONS, rest=digits(9), word=st.sampled_from(["网格编码：", "网格", "代码 ", "grid "])
)
def test_a_number_that_is_called_a_code_is_one(county: str, rest: str, word: str) -> None:
    assert findings(f"{word}{county}{rest}") == []


@given(st.integers(0, 4_000_000_000))
def test_a_date_or_a_time_is_no_personal_number(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    for text in (
        moment.isoformat(),
        f"{moment:%Y年%m月%d日 %H:%M:%S}",
        f"{moment:%Y-%m-%d %H:%M}至{moment:%Y-%m-%d %H:%M}",
        f"{moment:%Y%m%d}-{moment:%Y%m%d}",
        f"{moment:%m-%d %Y%m%d}",
        f"{moment:%Y%m%d%H%M%S}",
        f"{moment:%y%m%d%H%M%S}",
        f"时间戳{seconds}",
        f"时间戳{seconds * 1000 + 1_000_000_000_000}",
    ):
        assert findings(text) == [], text


@given(st.floats(73, 136), st.floats(3, 54))
def test_coordinates_are_no_personal_numbers(lon: float, lat: float) -> None:
    for text in (
        f"{lon},{lat}",
        f"位于 {lon!r} {lat!r}",
        f"（{lon:.11f}，{lat:.11f}）",
        f"X={lat * 111_000:.3f} Y={39_000_000 + lon * 1000:.3f}",
    ):
        assert findings(text) == [], text


@given(amount=st.integers(0, 10**13), unit=st.sampled_from(["元", "万元", "亿元", "美元", " 元"]))
def test_an_amount_is_no_personal_number(amount: int, unit: str) -> None:
    for text in (
        f"共{amount}{unit}",
        f"{amount}.00{unit}",
        f"¥{amount}",
        f"金额：{amount}",
        f"{amount:,}",
        f"{amount / 100:.2f}{unit}",
    ):
        assert findings(text) == [], text


@given(st.text())
def test_any_text_can_be_looked_through(text: str) -> None:
    places = [(number.start, number.end) for number in findings(text)]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(places))
