"""Which column holds what: as told by --map, else by the headers that lists usually have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geodata.errors import InvalidInputError
from geodata.privacy import masked


@dataclass(frozen=True, slots=True)
class Field:
    """A thing that a column can hold; ``headers`` are the usual ones, the likeliest first."""

    headers: tuple[str, ...]
    is_required: bool = False


def choose(
    columns: Sequence[str],
    fields: Mapping[str, Field],
    told: Mapping[str, str],
    given: Sequence[str] = (),
) -> dict[str, int]:
    """Return the position of the column for each field that has one.

    ``given`` are fields whose value comes from elsewhere (an option) and need no column.

    Raises:
        InvalidInputError: a field or column that does not exist, or a required one not found
    """
    positions = {_plain(name): index for index, name in reversed(list(enumerate(columns)))}
    chosen: dict[str, int] = {}
    for name, column in told.items():
        if name not in fields:
            raise InvalidInputError(
                "--map {name}: there is no such field. There are: {fields}.",
                name=name,
                fields=", ".join(fields),
            )
        if _plain(column) not in positions:
            raise InvalidInputError(
                "The file has no column {column}. It has: {columns}.",
                column=column,
                columns=_listed(columns),
            )
        chosen[name] = positions[_plain(column)]
    for name, field in fields.items():
        if name in chosen:
            continue
        for header in field.headers:
            if _plain(header) in positions:
                chosen[name] = positions[_plain(header)]
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
            columns=_listed(columns),
        )
    return chosen


def _listed(columns: Sequence[str]) -> str:
    """Return headers for a message. In a list without headers they are the first row's values."""
    return ", ".join(masked(name) for name in columns if name)


def _plain(header: str) -> str:
    """Return a header without what writers vary: case, spaces, underscores, remarks in brackets."""
    bare = header.split("(")[0].split("（")[0]
    return "".join(letter for letter in bare.lower() if letter.isalnum() or letter in "@")
