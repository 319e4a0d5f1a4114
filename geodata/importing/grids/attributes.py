"""Codes, names, parents and counts of a file of grids, and what is wrong with them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.errors import InvalidInputError
from geodata.importing.files.encoding import broken
from geodata.importing.files.requests import GridRequest, KnownGrid
from geodata.importing.values.counting import read_count
from geodata.importing.values.cut_numbers import is_cut
from geodata.importing.values.folding import narrow
from geodata.language.phrases import Phrase
from geodata.partition.problems import Problem

_DECIMAL = re.compile(r"([0-9]+)\.0+")


@dataclass(frozen=True, slots=True)
class Row:
    """One row's texts and counts, trimmed."""

    code: str
    name: str
    parent: str | None
    households: int | None
    population: int | None


def rows_of(
    columns: dict[str, list[object]], request: GridRequest, *, is_decoded: bool = True
) -> tuple[list[Row], list[Problem]]:
    """Take the named columns out of a table and check them.

    ``is_decoded``: the texts were bytes in an encoding that can be chosen; else they were stored as
    they are.

    Raises:
        InvalidInputError: a column is not in the file
    """
    wanted = request.columns
    code = _column(columns, wanted.code)
    name = _column(columns, wanted.name)
    parent = _column(columns, wanted.parent) if wanted.parent else [None] * len(code)
    problems: list[Problem] = []
    households = _counts(columns, wanted.households, len(code), problems)
    population = _counts(columns, wanted.population, len(code), problems)
    problems += _cut(wanted.code, code) + (_cut(wanted.parent, parent) if wanted.parent else [])
    codes = [plain_code(value) for value in code]
    names = [_text(value) for value in name]
    written = [_text(value) for value in code]
    rows = [
        Row(codes[i], names[i], _parent(parent[i]), households[i], population[i])
        for i in range(len(code))
    ]
    return rows, problems + _text_problems(codes, written, names, is_decoded)


def _cut(column: str, values: Sequence[object]) -> list[Problem]:
    """Find codes that were kept as numbers and have lost digits."""
    return [
        Problem("cut_number", "blocking", (row,), data={"column": column, "text": str(value)})
        for row, value in enumerate(values)
        if is_cut(value)
    ]


def second_counties(
    rows: Sequence[Row], good: Sequence[int] | NDArray[np.intp], counties: Sequence[KnownGrid]
) -> list[Problem]:
    """Find the counties of a file beside the one that there can be: one home holds one county."""
    known = {grid.code: grid.name for grid in counties}
    new = {rows[int(row)].code: int(row) for row in good if rows[int(row)].code not in known}
    if len(known) + len(new) < 2:
        return []
    data: dict[str, str | int] = {"count": len(new), "known": "", "code": ""}
    if known:
        code, name = next(iter(known.items()))
        data |= {"known": name, "code": code}
    return [Problem("second_county", "blocking", (row,), data=data) for row in new.values()]


def _text_problems(
    codes: list[str], written: list[str], names: list[str], is_decoded: bool
) -> list[Problem]:
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for row, code in enumerate(codes):
        if not code:
            problems.append(Problem("no_code", "blocking", (row,)))
        elif code in seen:
            problems.append(Problem("duplicate_code", "blocking", (seen[code], row)))
        else:
            seen[code] = row
    for row, name in enumerate(names):
        if not name:
            problems.append(Problem("no_name", "blocking", (row,)))
            continue
        if meant := broken(name) or broken(written[row]):
            text = name if broken(name) else written[row]
            data = {"text": text, "encoding": "" if meant == "?" else meant}
            if not is_decoded:
                data["stored"] = "yes"
            problems.append(Problem("broken_text", "blocking", (row,), data=data))
    return problems


def same_names(rows: Sequence[Row], parent_of: Sequence[int]) -> list[Problem]:
    """Find siblings of the same name; ``parent_of`` is empty where a level has no parents."""
    problems: list[Problem] = []
    seen: dict[tuple[int, str], int] = {}
    for position, row in enumerate(rows):
        key = parent_of[position] if len(parent_of) else -1, row.name
        if row.name and key in seen:
            problems.append(Problem("duplicate_name", "warning", (seen[key], position)))
        seen.setdefault(key, position)
    return problems


def _column(columns: dict[str, list[object]], name: str) -> list[object]:
    if name in columns:
        return columns[name]
    by_case = {known.lower(): known for known in columns}
    if name.lower() in by_case:
        return columns[by_case[name.lower()]]
    raise InvalidInputError(
        "The file has no column {name}. It has: {columns}.",
        name=name,
        columns=", ".join(columns) or Phrase("none"),
    )


def _counts(
    columns: dict[str, list[object]], name: str | None, length: int, problems: list[Problem]
) -> list[int | None]:
    if name is None:
        return [None] * length
    counts: list[int | None] = []
    for row, value in enumerate(_column(columns, name)):
        text = _text(value)
        number = read_count(text)
        if text and number is None:
            data = {"column": name, "text": text}
            problems.append(Problem("bad_number", "blocking", (row,), data=data))
        counts.append(number)
    return counts


def plain_code(value: object) -> str:
    """Return a code as it is stored: without marks that nobody sees, narrow, a number whole.

    "９９０１０１" -> "990101", "990101.0" (a column of decimal numbers) -> "990101". With a mark
    of order or a space of no width in it, it would be another code that looks the same.
    """
    seen = (each for each in _text(value) if unicodedata.category(each) != "Cf")
    text = _text(narrow("".join(seen)))
    whole = _DECIMAL.fullmatch(text)
    return whole[1] if whole else text


def _parent(value: object) -> str | None:
    """Return how a file names a parent, by its code or its name."""
    text = _text(value)
    code = plain_code(value)
    return (code if code[:1].isdecimal() else text) or None


def _text(value: object) -> str:
    return "" if value is None else " ".join(str(value).replace("\x00", "").split())
