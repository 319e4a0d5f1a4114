"""What can be done in a plan, as JSON says it.

Coordinates are [longitude, latitude] in WGS 84 degrees. Grids are named by their number; those that
the plan made have numbers below zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from geodata.errors import InvalidInputError
from geodata.language.phrases import Phrase

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


class CutOut(_Operation):
    """Make the part of a grid inside a drawn area a grid of its own."""

    do: Literal["cut_out"]
    grid: _GridId
    ring: _Ring
    name: _Text | None = None


class Annex(_Operation):
    """Give a drawn area that touches a grid to it."""

    do: Literal["annex"]
    grid: _GridId
    ring: _Ring


class Remove(_Operation):
    """Take a compound away; its ground becomes a territory gap."""

    do: Literal["remove"]
    grid: _GridId


class Divide(_Operation):
    """Divide a grid into parts with equal households."""

    do: Literal["divide"]
    grid: _GridId
    parts: Annotated[int, Field(ge=2, le=MAX_PARTS)]


class Balance(_Operation):
    """Move the common border of two grids so that both have equal households."""

    do: Literal["balance"]
    grid: _GridId
    other: _GridId


class Trim(_Operation):
    """Leave a compound no ground outside its community."""

    do: Literal["trim"]
    grid: _GridId


class KeepLargest(_Operation):
    """Leave a grid its largest piece; neighbours get the others."""

    do: Literal["keep_largest"]
    grid: _GridId


class CloseSlivers(_Operation):
    """Give the slivers between a grid's children to their longest neighbours."""

    do: Literal["close_slivers"]
    grid: _GridId


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


class Bring(_Operation):
    """Let the grids of a level be as a file that came with the plan has them."""

    do: Literal["bring"]
    file: Annotated[int, Field(ge=1, le=2**31 - 1)]


Operation = Annotated[
    Move
    | Reshape
    | Split
    | CutOut
    | Annex
    | Merge
    | HandOver
    | Draw
    | Remove
    | Divide
    | Balance
    | CloseSlivers
    | Trim
    | KeepLargest
    | Rename
    | Recode
    | Count
    | Restore
    | Bring,
    Field(discriminator="do"),
]
OPERATION: TypeAdapter[Any] = TypeAdapter(Operation)

TITLES: Mapping[str, Phrase] = MappingProxyType(
    {
        "move": Phrase("Move a corner"),
        "reshape": Phrase("Redraw an edge"),
        "split": Phrase("Split"),
        "cut_out": Phrase("Cut an area out"),
        "annex": Phrase("Take an area in"),
        "merge": Phrase("Merge"),
        "hand_over": Phrase("Hand over"),
        "draw": Phrase("Draw a grid"),
        "remove": Phrase("Remove"),
        "divide": Phrase("Divide by households"),
        "balance": Phrase("Even out households"),
        "close_slivers": Phrase("Close slivers"),
        "trim": Phrase("Cut to the parent"),
        "keep_largest": Phrase("Keep the largest piece"),
        "rename": Phrase("Rename"),
        "recode": Phrase("Recode"),
        "count": Phrase("Set households"),
        "restore": Phrase("Revert a publication"),
        "bring": Phrase("Divide as in a file"),
    }
)


def read(plain: object) -> Operation:
    """Return the operation that JSON data names. Raises InvalidInputError."""
    try:
        return OPERATION.validate_python(plain)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise InvalidInputError(
            "This is not an operation on boundaries: {where}: {reason}",
            where=".".join(str(each) for each in first["loc"]) or "do",
            reason=first["msg"],
        ) from None


def find_concerned(operation: Operation) -> tuple[list[int], NDArray[np.float64]]:
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


def list_named(operation: Operation) -> list[int]:
    """Return all grids that an operation names."""
    parent = getattr(operation, "parent", None)
    return find_concerned(operation)[0] + ([parent] if parent is not None else [])
