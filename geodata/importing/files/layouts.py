"""How a table is laid out: where its header is, and which rows below it are no rows of the list.

Runs in the limited child process only. Offices put titles above the header, write it in two rows,
number its columns, repeat it on each page, and end with totals, notes and signatures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from geodata.errors import GridMapError, InvalidInputError
from geodata.importing.files.columns import Field, choose, fields_of, further, plain
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import TableRequest
from geodata.importing.files.role_columns import Group, find_groups
from geodata.importing.values.folding import fold

# Among so many rows with content the header is looked for.
HEAD_ROWS = 30
# As many as a sheet of Excel has.
MAX_COLUMNS = 16_384
# A row of a file: its number there, and its cells.
Numbered = tuple[int, list[object]]
# Why a row below the header is no row of the list.
Why = Literal["total", "note", "heading", "header", "numbering", "extra", "vacant", "amount"]

_SERIAL = {"", "序号", "序", "行号", "no", "nr", "number", "编号"}
_AMOUNT = re.compile(r"(共|计)?[0-9][0-9,]*(\.[0-9]+)?[^0-9]{0,3}")
_TOTAL = re.compile(
    r"(合计|总计|小计|共计|累计|总数|总人数|共有?|subtotal|grandtotal|total|sum)(人数?|户数?|数)?"
    rf"(:.*|\(.*\)|{_AMOUNT.pattern})?"
)
_DEEDS = "填表|填报|制表|报送|上报|统计|审核|审批|审定|复核|经办|核对|校对|负责|分管|主管|联系|打印"
_NOTE = re.compile(
    r"(备?注|附注|(填表)?说明|注意事项|盖章|公章|日期|单位(负责人|\(盖章\)|公章)?"
    rf"|(单位)?({_DEEDS})(单位|部门|人员?|领导|日期|时间|电话)?(签字|签名|\((签字|签名|盖章)\))?"
    r"|notes?|remarks?|source|preparedby|compiledby|signed|date)[0-9]*[:.、]"
    r"|\(盖章\)"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table's header is and what its columns are.

    ``titles`` and ``header`` are rows by number; ``columns`` are headers as a person reads them,
    ``chosen`` the column of each field, ``further`` those that could be meant as well. ``groups``
    are the columns of each role, if it has such.
    """

    titles: tuple[Numbered, ...]
    header: tuple[int, ...]
    columns: list[str]
    chosen: Mapping[str, int]
    groups: tuple[Group, ...] = ()
    head: tuple[tuple[str, ...], ...] = ()
    further: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])

    def read(self) -> set[int]:
        """Return the columns that fields are read from."""
        own = {at for group in self.groups for at in group.columns.values()}
        own |= {at for group in self.groups for at in group.phones}
        return own | set(self.chosen.values())


