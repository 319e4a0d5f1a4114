"""Lists with a column of people for each role: 网格 | 网格长 | 电话 | 网格员 | 电话.

Runs in the limited child process only. Each person becomes a row, as in a list with one row for
each duty; several people in a cell become several, where their numbers go with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from geodata.errors import InvalidInputError
from geodata.importing.files.columns import Field, choose, further, listed, plain, several
from geodata.importing.files.requests import TableRequest
from geodata.importing.values.cut_numbers import shown
from geodata.people import phones

# What a role's own columns can hold besides the names. One column for all roles is shared, but for
# these: a number is one person's.
_OWN = ("phone", "email", "key", "from", "until", "organisation", "pledge", "deputy")
_PERSONAL = ("phone", "email", "key")


@dataclass(frozen=True, slots=True)
class Group:
    """The columns of one role: ``columns`` holds that of each field, the name's among them.

    ``phones`` are further columns of numbers, read together with the first.
    """

    role: str
    header: str
    columns: dict[str, int]
    phones: list[int] = field(default_factory=list[int])


def find_groups(
    joined: Sequence[str],
    names: Sequence[str],
    fields: Mapping[str, Field],
    request: TableRequest,
) -> tuple[tuple[Group, ...], dict[str, int], dict[str, list[int]]] | None:
    """Return the groups of a header, the columns that all of them share and those that could be
    meant as well (``columns.further``); None if it has no groups.

    ``joined`` are the headers with both their halves, ``names`` the lower half alone.

    Raises:
        InvalidInputError: it cannot be told whose number a column holds
    """
    roles = {plain(role): role for role in request.roles}
    words = {plain(header): name for name in (*_OWN, "name") for header in fields[name].words
             } if roles else {}  # fmt: skip
    times = Counter(plain(name) for name in names)
    groups: list[Group] = []
    shared: list[str] = []
    for at, header in enumerate(joined):
        role, said = _read(plain(header), roles, words)
        lower = words.get(plain(names[at]))
        if role is not None and said == "name":
            groups.append(Group(role, header, {"name": at}))
        elif role is not None and said is not None:
            own = next((group for group in groups if group.role == role), None)
            if own is None:
                return None
            _put(own, said, at, joined)
        elif groups and lower in _OWN and (lower in _PERSONAL or times[plain(names[at])] > 1):
            _give(groups, lower, at, header, joined)
        else:
            shared.append(header)
            continue
        shared.append("")
    if not groups:
        return None
    others = {
        name: column for name, column in fields.items()
        if name not in {"name", "role", *_PERSONAL}
    }  # fmt: skip
    told = {name: column for name, column in request.told.items() if name in others}
    chosen = choose(shared, others, told, request.given)
    if "grid" not in chosen and "building" not in chosen:
        return None
    return tuple(groups), chosen, further(shared, others, told, chosen)


def _put(group: Group, name: str, at: int, joined: Sequence[str]) -> None:
    """Give a role a column that names it; another one only of numbers, which are all kept.

    Raises:
        InvalidInputError: it has such a column already
    """
    first = group.columns.setdefault(name, at)
    if first == at:
        return
    if name != "phone":
        raise several(joined, name, (first, at))
    group.phones.append(at)


def _read(
    header: str, roles: Mapping[str, str], words: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """Split a header into a role and what it says of it: 网格长电话 -> 网格长, phone."""
    if header in roles:
        return roles[header], "name"
    for word in sorted(roles, key=len, reverse=True):
        if header.startswith(word) and header[len(word) :] in words:
            return roles[word], words[header[len(word) :]]
    return None, None


def _give(
    groups: Sequence[Group],
    name: str,
    at: int,
    header: str,
    joined: Sequence[str],
) -> None:
    """Give a column to the role at its left, where no other role could be meant."""
    last = groups[-1]
    beside = {last.columns.get("phone"), *last.phones}
    if name == "phone" and at - 1 in beside and plain(joined[at - 1]) != plain(header):
        last.phones.append(at)
        return
    without = [group for group in groups if name not in group.columns]
    is_next = len(groups) < 2 or name in groups[-2].columns
    if not without or without[-1] is not last or not is_next:
        raise InvalidInputError(
            "It cannot be told of which role {column} is. The file has: {columns}.",
            hint="Write the role into its header, for example {example}.",
            column=header,
            columns=listed(joined),
            example=f"{last.header}{header}",
        )
    last.columns[name] = at


def people(
    cells: Sequence[object],
    names: Sequence[str],
    groups: Sequence[Group],
    chosen: Mapping[str, int],
) -> Iterator[tuple[str, list[object]]]:
    """Return the rows that a row with a column for each role holds, each with its role's header.

    ``names`` are the fields in the order of the cells that are returned.
    """
    for group in groups:
        columns = {**chosen, **group.columns}
        row = [cells[columns[name]] if name in columns else None for name in names]
        row[names.index("role")] = group.role
        if group.phones:
            row[names.index("phone")] = together(cells, (columns["phone"], *group.phones))
        has_own = any(_text(cells[at]) for at in group.columns.values())
        if has_own:
            yield group.header, row


def together(cells: Sequence[object], places: Sequence[int]) -> object:
    """Return what several columns of numbers hold as one cell."""
    filled = [cells[at] for at in places if _text(cells[at])]
    texts = dict.fromkeys(
        shown(cell) if isinstance(cell, float) else _text(cell) for cell in filled
    )
    return "、".join(texts) if len(texts) > 1 else next(iter(filled), None)


def split(row: list[object], names: Sequence[str]) -> Iterator[list[object]]:
    """Return a row for each person that a cell of names holds, with the number of each.

    A row whose numbers are not as many as its people stays one: the import refuses it then.
    """
    at = names.index("name")
    several = phones.several_names(_text(row[at]))
    if len(several) < 2:
        yield row
        return
    own = [names.index(name) for name in _PERSONAL if name in names]
    parts = {place: phones.pieces(_text(row[place])) for place in own}
    if any(len(pieces) not in {0, len(several)} for pieces in parts.values()):
        yield row
        return
    for number, name in enumerate(several):
        one = list(row)
        one[at] = name
        for place, pieces in parts.items():
            one[place] = pieces[number] if pieces else None
        yield one


def is_vacant(row: Sequence[object], names: Sequence[str]) -> bool:
    """Whether a row says that nobody holds the duty."""
    return phones.is_none(_text(row[names.index("name")]))


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()
