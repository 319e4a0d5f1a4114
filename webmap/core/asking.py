"""What an address asks for: its parameters are declared in a model, and read by that model alone.

``asks`` hands a view what its model declares, and puts the same into the OpenAPI document. Each
type below reads the text of one parameter and refuses in the reader's language what it cannot be.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Concatenate, ParamSpec, TypeVar, get_args

from flask import abort, current_app, g, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic import ValidationInfo as Parameter

from geodata.coverage.figures import reading
from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.issues import reading as issues
from geodata.model import Bounds, Level
from webmap.core import bodies, describing
from webmap.core.views import DRAW, MODES, Mode

P = ParamSpec("P")
R = TypeVar("R")


class Query(BaseModel):
    """What can be asked at an address: each field is one parameter."""

    model_config = ConfigDict(frozen=True)


Model = TypeVar("Model", bound=Query)


def read(model: type[Model], sent: Mapping[str, str] | None = None) -> Model:
    """Return what the present address, or a form that was sent, asks for.

    Raises InvalidInputError with the first fault.

    An empty parameter counts as left out. One that must be there is then read as an empty text, so
    that its type says what is missing.
    """
    sent = request.args if sent is None else sent
    given: dict[str, str] = {}
    for field, about in model.model_fields.items():
        name = about.alias or field
        text = sent.get(name, "")
        if text or about.is_required():
            given[name] = text
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise bodies.refusal(error) from None


def asks(model: type[Model]) -> Callable[[Callable[Concatenate[Model, P], R]], Callable[P, R]]:
    """Hand a view what its address asks for, and say so in the OpenAPI document."""

    def decorate(view: Callable[Concatenate[Model, P], R]) -> Callable[P, R]:
        @functools.wraps(view)
        def reading_view(*args: P.args, **kwargs: P.kwargs) -> R:
            return view(read(model), *args, **kwargs)

        return describing.asks(model)(reading_view)

    return decorate


def today() -> date:
    """Return the county's present day, wherever the server stands."""
    return now().date()


def now() -> datetime:
    """Return the county's present time."""
    if "now" not in g:
        g.now = datetime.now(current_app.config["TIMEZONE"])
    return g.now


def day() -> date:
    """Return the day that the reader looks at. Raises InvalidInputError as ``Day`` does."""
    return read(DayIn).on


def moment() -> datetime:
    """Return the instant that the reader looks at: the present, or the end of the day asked for."""
    return issues.find_instant(day(), now())


def in_order(one: date, other: date) -> tuple[date, date]:
    """Return two days that are compared, the earlier one first."""
    return min(one, other), max(one, other)


def _day(text: str) -> date:
    return clock.read_day(text, today())


def _other_day(text: str) -> date:
    if not text:
        raise InvalidInputError(
            "There is no second day to compare with.",
            hint="Give it as versus, year-month-day, for example 2026-03-01.",
        )
    return _day(text)


def _degrees(most: int) -> Callable[[str], float]:
    def degrees(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not -most <= found <= most:
            raise InvalidInputError(
                "The place is missing or is none on the globe.",
                hint="Give lon (-180 to 180) and lat (-90 to 90) in degrees.",
            )
        return found

    return degrees


def _number(text: str, parameter: Parameter) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15 and int(text)):
        raise InvalidInputError(
            "“{value}” is not a number.",
            hint="{name} is a whole number from 1 on.",
            value=text[:40],
            name=parameter.field_name,
        )
    return int(text)


def _needed_grid(text: str, parameter: Parameter) -> int:
    if not text:
        raise InvalidInputError(
            "The grid is missing.", hint="Name it in the address: grid=, a number."
        )
    return _number(text, parameter)


def _level(text: str) -> str:
    if text not in get_args(Level):
        raise InvalidInputError(
            "“{value}” is not a level.",
            hint="Levels are {levels}.",
            value=text[:40],
            levels=get_args(Level),
        )
    return text


def _flag(text: str) -> bool:
    found = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if found is None:
        raise InvalidInputError(
            "“{value}” is neither true nor false.", hint="Write true or false.", value=text[:40]
        )
    return found


def _box(text: str) -> Bounds:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = math.nan
    # The map goes around the globe more than once.
    if not (-720 <= west <= east <= 720 and -90 <= south <= north <= 90):
        raise InvalidInputError(
            "“{value}” is not a box on the globe.",
            hint="Give west, south, east and north in degrees.",
            value=text[:60],
        )
    return Bounds(west, south, east, north)


def _mode(text: str) -> str:
    if text == DRAW:
        # Its fragments have addresses of their own.
        abort(404)
    if text not in MODES:
        raise InvalidInputError(
            "“{value}” is not a view of this map.",
            hint="Use one of: {choices}.",
            value=text[:40],
            choices=", ".join(MODES),
        )
    return text


def _searched(text: str) -> str:
    return text[:80]


# A day that a county can have records of, written YYYY-MM-DD.
Day = Annotated[date, BeforeValidator(_day)]
OtherDay = Annotated[date, BeforeValidator(_other_day)]
# A whole number from 1 on.
Number = Annotated[int, BeforeValidator(_number), Field(ge=1)]
NeededGrid = Annotated[int, BeforeValidator(_needed_grid), Field(ge=1)]
Lon = Annotated[float, BeforeValidator(_degrees(180)), Field(ge=-180, le=180)]
Lat = Annotated[float, BeforeValidator(_degrees(90)), Field(ge=-90, le=90)]
LevelAsked = Annotated[Level, BeforeValidator(_level)]
Kind = Annotated[str, BeforeValidator(reading.read_kind), Field(pattern=f"^{reading.KIND}$")]
Flag = Annotated[bool, BeforeValidator(_flag)]
# Longer than this is nothing that could be found.
Searched = Annotated[str, BeforeValidator(_searched), Field(max_length=80)]
# west,south,east,north in degrees.
Box = Annotated[Bounds, BeforeValidator(_box), WithJsonSchema({"type": "string"})]


class DayIn(Query):
    """The day to answer for."""

    on: Day = Field(
        default_factory=today, description="The day to answer for; today when left out."
    )


class ViewIn(DayIn):
    """How the reader looks at the map."""

    mode: Annotated[Mode, BeforeValidator(_mode)] = MODES[0]


class SpanIn(DayIn):
    """Two days to compare."""

    versus: OtherDay = Field(description="The other day.")

    @property
    def span(self) -> tuple[date, date]:
        """The two days, the earlier one first."""
        return in_order(self.on, self.versus)
