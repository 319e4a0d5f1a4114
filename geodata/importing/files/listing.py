"""Handing the rows of a list from the child to its parent, and saying how it was understood.

Runs in the limited child process only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from geodata.errors import GridMapError
from geodata.importing.files import layouts, role_columns
from geodata.importing.files.columns import choose, differing, fields_of, further
from geodata.importing.files.layouts import Body, Layout, LeftOut, Numbered, Part, Why
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import TableRequest
from geodata.language.phrases import Phrase
from geodata.people.privacy import masked

MAX_ROWS = 2_000_000
_SHOWN = 60
# Rows that the report names one by one; others are said in a note.
_NAMED: frozenset[Why] = frozenset(("total", "note", "heading", "extra", "vacant", "amount"))


@dataclass(slots=True)
class Written:
    """What was written. ``columns`` is the header of each field; ``parts`` are names of sheets, if
    there are several; ``left`` are rows below the header that are no rows of the list. ``unread``
    are the headers of which no field was read, ``unheaded`` the letters of columns that hold
    something below no header.
    """

    columns: dict[str, str]
    count: int = 0
    parts: list[str] = field(default_factory=list[str])
    left: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    unread: list[str] = field(default_factory=list[str])
    unheaded: list[str] = field(default_factory=list[str])


def write(
    request: TableRequest,
    parts: Sequence[Part],
    target: Path,
    notes: list[Phrase],
    *,
    is_titled: bool = False,
) -> Written:
    """Write the rows of all parts that have the columns needed, and note how each was understood.

    ``is_titled``: the header is looked for, else it is the only row of the head.

    Raises:
        FileRefusedError, InvalidInputError
    """
    read = _understand(request, parts, notes, is_titled=is_titled)
    written = Written(_headers(request, [layout for _, layout in read]))
    counts: list[int] = []
    with target.open("w", encoding="utf-8") as file:
        for number, (part, layout) in enumerate(read):
            counts.append(_write_part(request, part, number, layout, file, written, notes))
            written.count += counts[-1]
    if not written.count:
        raise FileRefusedError("no_features", "The file holds no rows.")
    names = [
        " ".join(name.split())
        for _, layout in read
        for at, name in enumerate(layout.columns)
        if name and at not in layout.read() | _joined(request, layout)
    ]
    written.unread = [name[:_SHOWN] for name in dict.fromkeys(names)]
    if len(read) > 1:
        written.parts = [part.name for part, _ in read]
        sheets = [
            Phrase("{sheet} ({rows:,} rows)", {"sheet": part.name, "rows": count})
            for (part, _), count in zip(read, counts, strict=True)
        ]
        notes.append(
            Phrase("Sheets: {sheets}. --layer reads one of them alone.", {"sheets": sheets})
        )
    return written


def _understand(
    request: TableRequest, parts: Sequence[Part], notes: list[Phrase], *, is_titled: bool
) -> list[tuple[Part, Layout]]:
    """Find the header of each part; those without one are named, and refused if there is no other.

    Raises:
        FileRefusedError, InvalidInputError
    """
    if not is_titled:
        columns = [str(name) for name in parts[0].head[0][1]]
        fields = fields_of(request)
        chosen = choose(columns, fields, request.told, request.given)
        more = further(columns, fields, request.told, chosen)
        return [(parts[0], Layout((), (), columns, chosen, further=more))]
    read: list[tuple[Part, Layout]] = []
    failures: list[tuple[str, GridMapError]] = []
    for part in parts:
        if all(layouts.is_blank(cells) for _, cells in part.head):
            continue
        try:
            read.append((part, layouts.find(request, part.head)))
        except GridMapError as failure:
            failures.append((part.name, failure))
    if not read:
        if failures:
            raise failures[0][1]
        raise FileRefusedError("no_features", "The sheet is empty.")
    if failures:
        names = [name for name, _ in failures]
        notes.append(
            Phrase("Sheets without the columns needed were not read: {sheets}.", {"sheets": names})
        )
    return read


def _headers(request: TableRequest, read: Sequence[Layout]) -> dict[str, str]:
    """Return the header of each field; where parts or roles have different ones, all of them."""
    headers: dict[str, dict[str, None]] = {}
    for layout in read:
        for chosen in (layout.chosen, *(group.columns for group in layout.groups)):
            for name, at in chosen.items():
                headers.setdefault(name, {})[layout.columns[at]] = None
        phones = [at for group in layout.groups for at in group.phones]
        more = {**layout.further, "phone": [*layout.further.get("phone", ()), *phones]}
        for name, places in more.items():
            if name in request.joined:
                headers.setdefault(name, {}).update({layout.columns[at]: None for at in places})
        if layout.groups:
            headers.setdefault("role", {}).update({each.header: None for each in layout.groups})
    return {name: " / ".join(headers[name]) for name in request.headers if name in headers}


def _write_part(
    request: TableRequest,
    part: Part,
    number: int,
    layout: Layout,
    file: TextIO,
    written: Written,
    notes: list[Phrase],
) -> int:
    """Write the rows of one part and note how they were understood. Returns how many."""
    body = Body(layout, request.required, _below(part, layout), part.wide, part.is_text)
    split, names = _splitter(request, layout), list(request.headers)
    count = 0
    rivals = [
        (name, (layout.chosen[name], *places))
        for name, places in layout.further.items()
        if name not in request.joined
    ]
    bare = {at for at, name in enumerate(layout.columns) if not name} - layout.read()
    filled: set[int] = set()
    for line, cells in body if layout.header else part.rows():
        _check_rivals(layout, rivals, line, cells)
        filled.update(at for at in bare - filled if layouts.said(cells[at]))
        filled.update(
            at for at in range(len(layout.columns), len(cells)) if layouts.said(cells[at])
        )
        for label, row in split(cells):
            if request.roles and role_columns.is_vacant(row, names):
                body.left.append(LeftOut(line, "vacant", label or layouts.shown(cells)))
                continue
            file.write(json.dumps([line, number, label, *row], ensure_ascii=False))
            file.write("\n")
            count += 1
        if count > MAX_ROWS:
            raise FileRefusedError(
                "too_many", "The file has more than {limit} rows.", limit=MAX_ROWS
            )
    letters = [_letters(at) for at in sorted(filled)]
    written.unheaded += [each for each in letters if each not in written.unheaded]
    amounts = {layout.chosen[name] for name in request.amounts if name in layout.chosen}
    body.left += [
        LeftOut(line, "amount", layout.columns[at]) for line, at in part.down if at in amounts
    ]
    notes += _notes(part, layout, body)
    for left in body.left:
        if left.why in _NAMED:
            text = left.text[:_SHOWN]
            written.left.append({"line": left.line, "part": number, "why": left.why, "text": text})
    return count


def _check_rivals(
    layout: Layout,
    rivals: Sequence[tuple[str, Sequence[int]]],
    line: int,
    cells: Sequence[object],
) -> None:
    """Refuse a row in which columns differ that are all meant for one field.

    Raises:
        InvalidInputError
    """
    for name, places in rivals:
        # A cell that says nothing beside the chosen one contradicts nothing.
        taken, *others = (layouts.said(cells[at]) for at in places)
        if any(other and other != taken for other in others):
            raise differing(layout.columns, name, sorted(places), line)


def _joined(request: TableRequest, layout: Layout) -> set[int]:
    """Return the columns that are read together with the chosen one."""
    return {at for name in request.joined for at in layout.further.get(name, ())}


def _letters(at: int) -> str:
    """Return what a spreadsheet calls a column, counted from 0: A, Z, AA."""
    first, last = divmod(at, 26)
    return (_letters(first - 1) if first else "") + chr(ord("A") + last)


def _below(part: Part, layout: Layout) -> Iterator[Numbered]:
    """Return the rows below the header, as wide as it is; cells that go beyond it fail no row."""
    last = layout.header[-1] if layout.header else 0
    width = len(layout.columns)
    for line, cells in part.rows():
        if line > last:
            yield line, cells if len(cells) >= width else [*cells, *[None] * (width - len(cells))]


def _splitter(
    request: TableRequest, layout: Layout
) -> Callable[[Sequence[object]], Iterable[tuple[str, list[object]]]]:
    """Return what makes the rows of the list, with the header of their role, of a row's cells."""
    names = list(request.headers)
    places = [layout.chosen.get(name) for name in names]

    together = [
        (names.index(name), (layout.chosen[name], *layout.further[name]))
        for name in request.joined
        if name in layout.further
    ]

    def one(cells: Sequence[object]) -> Iterable[tuple[str, list[object]]]:
        row = [None if at is None else cells[at] for at in places]
        for at, columns in together:
            row[at] = role_columns.together(cells, columns)
        return [("", row)]

    def each_person(cells: Sequence[object]) -> Iterator[tuple[str, list[object]]]:
        rows = one(cells)
        if layout.groups:
            rows = role_columns.people(cells, names, layout.groups, layout.chosen)
        for label, row in rows:
            for person in role_columns.split(row, names):
                yield label, person

    return each_person if request.roles else one


