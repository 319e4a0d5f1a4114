"""Which day it is: the county's, wherever the machine stands that asks."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geodata.errors import InvalidInputError, SetupError

DEFAULT_ZONE = "Asia/Shanghai"


def zone() -> ZoneInfo:
    """Return the county's time zone from GRIDMAP_TIMEZONE. Raises SetupError if there is none."""
    name = os.environ.get("GRIDMAP_TIMEZONE") or DEFAULT_ZONE
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SetupError(
            "GRIDMAP_TIMEZONE is not a time zone: {name}", hint="Write Asia/Shanghai.", name=name
        ) from error


def now() -> datetime:
    """Return the present instant in the county's time."""
    return datetime.now(zone())


def today() -> date:
    """Return the county's present day."""
    return now().date()


def read_day(text: str, today: date) -> date:
    """Read YYYY-MM-DD.

    Raises InvalidInputError if it is no date, or one that no county has records of.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not date(1949, 10, 1) <= day <= today + timedelta(days=3660):
        raise InvalidInputError(
            "“{value}” is not a date that this map can show.",
            hint="Write year-month-day, for example 2026-03-01, "
            "between 1949 and ten years from now.",
            value=text,
        )
    return day
