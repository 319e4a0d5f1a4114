"""Which column holds what: as told by --map, else by the headers that lists usually have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geodata.errors import InvalidInputError
from geodata.importing.files.requests import TableRequest
from geodata.importing.values.folding import fold
from geodata.people.privacy import masked


@dataclass(frozen=True, slots=True)
class Field:
    """A thing that a column can hold; ``headers`` are the usual ones, the likeliest first.

    ``loose`` are headers that count only where none of the others is there: they say the same less
    exactly. An amount cannot count for each of several rows. Of a field that ``is_joined`` several
    columns are read together; of any other they may not differ.
    """

    headers: tuple[str, ...]
    is_required: bool = False
    is_amount: bool = False
    loose: tuple[str, ...] = ()
    is_joined: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Return all headers that are known, the likeliest first."""
        return *self.headers, *self.loose


def fields_of(request: TableRequest) -> dict[str, Field]:
    """Return the fields that a request asks for."""
    return {
        name: Field(
            tuple(word for word in words if word not in request.loose.get(name, ())),
            name in request.required,
            name in request.amounts,
            tuple(request.loose.get(name, ())),
            name in request.joined,
        )
        for name, words in request.headers.items()
    }


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
    positions = _positions(columns)
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
        for header in field.words:
            if plain(header) in positions:
                found = positions[plain(header)]
                if field.is_joined:
                    chosen[name] = _each(columns, found, name)[0]
                else:
                    chosen[name] = _only(columns, found, header, name)
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


def further(
    columns: Sequence[str],
    fields: Mapping[str, Field],
    told: Mapping[str, str],
    chosen: Mapping[str, int],
) -> dict[str, list[int]]:
    """Return the columns that could be meant for a field as well as the chosen one.

    A column that was told, for this field or another, is in no doubt.

    Raises:
        InvalidInputError: several columns have the same header
    """
    positions = _positions(columns)
    outright = {plain(column) for column in told.values()}
    found: dict[str, list[int]] = {}
    for name, at in chosen.items():
        field, header = fields[name], plain(columns[at])
        # The shape of a layer is surer than any column.
        if name in told or columns[at].startswith("@"):
            continue
        exact = {plain(word): word for word in field.headers}
        likely = exact if header in exact else {plain(word): word for word in field.loose}
        more: list[int] = []
        for word, written in likely.items():
            alike = [] if word in outright else positions.get(word, [])
            if alike and field.is_joined:
                more += _each(columns, alike, name)
            elif alike and word != header:
                more.append(_only(columns, alike, written, name))
        if more := [place for place in more if place != at]:
            found[name] = more
    return found


def _positions(columns: Sequence[str]) -> Mapping[str, list[int]]:
    """Return where each header stands, in the form in which headers are compared."""
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(columns):
        positions[plain(name)].append(index)
    return positions


def _each(columns: Sequence[str], found: Sequence[int], field: str) -> Sequence[int]:
    """Return the columns of a field that is read from all of them; one header is of one column."""
    if len({columns[at] for at in found}) < len(found):
        raise several(columns, field, found)
    return found


def _only(columns: Sequence[str], found: Sequence[int], header: str, field: str) -> int:
    """Return the one column that is meant: of several the one that is written as the header is."""
    exact = [at for at in found if columns[at] == header]
    alike = [at for at in found if fold(columns[at]) == fold(header)]
    for group in (found, exact, alike):
        if len(group) == 1:
            return group[0]
    raise several(columns, field, found)


def several(columns: Sequence[str], name: str, found: Sequence[int]) -> InvalidInputError:
    """Return the refusal of columns among which no option can choose."""
    return InvalidInputError(
        "Several columns could be meant for {field}: {names}. The file has: {columns}.",
        hint="Rename the others in the file, or delete them.",
        field=name,
        names=listed([columns[at] for at in found]),
        columns=listed(columns),
    )


def differing(
    columns: Sequence[str], name: str, found: Sequence[int], row: int
) -> InvalidInputError:
    """Return the refusal of columns for one field that differ in a row of the file."""
    return InvalidInputError(
        "Several columns could be meant for {field}, and they differ in row {row}: {names}.",
        hint="Say which one holds, for example --map {field}={first}.",
        field=name,
        names=listed([columns[at] for at in found]),
        first=masked(columns[found[0]]),
        row=row,
    )


def listed(columns: Sequence[str]) -> str:
    """Return headers for a message. In a list without headers they are the first row's values."""
    return ", ".join(masked(name) for name in columns if name)


def plain(header: str) -> str:
    """Return a header without what writers vary: case, spaces, underscores, remarks in brackets."""
    bare = fold(header).split("(")[0]
    return "".join(letter for letter in bare if letter.isalnum() or letter in "@")
