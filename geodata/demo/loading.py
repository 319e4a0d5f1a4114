"""Loads the demo county into an empty database, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import numpy as np
import psycopg
from psycopg.rows import TupleRow

from geodata import settings
from geodata.demo.county import COUNTY_NAME, build
from geodata.demo.grids import Dates, write_grids

Progress = Callable[[str, float], None]

DEFAULT_COMPOUNDS = 2_000
DEFAULT_SEED = 341_525
NOTICE = {
    "zh": "演示数据：乡镇名称和代码为公开信息，边界、人员、问题、设施均为虚构，与真实情况无关。",
    "en": "Demonstration data: the towns' names and codes are public, all else is invented.",
}


def load(
    conn: psycopg.Connection[TupleRow],
    *,
    compounds: int = DEFAULT_COMPOUNDS,
    seed: int = DEFAULT_SEED,
    today: date | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the demo county into an empty database. The caller commits.

    Equal arguments give equal data. ``progress`` is told the stage and the share done, 0 to 1.
    """

    def tell(stage: str, share: float) -> None:
        if progress is not None:
            progress(stage, share)

    dates = Dates.before(today or datetime.now().astimezone().date())
    tell("terrain", 0.0)
    county = build(compounds, seed)
    tell("grids", 0.3)
    households = np.bincount(
        county.settlements.community_of,
        weights=county.households,
        minlength=len(county.territory.town_of),
    ).astype(np.int64)
    write_grids(conn, county, dates, households, tell)
    settings.write(conn, "demo", True)
    settings.write(conn, "county_name", {"zh": COUNTY_NAME, "en": "Huoshan County"})
    settings.write(conn, "data_notice", NOTICE)
    tell("done", 1.0)
