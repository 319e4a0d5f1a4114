"""Which known grid becomes which grid of a file: by ground, households and texts, or by a table.

Positions count the known grids (old) and the rows of the file (new) from 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from geodata.errors import InvalidInputError
from geodata.importing.files.requests import TableRow
from geodata.importing.grids.common_ground import Level, Relation, overlaps

# A known grid of which less than this passes to another has not gone there: its border moved.
_PART = 0.1
_HALF = 0.5
# What the same code, or the same name, weighs beside the ground, which weighs 1 at most.
_SAME_TEXT = 0.5
# What it weighs that one name holds the other, as in 新一村 and 一村.
_LIKE_NAME = 0.25
# What a row of a table weighs by itself.
_TOLD = 1.0

# Of the grids in a refusal, so many are named.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Succession:
    """The table of old and new grids.

    ``relations`` are those that count: most of a grid, or at least a tenth of a known one.
    ``ended`` are known grids that do not live on, ``staying`` those that the file leaves alone.
    """

    relations: tuple[Relation, ...]
    ended: tuple[int, ...]
    staying: tuple[int, ...]

    @property
    def continued(self) -> dict[int, int]:
        """The known grid that lives on in each row of the file that continues one."""
        return {each.new: each.old for each in self.relations if each.continues}


def find(level: Level, table: Sequence[TableRow] | None) -> Succession:
    """Propose the table by what the grids have in common; rows of ``table`` come before it.

    Raises InvalidInputError where the table names codes that are not there, or contradicts itself.
    """
    common = overlaps(level)
    proposed = _continued(level, _mark_eligible(level, common))
    kept = [each for each in proposed if each.continues or _counts(each)]
    named: set[int] = set()
    if table is not None:
        kept, named = _told(level, kept, common, table)
    living = {each.old for each in kept if each.continues}
    staying = _staying(level, common, kept, living, named, table or ())
    ended = [old for old in range(len(level.known)) if old not in living and old not in staying]
    kept.sort(key=lambda each: (each.old, -each.m2, each.new))
    return Succession(tuple(kept), tuple(ended), tuple(sorted(staying)))


def _counts(each: Relation) -> bool:
    share = max(each.old_share, each.household_share)
    return share >= _PART or each.new_share >= _HALF


def _mark_eligible(level: Level, common: Iterable[Relation]) -> list[tuple[float, Relation]]:
    """Return the pairs of which one may continue the other, with what speaks for it."""
    found: list[tuple[float, Relation]] = []
    met: set[tuple[int, int]] = set()
    for each in common:
        met.add((each.old, each.new))
        alike = _texts_alike(level, each)
        share = max(each.old_share, each.new_share)
        if share >= _HALF or (alike and share >= _PART) or alike == 2:
            found.append((_weight(level, each), each))
        else:
            found.append((0.0, each))
    # The same code and name: the grid moved away from all of its ground.
    by_code = {grid.code: at for at, grid in enumerate(level.known)}
    for new, row in enumerate(level.rows):
        old = by_code.get(row.code)
        if old is not None and (old, new) not in met and level.known[old].name == row.name:
            found.append((2 * _SAME_TEXT, Relation(old, new, 0.0, 0.0, 0.0)))
    return found


def _texts_alike(level: Level, each: Relation) -> int:
    known, row = level.known[each.old], level.rows[each.new]
    return (known.code == row.code) + (known.name == row.name)


def _weight(level: Level, each: Relation) -> float:
    """Return how much speaks for it that one continues the other: ground 1 at most, texts 1."""
    # What both have in common, of what one of them has.
    one, other = each.old_share, each.new_share
    ground = 1 / (1 / one + 1 / other - 1) if one and other else 0.0
    if each.households is not None:
        ground = (ground + each.household_share) / 2
    known, row = level.known[each.old].name, level.rows[each.new].name
    like = known != row and bool(known) and bool(row) and (known in row or row in known)
    return round(ground + _SAME_TEXT * _texts_alike(level, each) + _LIKE_NAME * like, 3)


def _continued(level: Level, weighed: Sequence[tuple[float, Relation]]) -> list[Relation]:
    """Let each known grid live on as one row at most, those with the most in common first."""
    olds: set[int] = set()
    news: set[int] = set()
    found: list[Relation] = []
    for weight, each in sorted(weighed, key=lambda pair: (-pair[0], pair[1].old, pair[1].new)):
        continues = weight > 0 and each.old not in olds and each.new not in news
        if continues:
            olds.add(each.old)
            news.add(each.new)
        found.append(replace(each, continues=continues))
    return found


def _staying(
    level: Level,
    common: Iterable[Relation],
    kept: Sequence[Relation],
    living: set[int],
    named: set[int],
    table: Sequence[TableRow],
) -> set[int]:
    """Return the known grids that the file does not name and leaves alone.

    A file is the whole division of each grid of the level above in which it names something, but
    ground that none of its grids takes stays whose it is where a level has to be filled.
    """
    codes = {row.code for row in level.rows}
    taken = defaultdict[int, float](float)
    for each in common:
        taken[each.old] += each.old_share
    touched = {level.known[each.old].parent_id for each in kept}
    kept_by_table = {each.old for each in table if each.new == each.old}
    staying: set[int] = set()
    for old, grid in enumerate(level.known):
        if old in living or grid.code in codes:
            continue
        if old in named:
            if grid.code in kept_by_table:
                staying.add(old)
            continue
        is_whole = not level.has_to_be_filled and grid.parent_id in touched
        if taken[old] < _HALF and not is_whole:
            staying.add(old)
    return staying


def _told(
    level: Level,
    proposed: Sequence[Relation],
    common: Sequence[Relation],
    table: Sequence[TableRow],
) -> tuple[list[Relation], set[int]]:
    """Put the rows of a table in the place of what was proposed for the grids that they name."""
    old_at = {grid.code: at for at, grid in enumerate(level.known)}
    new_at = {row.code: at for at, row in enumerate(level.rows)}
    _check_codes(table, old_at, new_at)
    _check_ground(level, table, common, old_at, new_at)
    measured = {(each.old, each.new): each for each in common}
    named = {old_at[row.old] for row in table if row.old}
    fresh = {new_at[row.new] for row in table if not row.old}
    said: list[tuple[float, Relation]] = []
    for row in table:
        if not row.old or not row.new or row.new not in new_at:
            continue
        pair = old_at[row.old], new_at[row.new]
        each = measured.get(pair, Relation(*pair, 0.0, 0.0, 0.0))
        # A table that does not say which goes on leaves it to the ground, the texts, and itself.
        weight = _weight(level, each) + _TOLD
        if row.continues is not None:
            weight = weight if row.continues else 0.0
        said.append((weight, each))
    told = _continued(level, said)
    _check_continued(level, table, told, old_at, new_at)
    taken = {each.new for each in told if each.continues}
    kept = [
        replace(each, continues=False) if each.new in taken else each
        for each in proposed
        if each.old not in named and each.new not in fresh
    ]
    return [*told, *kept], named


def _check_codes(table: Sequence[TableRow], old_at: dict[str, int], new_at: dict[str, int]) -> None:
    for row in table:
        if row.old and row.old not in old_at:
            raise InvalidInputError(
                'Row {row} of the table: no grid of the level has the code "{code}" on that day.',
                hint="A spreadsheet may have shortened it: keep the column of codes as text.",
                row=row.row,
                code=row.old,
            )
        if row.new and row.new not in new_at and row.new != row.old:
            raise InvalidInputError(
                'Row {row} of the table: the file has no grid with the code "{code}".',
                hint="A spreadsheet may have shortened it: keep the column of codes as text.",
                row=row.row,
                code=row.new,
            )
    fresh = {row.new for row in table if not row.old}
    for row in table:
        if row.old and row.new in fresh:
            raise InvalidInputError(
                "Row {row} of the table: {code} is both of no known grid and of {old}.",
                row=row.row,
                code=row.new,
                old=row.old,
            )


def _check_ground(
    level: Level,
    table: Sequence[TableRow],
    common: Sequence[Relation],
    old_at: dict[str, int],
    new_at: dict[str, int],
) -> None:
    """Refuse rows that name one grid alone where the other side lies on its very ground."""
    met = [each for each in common if _counts(each)]
    paired = {row.old for row in table if row.new}
    for row in table:
        if not row.new and row.old not in paired:
            takers = [each.new for each in met if each.old == old_at[row.old]]
            if takers:
                raise InvalidInputError(
                    "Row {row} of the table says that nothing follows {code}, but grids of the file"
                    " take its ground: {others}.",
                    hint="Name in code_new which takes it, a row for each, or delete the row.",
                    row=row.row,
                    code=row.old,
                    others=", ".join(level.rows[new].code for new in takers[:_NAMED]),
                )
        if not row.old:
            givers = [each.old for each in met if each.new == new_at[row.new]]
            if givers:
                raise InvalidInputError(
                    "Row {row} of the table says that {code} comes of no known grid, but it lies on"
                    " the ground of known ones: {others}.",
                    hint="Name in code_old of which it comes, a row for each, or delete the row.",
                    row=row.row,
                    code=row.new,
                    others=", ".join(level.known[old].code for old in givers[:_NAMED]),
                )


def _check_continued(
    level: Level,
    table: Sequence[TableRow],
    told: Sequence[Relation],
    old_at: dict[str, int],
    new_at: dict[str, int],
) -> None:
    living = {(each.old, each.new) for each in told if each.continues}
    for row in table:
        if row.continues and row.old and row.new in new_at:
            if (old_at[row.old], new_at[row.new]) in living:
                continue
            raise InvalidInputError(
                "Row {row} of the table: {old} cannot go on as {new}, for another row says so of"
                " one of the two.",
                hint="A grid goes on as one grid at most, and each is the continuation of one.",
                row=row.row,
                old=row.old,
                new=row.new,
            )
