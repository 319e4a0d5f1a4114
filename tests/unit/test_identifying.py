"""Who is meant by rows of one name: told by number, phone, place and unit, or in doubt."""

from __future__ import annotations

from datetime import date

from geodata.importing.lists.identifying import identify, vanished
from geodata.importing.lists.persons import Entry, Identified, Known, Office, phones_of, plain_name

BEGIN = date(2025, 1, 1)
GRID, OTHER_GRID = (1, None), (2, None)


def office(place: tuple[int | None, int | None] = GRID, start: date = BEGIN) -> Office:
    return Office("grid_worker", place, None, start, None, "甲小区")


def entry(
    row: int,
    name: str = "张伟",
    *,
    key: str = "",
    phone: str = "",
    unit: str = "",
    place: tuple[int | None, int | None] = GRID,
    start: date = BEGIN,
) -> Entry:
    return Entry(row, name, key, phones_of(phone), unit, office(place, start))


def known(
    member_id: int = 7,
    name: str = "张伟",
    *,
    key: str = "",
    phone: str = "",
    place: tuple[int | None, int | None] = GRID,
    is_own: bool = True,
) -> Known:
    source = "own" if is_own else "another"
    return Known(member_id, name, key, phones_of(phone), "", (office(place),), is_own, source)


def told(found: Identified) -> list[tuple[int | None, list[int]]]:
    """Return the members and rows of each person; nothing may be in doubt."""
    assert found.doubts == []
    return [
        (person.known and person.known.member_id, [each.row for each in person.entries])
        for person in found.people
    ]


def doubted(found: Identified) -> list[tuple[str, list[int]]]:
    return [(d.kind, [each.row for each in d.person.entries]) for d in found.doubts]


def test_one_name_in_two_places_without_phones_is_a_question() -> None:
    rows = [entry(0), entry(1, place=OTHER_GRID)]
    assert doubted(identify(rows, [])) == [("who_is_meant", [0]), ("who_is_meant", [1])]
    assert told(identify(rows, [], same=["张伟"])) == [(None, [0, 1])]
    assert told(identify(rows, [], different=["all"])) == [(None, [0]), (None, [1])]


def test_what_was_decided_needs_no_decision_again() -> None:
    rows = [entry(0), entry(1, place=OTHER_GRID)]
    two = [known(7), known(8, place=OTHER_GRID)]
    assert told(identify(rows, two)) == [(7, [0]), (8, [1])]
    one = Known(7, "张伟", "", frozenset(), "", (office(), office(OTHER_GRID)))
    assert told(identify(rows, [one])) == [(7, [0, 1])]


def test_two_phones_in_two_places_are_two_people() -> None:
    rows = [entry(0, phone="13800000001"), entry(1, phone="13800000002", place=OTHER_GRID)]
    assert told(identify(rows, [])) == [(None, [0]), (None, [1])]


def test_two_phones_in_one_place_are_a_question() -> None:
    rows = [entry(0, phone="13800000001"), entry(1, phone="13800000002")]
    assert len(doubted(identify(rows, []))) == 2


def test_one_phone_in_two_places_is_one_person() -> None:
    rows = [entry(0, phone="138 0000 0001"), entry(1, phone="+86-13800000001", place=OTHER_GRID)]
    assert told(identify(rows, [])) == [(None, [0, 1])]


def test_a_row_without_phone_belongs_to_the_one_at_its_place() -> None:
    rows = [entry(0, phone="1"), entry(1), entry(2, phone="2", place=OTHER_GRID)]
    assert told(identify(rows, [])) == [(None, [0, 1]), (None, [2])]
    both = [entry(0, phone="1"), entry(1), entry(2, phone="2")]
    assert [1] in [rows for _kind, rows in doubted(identify(both, []))]


def test_two_units_are_two_people() -> None:
    rows = [entry(0, unit="财政局"), entry(1, unit="教育局", place=OTHER_GRID)]
    assert told(identify(rows, [])) == [(None, [0]), (None, [1])]
    same_place = [entry(0, unit="财政局"), entry(1, unit="教育局")]
    assert len(doubted(identify(same_place, []))) == 2


def test_a_family_with_one_phone_is_as_many_as_it_has_names() -> None:
    rows = [entry(0, "张伟", phone="1"), entry(1, "李娜", phone="1")]
    assert told(identify(rows, [])) == [(None, [0]), (None, [1])]
    assert told(identify(rows, [known(phone="1"), known(8, "李娜", phone="1")])) == [
        (7, [0]),
        (8, [1]),
    ]


def test_a_new_phone_at_the_same_duty_is_the_same_person_and_said() -> None:
    found = identify([entry(0, phone="2")], [known(phone="1")])
    assert told(found) == [(7, [0])]
    assert [remark[0] for remark in found.remarks] == ["new_number"]
    other = identify([entry(0, phone="2")], [known(phone="1")], different=["张伟"])
    assert told(other) == [(None, [0])]


