"""Which column holds what: as told by --map, else by the headers that lists usually have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geodata.errors import InvalidInputError
from geodata.importing.folding import fold
from geodata.privacy import masked


@dataclass(frozen=True, slots=True)
class Field:
    """A thing that a column can hold; ``headers`` are the usual ones, the likeliest first.

    An amount cannot count for each of several rows.
    """

    headers: tuple[str, ...]
    is_required: bool = False
    is_amount: bool = False


def choose(
    columns: Sequence[str],
    fields: Mapping[str, Field],
    told: Mapping[str, str],
    given: Sequence[str] = (),
) -> dict[str, int]:
    """Return the position of the column for each field that has one.

    ``given`` are fields whose value comes from elsewhere (an option) and need no column.

    Raises:
        InvalidInputError: a field or column that does not exist, or a required one not found, or
            several columns that could be meant
    """
    positions: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(columns):
        positions[plain(name)].append(index)
    chosen: dict[str, int] = {}
    for name, column in told.items():
        if name not in fields:
            raise InvalidInputError(
                "--map {name}: there is no such field. There are: {fields}.",
                name=name,
                fields=", ".join(fields),
            )
        if plain(column) not in positions:
            raise InvalidInputError(
                "The file has no column {column}. It has: {columns}.",
                column=column,
                columns=listed(columns),
            )
        chosen[name] = _only(columns, positions[plain(column)], column, name)
    for name, field in fields.items():
        if name in chosen:
            continue
        for header in field.headers:
            if plain(header) in positions:
                chosen[name] = _only(columns, positions[plain(header)], header, name)
                break
    missing = [
        name
        for name, field in fields.items()
        if field.is_required and name not in chosen and name not in given
    ]
    if missing:
        raise InvalidInputError(
            "No column was recognised for: {missing}. The file has: {columns}.",
            hint="Name them, for example --map {first}=COLUMN.",
            missing=", ".join(missing),
            first=missing[0],
            columns=listed(columns),
        )
    return chosen


def _only(columns: Sequence[str], found: Sequence[int], header: str, field: str) -> int:
    """Return the one column that is meant: of several the one that is written as the header is."""
    exact = [at for at in found if columns[at] == header]
    alike = [at for at in found if fold(columns[at]) == fold(header)]
    for group in (found, exact, alike):
        if len(group) == 1:
            return group[0]
    raise InvalidInputError(
        "Several columns could be meant for {field}: {names}. The file has: {columns}.",
        hint="Rename the others in the file, or delete them.",
        field=field,
        names=listed([columns[at] for at in found]),
        columns=listed(columns),
    )


def listed(columns: Sequence[str]) -> str:
    """Return headers for a message. In a list without headers they are the first row's values."""
    return ", ".join(masked(name) for name in columns if name)


def plain(header: str) -> str:
    """Return a header without what writers vary: case, spaces, underscores, remarks in brackets."""
    bare = fold(header).split("(")[0]
    return "".join(letter for letter in bare if letter.isalnum() or letter in "@")