@dataclass(frozen=True, slots=True)
class Part:
    """A sheet of a workbook, or the table of another file (``name`` "").

    ``head`` are its first rows, ``rows`` gives all of them. ``wide`` are the rows of which one cell
    is merged over most columns, ``down`` the top row and the column of cells merged downwards.
    """

    name: str
    head: Sequence[Numbered]
    rows: Callable[[], Iterable[Numbered]]
    wide: frozenset[int] = frozenset()
    is_text: bool = False
    down: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row below the header that is no row of the list."""

    line: int
    why: Why
    text: str


@dataclass(slots=True)
class Body:
    """The rows of the list, one after the other; afterwards it knows what was left out.

    ``wide`` are lines of which one cell is merged over most columns. In a text (``is_text``) a row
    longer than the header has a separator too many: its cells would be taken for others.
    """

    layout: Layout
    required: Sequence[str]
    rows: Iterable[Numbered]
    wide: frozenset[int] = frozenset()
    is_text: bool = False
    left: list[LeftOut] = field(default_factory=list[LeftOut])
    numbered_only: int = 0
    empty: int = 0

    def __iter__(self) -> Iterator[Numbered]:
        is_first, has_note = True, False
        columns, chosen = self.layout.columns, self.layout.chosen
        needed = [chosen[name] for name in self.required if name in chosen]
        needed += [group.columns["name"] for group in self.layout.groups]
        serial = {at for at, name in enumerate(columns) if plain(name) in _SERIAL}
        serial -= set(chosen.values())
        heads = {text for head in self.layout.head for text in head}
        for line, cells in self.rows:
            if self.is_text and len(cells) > len(columns) and not is_blank(cells[len(columns) :]):
                self.left.append(LeftOut(line, "extra", shown(cells)))
                continue
            texts = [said(cells[at]) for at in needed]
            # Nearly all rows are so, and need no closer look.
            if len(texts) > 1 and all(texts) and texts[0] not in heads and not is_first:
                yield line, cells
                continue
            filled = {at: text for at, cell in enumerate(cells) if (text := said(cell))}
            if not filled:
                self.empty += 1
                continue
            if serial.issuperset(filled) and all(text.isdecimal() for text in filled.values()):
                self.numbered_only += 1
                continue
            why = self._why(line, filled, needed, is_first=is_first, has_note=has_note)
            is_first = False
            if why is None:
                yield line, cells
                continue
            has_note = has_note or why == "note"
            self.left.append(LeftOut(line, why, " ".join(filled.values())))

    def _why(
        self,
        line: int,
        filled: Mapping[int, str],
        needed: Sequence[int],
        *,
        is_first: bool,
        has_note: bool,
    ) -> Why | None:
        """Say why a row with content is no row of the list, None if it is one."""
        texts = list(filled.values())
        if is_first and len(texts) > 2 and texts == [str(at + 1) for at in range(len(texts))]:
            return "numbering"
        if any(tuple(texts) == head for head in self.layout.head):
            return "header"
        has_needed = sum(at in filled for at in needed)
        if has_needed >= len(needed) > 0 and not (len(needed) == 1 and len(texts) == 1):
            return None
        return _other(line in self.wide, texts, has_needed, has_note=has_note)


def _other(is_wide: bool, texts: Sequence[str], has_needed: int, *, has_note: bool) -> Why | None:
    first = fold(texts[0])
    rest = [fold(text) for text in texts[1:]]
    is_amount = all(_AMOUNT.fullmatch(text) for text in rest)
    if _TOTAL.fullmatch(first) and is_amount:
        return "total"
    if rest and _TOTAL.fullmatch(rest[0]) and all(map(_AMOUNT.fullmatch, rest[1:])):
        return "total"
    if has_needed <= 1 and _NOTE.match(first):
        return "note"
    if len(texts) == 1 and has_note:
        return "note"
    return "heading" if len(texts) == 1 and is_wide else None


def find(request: TableRequest, head: Sequence[Numbered]) -> Layout:
    """Find the header among the first rows: the first row, or two, with all columns needed.

    Raises:
        FileRefusedError: no row could be a header
        InvalidInputError: a column that is needed is in none of them
    """
    fields = fields_of(request)
    if any(len(cells) > MAX_COLUMNS for _, cells in head):
        raise FileRefusedError(
            "too_many", "The file has more than {limit} columns.", limit=MAX_COLUMNS
        )
    rows = [row for row in head if not is_blank(row[1])][:HEAD_ROWS]
    failures: list[tuple[int, GridMapError]] = []
    for at in range(len(rows)):
        layouts: list[Layout] = []
        # The row alone; with the one below; that one alone, below a row of titles.
        for begin, end in ((at, at + 1), (at, at + 2), (at + 1, at + 2)):
            used = rows[begin:end]
            if end > len(rows) or (end > at + 1 and not _is_second(fields, request, rows[at:end])):
                continue
            try:
                layouts.append(_read_header(request, fields, rows[:begin], used))
            except InvalidInputError as failure:
                failures.append((_likeness(fields, request, used[0][1]), failure))
        if _likeness(fields, request, rows[at][1]) < 1:
            # Of two that say as much the last: a row above that adds nothing is a title.
            layouts.reverse()
        if layouts:
            return max(layouts, key=_richness)
    if not failures or all(len(_filled(cells)) < 2 for _, cells in rows):
        raise FileRefusedError(
            "no_header",
            "None of the first rows holds the names of the columns.",
            hint="Write them into one row above the list.",
        )
    raise max(failures, key=lambda failure: failure[0])[1]


def _richness(layout: Layout) -> int:
    return len(layout.chosen) + sum(len(group.columns) for group in layout.groups)


def _read_header(
    request: TableRequest,
    fields: Mapping[str, Field],
    titles: Sequence[Numbered],
    used: Sequence[Numbered],
) -> Layout:
    """Return the layout with this header.

    Raises:
        InvalidInputError: it lacks a column, or could be meant in two ways
    """
    tops, bottoms = _names(used[0][1]), _names(used[-1][1])
    width = max(len(tops), len(bottoms))
    tops += [""] * (width - len(tops))
    bottoms += [""] * (width - len(bottoms))
    names, joined = tops, tops
    if len(used) == 2:
        tops = _spread(tops, bottoms)
        names = [bottom or top for top, bottom in zip(tops, bottoms, strict=True)]
        joined = [_join(top, bottom) for top, bottom in zip(tops, bottoms, strict=True)]
    lines = tuple(line for line, _ in used)
    head = tuple(tuple(_filled(cells)) for _, cells in used)
    try:
        chosen = choose(names, fields, request.told, request.given)
    except InvalidInputError:
        found = find_groups(joined, names, fields, request)
        if found is None:
            raise
        groups, chosen, more = found
        return Layout(tuple(titles), lines, joined, chosen, groups, head, more)
    more = further(names, fields, request.told, chosen)
    return Layout(tuple(titles), lines, joined, chosen, (), head, more)


def _is_second(
    fields: Mapping[str, Field], request: TableRequest, used: Sequence[Numbered]
) -> bool:
    """Whether the second of two rows can be the lower half of a header: two headers, no number."""
    first, second = (_names(cells) for _, cells in used)
    lower = [name for name in second if name]
    has_room = len(lower) < max(len(first), len(second)) or "" in first
    return has_room and _likeness(fields, request, used[1][1]) > 1 and not any(
        name.replace(".", "").isdecimal() for name in lower
    )  # fmt: skip


def _likeness(fields: Mapping[str, Field], request: TableRequest, cells: Sequence[object]) -> int:
    """Return how many cells of a row are headers that are known; few cells make it no better."""
    known = {plain(header) for column in fields.values() for header in column.words}
    known |= {plain(column) for column in request.told.values()}
    known |= {plain(role) for role in request.roles}
    names = _filled(cells)
    return sum(plain(name) in known for name in names) if len(names) > 1 else -1


def _spread(tops: Sequence[str], bottoms: Sequence[str]) -> list[str]:
    """Let the upper half of a header count for all columns below it."""
    spread: list[str] = []
    for top, bottom in zip(tops, bottoms, strict=True):
        spread.append(top or (spread[-1] if spread and bottom else ""))
    return spread


def _join(top: str, bottom: str) -> str:
    return top if not bottom or plain(top) == plain(bottom) else f"{top} {bottom}".strip()


def _names(cells: Sequence[object]) -> list[str]:
    return [" ".join(said(cell).split()) for cell in cells]


def _filled(cells: Sequence[object]) -> list[str]:
    return [text for cell in cells if (text := said(cell))]


def said(cell: object) -> str:
    """Return a cell as trimmed text, "" where there is nothing to see."""
    return "" if cell is None else str(cell).strip(" \t\r\n\u3000\xa0\u200b\ufeff")


def shown(cells: Sequence[object]) -> str:
    """Return what a row shows, cell after cell."""
    return " ".join(_filled(cells))


def is_blank(cells: Sequence[object]) -> bool:
    """Whether a row holds nothing to see."""
    return not any(cell is not None and cell != "" and said(cell) for cell in cells)
