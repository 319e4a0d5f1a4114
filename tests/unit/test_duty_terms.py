"""What becomes of known duties when a list names them again."""

from __future__ import annotations

from datetime import date

from geodata.importing.lists.persons import Entry, Known, Office, Person
from geodata.importing.lists.terms import follow

GRID = (1, None)


def office(start: str, until: str | None = None, duty_id: int | None = None) -> Office:
    end = date.fromisoformat(until) if until else None
    return Office("grid_worker", GRID, None, date.fromisoformat(start), end, "甲小区", duty_id)


def person(rows: list[Office], known: list[Office]) -> Person:
    entries = [Entry(row, "张伟", "", frozenset(), "", each) for row, each in enumerate(rows)]
    return Person(entries, Known(7, "张伟", "", frozenset(), "", tuple(known)))


def terms_of(someone: Person) -> list[tuple[int, str, str, int | None]]:
    found, unclear = follow(someone)
    assert unclear == []
    return [
        (each.entry.row, str(each.office.start), str(each.office.until), each.office.duty_id)
        for each in found
    ]


def test_a_later_first_day_takes_none_away() -> None:
    again = person([office("2025-06-01")], [office("2024-01-01", None, 3)])
    assert terms_of(again) == [(0, "2024-01-01", "None", 3)]


def test_an_earlier_first_day_is_taken() -> None:
    again = person([office("2023-01-01", "2026-01-01")], [office("2024-01-01", None, 3)])
    assert terms_of(again) == [(0, "2023-01-01", "2026-01-01", 3)]


def test_a_term_after_the_known_one_is_new() -> None:
    again = person([office("2025-01-01")], [office("2024-01-01", "2025-01-01", 3)])
    assert terms_of(again) == [(0, "2025-01-01", "None", None)]


def test_a_known_term_is_parted_by_two_rows_in_any_order() -> None:
    first, second = office("2024-01-01", "2024-07-01"), office("2025-01-01")
    known = [office("2024-01-01", None, 3)]
    parted = [("2024-01-01", "2024-07-01", 3), ("2025-01-01", "None", None)]
    assert [each[1:] for each in terms_of(person([first, second], known))] == parted
    assert [each[1:] for each in terms_of(person([second, first], known))] == parted


def test_a_row_over_several_known_terms_is_unclear() -> None:
    known = [office("2024-01-01", None, 4), office("2020-01-01", "2022-01-01", 3)]
    found, unclear = follow(person([office("2021-01-01")], known))
    assert found == []
    assert [(entry.row, [each.duty_id for each in met]) for entry, met in unclear] == [(0, [3, 4])]
