"""What can be done in a plan, as JSON says it: read, and applied to a part of the county.

Coordinates are [longitude, latitude] in WGS 84 degrees. Grids are named by their number; those that
the plan made have numbers below zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from geodata.errors import InvalidInputError
from geodata.model import LEVELS, Level
from geodata.partition import actions
from geodata.partition.ground import Ground, LawError, Piece, keep_law, noded
from geodata.partition.measure import area_m2
from geodata.phrases import Phrase
from geodata.plans.model import Draft, Facts

# A line with more corners than this is a fault of the program that sends it.
MAX_CORNERS = 20_000
MAX_PARTS = 50

_Degrees = Annotated[float, Field(allow_inf_nan=False, ge=-180, le=180)]
_Corner = tuple[_Degrees, _Degrees]
_Line = Annotated[list[_Corner], Field(min_length=2, max_length=MAX_CORNERS)]
_Ring = Annotated[list[_Corner], Field(min_length=4, max_length=MAX_CORNERS)]
_GridId = Annotated[int, Field(ge=-(2**53), le=2**53)]
# Without control characters, and something besides blanks.
_Text = Annotated[
    str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*[^\x00-\x20][^\x00-\x1f]*$")
]
_Count = Annotated[int, Field(ge=0, le=10_000_000)]


class _Operation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, title=None)


class Move(_Operation):
    """Move a corner, with all edges that meet in it."""

    do: Literal["move"]
    corner: _Corner
    to: _Corner


class Reshape(_Operation):
    """Let an edge run along other corners between the same two ends."""

    do: Literal["reshape"]
    old: _Line
    new: _Line


class Split(_Operation):
    """Split a grid along a line; the smaller part becomes a grid of its own."""

    do: Literal["split"]
    grid: _GridId
    line: _Line
    name: _Text | None = None


class Merge(_Operation):
    """Add a neighbour to a grid."""

    do: Literal["merge"]
    grid: _GridId
    other: _GridId


class HandOver(_Operation):
    """Give a grid with its ground to another grid of the level above."""

    do: Literal["hand_over"]
    grid: _GridId
    parent: _GridId


class Draw(_Operation):
    """Draw a grid where there is none yet."""

    do: Literal["draw"]
    level: Literal["town", "community", "compound"]
    parent: _GridId
    ring: _Ring
    name: _Text


class Rename(_Operation):
    """Give a grid another name."""

    do: Literal["rename"]
    grid: _GridId
    name: _Text


class Recode(_Operation):
    """Give a grid another code; without one the next free one by the numbering rule."""

    do: Literal["recode"]
    grid: _GridId
    code: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,40}$")] | None = None


class Count(_Operation):
    """Say how many households, and people, a grid has."""

    do: Literal["count"]
    grid: _GridId
    households: _Count | None
    population: _Count | None = None


class Restore(_Operation):
    """Let what a publication changed be as it was before."""

    do: Literal["restore"]
    plan: Annotated[int, Field(ge=1, le=2**53)]


Operation = Annotated[
    Move | Reshape | Split | Merge | HandOver | Draw | Rename | Recode | Count | Restore,
    Field(discriminator="do"),
]
OPERATION: TypeAdapter[Any] = TypeAdapter(Operation)

TITLES: Mapping[str, Phrase] = MappingProxyType(
    {
        "move": Phrase("Move a corner"),
        "reshape": Phrase("Redraw an edge"),
        "split": Phrase("Split"),
        "merge": Phrase("Merge"),
        "hand_over": Phrase("Hand over"),
        "draw": Phrase("Draw a grid"),
        "rename": Phrase("Rename"),
        "recode": Phrase("Recode"),
        "count": Phrase("Set households"),
        "restore": Phrase("Take back a publication"),
    }
)


@dataclass(frozen=True, slots=True)
class Buildings:
    """Buildings at a place: ``points`` of shape (n,), their ``households`` of shape (n,)."""

    points: NDArray[np.object_]
    households: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sources:
    """What an operation has to look up besides the grids.

    ``next_code`` gives the next free code below a code that the given codes leave, for a level;
    ``buildings`` those within west, south, east, north in degrees; ``published`` what the grids of
    a publication were before it, None for those that it made.
    """

    next_code: Callable[[Level, str, Sequence[str]], str]
    buildings: Callable[[tuple[float, float, float, float]], Buildings]
    published: Callable[[int], Mapping[int, tuple[Piece, Facts] | None]]


def read(plain: object) -> Operation:
    """Return the operation that JSON data names. Raises InvalidInputError."""
    try:
        return OPERATION.validate_python(plain)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise InvalidInputError(
            "This is no operation on boundaries: {where}: {reason}",
            where=".".join(str(each) for each in first["loc"]) or "do",
            reason=first["msg"],
        ) from None


def concerns(operation: Operation) -> tuple[list[int], NDArray[np.float64]]:
    """Return the grids whose whole ground an operation looks at, and the places that it names."""
    ids = [
        value for name in ("grid", "other") if (value := getattr(operation, name, None)) is not None
    ]
    places = [
        place
        for name in ("line", "ring", "old", "new")
        for place in getattr(operation, name, None) or []
    ]
    places += [place for name in ("corner", "to") if (place := getattr(operation, name, None))]
    return ids, np.asarray(places, dtype=np.float64).reshape(-1, 2)


def named(operation: Operation) -> list[int]:
    """Return all grids that an operation names."""
    parent = getattr(operation, "parent", None)
    return concerns(operation)[0] + ([parent] if parent is not None else [])


def apply(draft: Draft, operation: Operation, new_id: int, sources: Sources) -> Draft:
    """Return what an operation makes of a part of the county.

    Raises LawError where the partition law would be broken, InvalidInputError where there is
    nothing to do it to.
    """
    for grid_id in named(operation):
        if grid_id not in draft.ground.pieces:
            raise InvalidInputError(
                "There is no grid with the number {grid_id} in this plan.", grid_id=grid_id
            )
    match operation:
        case Rename() | Recode() | Count():
            return _renamed(draft, operation, sources)
        case Restore():
            return _restored(draft, sources.published(operation.plan))
        case _:
            pass
    ground = _drawn(draft.ground, operation, new_id)
    facts = {id_: each for id_, each in draft.facts.items() if id_ in ground.pieces}
    after = replace(draft, ground=ground, facts=MappingProxyType(facts))
    after = _named(draft, after, operation, new_id)
    after = _recoded(draft, after, sources)
    origin = operation.grid if isinstance(operation, Split) else None
    return _counted(draft, after, origin, sources)


def _drawn(ground: Ground, operation: Operation, new_id: int) -> Ground:
    match operation:
        case Move():
            return actions.move(ground, operation.corner, operation.to)
        case Reshape():
            return actions.reshape(ground, operation.old, operation.new)
        case Split():
            return actions.split(ground, operation.grid, operation.line, new_id)
        case Merge():
            return actions.merge(ground, operation.grid, operation.other)
        case HandOver():
            return actions.hand_over(ground, operation.grid, operation.parent)
        case Draw():
            return actions.draw(ground, operation.level, operation.parent, operation.ring, new_id)
        case _:
            raise AssertionError(operation)


def _renamed(draft: Draft, operation: Rename | Recode | Count, sources: Sources) -> Draft:
    facts = draft.facts[operation.grid]
    match operation:
        case Rename():
            facts = replace(facts, name=" ".join(operation.name.split()))
        case Recode():
            facts = replace(facts, code=operation.code or _code(draft, operation.grid, sources))
        case Count():
            facts = replace(facts, households=operation.households, population=operation.population)
    return replace(draft, facts=MappingProxyType({**draft.facts, operation.grid: facts}))


def _restored(draft: Draft, earlier: Mapping[int, tuple[Piece, Facts] | None]) -> Draft:
    pieces = {id_: each[0] if each else None for id_, each in earlier.items()}
    facts = {id_: each for id_, each in draft.facts.items() if earlier.get(id_, True)}
    facts |= {id_: each[1] for id_, each in earlier.items() if each}
    ground = draft.ground.with_pieces(pieces)
    for id_ in ground.changed(draft.ground) & ground.pieces.keys():
        ground = noded(ground, ground[id_].shape)
    keep_law(draft.ground, ground, may_part=earlier.keys())
    return replace(draft, ground=ground, facts=MappingProxyType(facts))


def _named(before: Draft, after: Draft, operation: Operation, new_id: int) -> Draft:
    """Give the grid that an operation has made a name; its code and count come later."""
    if new_id not in after.ground.pieces:
        return after
    name = getattr(operation, "name", None)
    if not name:
        # As people would: 蔡家岭 becomes 蔡家岭 and 蔡家岭 2.
        taken = {facts.name for facts in before.facts.values()}
        origin: int | None = getattr(operation, "grid", None)
        stem = before.facts[origin].name if origin is not None else ""
        name = next(each for n in range(2, 1000) if (each := f"{stem} {n}") not in taken)
    facts = {**after.facts, new_id: Facts(" ".join(name.split()), "", None, None)}
    return replace(after, facts=MappingProxyType(facts))


def _recoded(before: Draft, after: Draft, sources: Sources) -> Draft:
    """Give new grids, and those that lie in another grid now, the next free code there.

    A code that did not begin with its parent's is the county's own and stays.
    """
    facts = dict(after.facts)
    for level in LEVELS[1:]:
        for id_, piece in sorted(after.ground.pieces.items()):
            if piece.level != level or piece.parent is None or piece.parent not in facts:
                continue
            known = before.ground.pieces.get(id_)
            prefix = facts[piece.parent].code
            if known is None or facts[id_].code == "":
                wanted = True
            elif known.parent == piece.parent:
                old = before.facts.get(piece.parent)
                # Its parent has another code now.
                wanted = (
                    old is not None and old.code != prefix and facts[id_].code.startswith(old.code)
                )
                if wanted and old is not None:
                    facts[id_] = replace(facts[id_], code=prefix + facts[id_].code[len(old.code) :])
                continue
            else:
                old = before.facts.get(known.parent) if known.parent is not None else None
                wanted = old is not None and facts[id_].code.startswith(old.code)
            if wanted:
                codes = [each.code for each in facts.values()]
                facts[id_] = replace(facts[id_], code=sources.next_code(level, prefix, codes))
    return replace(after, facts=MappingProxyType(facts))


def _code(draft: Draft, id_: int, sources: Sources) -> str:
    piece = draft.ground[id_]
    if piece.parent is None or piece.parent not in draft.facts:
        raise InvalidInputError("A county's code is not counted on; give one.")
    codes = [each.code for each in draft.facts.values()]
    return sources.next_code(piece.level, draft.facts[piece.parent].code, codes)


def _counted(before: Draft, after: Draft, origin: int | None, sources: Sources) -> Draft:
    """Move the households of the buildings that lie in another grid now.

    A grid that a merge ended leaves its own to the one that took it; a new grid without buildings
    gets its share of the ground of the one from which it was taken, its ``origin``.
    """
    changed = [
        id_
        for id_ in after.ground.changed(before.ground)
        if _shape(before, id_) is not _shape(after, id_)
    ]
    if not changed:
        return after
    shapes = [
        shape
        for id_ in changed
        for draft in (before, after)
        if (shape := _shape(draft, id_)) is not None
    ]
    box = shapely.total_bounds(np.asarray(shapes, dtype=object))
    around = sources.buildings((float(box[0]), float(box[1]), float(box[2]), float(box[3])))
    facts = dict(after.facts)
    was = {id_: _households(around, _shape(before, id_)) for id_ in changed}
    now = {id_: _households(around, _shape(after, id_)) for id_ in changed}
    for level in LEVELS[1:]:
        alike = [id_ for id_ in changed if _level(before, after, id_) == level]
        gone = [id_ for id_ in alike if id_ not in after.ground.pieces]
        new = [id_ for id_ in alike if id_ not in before.ground.pieces]
        for id_ in alike:
            known = facts.get(id_)
            if known is None or id_ in new or known.households is None:
                continue
            facts[id_] = replace(known, households=max(0, known.households + now[id_] - was[id_]))
        for id_ in gone:
            _leave(before, facts, alike, gone, id_, was)
        for id_ in new:
            _begin(before, after, facts, origin, id_, now)
    return replace(after, facts=MappingProxyType(facts))


def _leave(
    before: Draft,
    facts: dict[int, Facts],
    alike: Sequence[int],
    gone: Sequence[int],
    id_: int,
    was: Mapping[int, int],
) -> None:
    """Leave what a grid that ends has counted beyond its buildings to the one that took it."""
    takers = [each for each in alike if each not in gone and facts[each].households is not None]
    left = before.facts[id_].households
    if len(takers) == 1 and left is not None:
        taker = facts[takers[0]]
        assert taker.households is not None
        facts[takers[0]] = replace(taker, households=max(0, taker.households + left - was[id_]))
        if taker.population is not None and (people := before.facts[id_].population) is not None:
            facts[takers[0]] = replace(facts[takers[0]], population=taker.population + people)


def _begin(
    before: Draft,
    after: Draft,
    facts: dict[int, Facts],
    origin: int | None,
    id_: int,
    now: Mapping[int, int],
) -> None:
    """Count the households of a new grid, and take from its origin what no building explains.

    One that was drawn where nobody is known to live has an unknown count.
    """
    if now[id_] or origin is None:
        facts[id_] = replace(facts[id_], households=now[id_] or None)
        return
    count = facts[origin].households
    if count is None:
        return
    areas = area_m2(
        np.asarray([after.ground[id_].shape, before.ground[origin].shape], dtype=object)
    )
    # Buildings say how the rest is divided; without any, the ground does.
    share = round(count * float(areas[0] / areas[1])) if not now.get(origin) else 0
    facts[id_] = replace(facts[id_], households=share)
    facts[origin] = replace(facts[origin], households=count - share)


def _shape(draft: Draft, id_: int) -> Any:
    piece = draft.ground.pieces.get(id_)
    return None if piece is None else piece.shape


def _level(before: Draft, after: Draft, id_: int) -> Level:
    return (after if id_ in after.ground.pieces else before).ground[id_].level


def _households(around: Buildings, shape: Any) -> int:
    if shape is None or not len(around.points):
        return 0
    shapely.prepare(shape)
    return int(around.households[shapely.covers(shape, around.points)].sum())


__all__ = ["OPERATION", "TITLES", "Buildings", "LawError", "Operation", "Sources", "apply", "read"]
