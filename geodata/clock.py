"""Which day it is: the county's, wherever the machine stands that asks."""

from __future__ import annotations

import os
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geodata.errors import SetupError

DEFAULT_ZONE = "Asia/Shanghai"


def zone() -> ZoneInfo:
    """Return the county's time zone from GRIDMAP_TIMEZONE. Raises SetupError if there is none."""
    name = os.environ.get("GRIDMAP_TIMEZONE") or DEFAULT_ZONE
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SetupError(
            "GRIDMAP_TIMEZONE is no time zone: {name}", hint="Write Asia/Shanghai.", name=name
        ) from error


def now() -> datetime:
    """Return the present instant in the county's time."""
    return datetime.now(zone())


def today() -> date:
    """Return the county's present day."""
    return now().date()
