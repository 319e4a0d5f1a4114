"""What many answers of the JSON interface hold."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LevelName = Literal["county", "town", "community", "compound"]


class Out(BaseModel):
    """An answer that is read from an object of geodata."""

    model_config = ConfigDict(from_attributes=True)


class ProblemOut(BaseModel):
    """What went wrong, as RFC 9457 writes it; sent as application/problem+json."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    revision: int | None = Field(None, description="Of a plan that somebody else has changed.")
    kind: str | None = Field(
        None, description="Which law of the partition would be broken, or why a file is not read."
    )
    systems: list[str] | None = Field(None, description="In which a file would make sense.")
    layers: list[str] | None = Field(None, description="Of a file: one of them is to be named.")
    ids: list[int] | None = Field(None, description="The grids concerned.")
    place: list[float] | None = Field(None, description="Where: longitude, latitude.")


class GridRefOut(Out):
    """Enough of a grid to name it and link to it."""

    grid_id: int
    level: LevelName
    name: str
    code: str


class PointOut(Out):
    """A place in WGS 84 degrees."""

    lon: float
    lat: float


class BoundsOut(Out):
    """A box in WGS 84 degrees."""

    west: float
    south: float
    east: float
    north: float