def test_a_new_phone_while_the_list_has_the_old_one_too_is_a_question() -> None:
    moved = [entry(0, phone="1", place=OTHER_GRID), entry(1, phone="2")]
    found = identify(moved, [known(phone="1")])
    # The list tells them apart by phone and place: the member moved, and a namesake followed.
    assert told(found) == [(7, [0]), (None, [1])]
    beside = [entry(0, phone="1"), entry(1, phone="2")]
    assert doubted(identify(beside, [known(phone="1")])) == [("who_is_meant", [1])]


def test_another_place_and_another_phone_is_a_question_while_the_member_is_not_listed() -> None:
    rows = [entry(0, phone="2", place=OTHER_GRID)]
    assert doubted(identify(rows, [known(phone="1")])) == [("who_is_meant", [0])]
    assert told(identify(rows, [known(phone="1")], same=["张伟"])) == [(7, [0])]
    listed = [*rows, entry(1, phone="1")]
    assert told(identify(listed, [known(phone="1")])) == [(None, [0]), (7, [1])]


def test_another_place_and_the_same_phone_is_the_same_person() -> None:
    assert told(identify([entry(0, phone="1", place=OTHER_GRID)], [known(phone="1")])) == [(7, [0])]


def test_a_staff_number_decides() -> None:
    rows = [entry(0, key="17"), entry(1, key="18")]
    assert told(identify(rows, [])) == [(None, [0]), (None, [1])]
    moved = [entry(0, key="17", phone="2", place=OTHER_GRID)]
    assert told(identify(moved, [known(key="17", phone="1")])) == [(7, [0])]


def test_a_staff_number_that_is_added_finds_who_had_none() -> None:
    rows = [entry(0, key="17", phone="1"), entry(1, key="18", phone="2", place=OTHER_GRID)]
    before = [known(phone="1"), known(8, place=OTHER_GRID)]
    assert told(identify(rows, before)) == [(7, [0]), (8, [1])]


def test_a_new_name_under_a_staff_number_is_renamed_or_a_question() -> None:
    renamed = identify([entry(0, "张玮", key="17")], [known(key="17")])
    assert told(renamed) == [(7, [0])]
    assert [remark[0] for remark in renamed.remarks] == ["renamed"]
    stranger = [entry(0, "李娜", key="17", place=OTHER_GRID)]
    assert doubted(identify(stranger, [known(key="17")])) == [("number_of_another", [0])]
    # That they differ cannot be: one number is one person.
    assert doubted(identify(stranger, [known(key="17")], different=["all"])) == [
        ("number_of_another", [0])
    ]
    assert told(identify(stranger, [known(key="17")], same=["李娜"])) == [(7, [0])]


def test_another_list_names_the_same_person() -> None:
    elsewhere = known(phone="1", is_own=False)
    for row in (entry(0, phone="1", place=OTHER_GRID), entry(0)):
        found = identify([row], [elsewhere])
        assert told(found) == [(7, [0])]
        assert [remark[0] for remark in found.remarks] == ["known_elsewhere"]
    # A namesake elsewhere is nobody's business; another number at the very duty is a question.
    assert told(identify([entry(0, phone="2", place=OTHER_GRID)], [elsewhere])) == [(None, [0])]
    assert doubted(identify([entry(0, phone="2")], [elsewhere])) == [("who_is_meant", [0])]


def test_two_members_who_both_fit_are_a_question_that_same_cannot_settle() -> None:
    twice = [known(7, phone="1"), known(8, phone="1", place=OTHER_GRID)]
    rows = [entry(0, phone="1", place=(3, None))]
    assert doubted(identify(rows, twice)) == [("who_is_meant", [0])]
    assert doubted(identify(rows, twice, same=["all"])) == [("who_is_meant", [0])]


def test_who_is_not_in_the_list_any_more() -> None:
    members = [known(7, phone="1"), known(8, "李娜"), known(9, "王芳", is_own=False)]
    people = identify([entry(0, phone="1")], members).people
    assert [each.member_id for each in vanished(members, people, date(2026, 1, 1))] == [8]
    assert vanished(members, people, date(2024, 1, 1)) == []


def test_names_and_phones_as_people_write_them() -> None:
    assert plain_name("张　伟") == plain_name("张 伟") == plain_name("张伟")
    assert plain_name("ＡＮＮ  Lee") == plain_name("ann lee") != plain_name("annlee")
    assert phones_of("0564-0000011、138 0000 0001") == {"05640000011", "13800000001"}
    assert phones_of("86 13800000001") == phones_of("0086-13800000001") == {"13800000001"}
    assert phones_of("无") == frozenset()