def _notes(part: Part, layout: Layout, body: Body) -> Iterator[Phrase]:
    """Say how a part was understood, where it is more than a header and rows."""
    if layout.titles:
        texts = [masked(layouts.shown(cells))[:_SHOWN] for _, cells in layout.titles]
        yield Phrase("Taken for titles above the header: {texts}.", {"texts": texts})
    if len(layout.header) > 1:
        first, second = layout.header
        yield Phrase(
            "The header is in rows {first} and {second}.", {"first": first, "second": second}
        )
    elif layout.header and layout.header[0] > 1:
        yield Phrase("The header is in row {row}.", {"row": layout.header[0]})
    if layout.groups:
        groups = [
            Phrase("{role}: {columns}", {
                "role": group.role,
                "columns": [masked(layout.columns[at]) for at in group.columns.values()],
            })
            for group in layout.groups
        ]  # fmt: skip
        yield Phrase("Each role has columns of its own: {groups}.", {"groups": groups})
    last = max(layout.header, default=0)
    down = sorted({at for line, at in part.down if line > last})
    if down:
        columns = [masked(layout.columns[at]) for at in down if at < len(layout.columns)]
        yield Phrase(
            "Cells merged over several rows count for each of them: {columns}.",
            {"columns": columns},
        )
    if body.empty:
        yield Phrase("Empty rows were passed over: {rows:,}.", {"rows": body.empty})
    if body.numbered_only:
        yield Phrase(
            "{rows:,} rows hold nothing but their number: left out.", {"rows": body.numbered_only}
        )
    again = [left.line for left in body.left if left.why == "header"]
    if again:
        yield Phrase("The header stands again in row {rows}: left out.", {"rows": again})
    numbered = [left.line for left in body.left if left.why == "numbering"]
    if numbered:
        yield Phrase("The columns are numbered in row {rows}: left out.", {"rows": numbered})
