"""Plans that conflict and are published at once: a small run of scripts/bench/conflicts.py."""

from __future__ import annotations

from geodata.database import connecting as db
from scripts.bench.conflicts import compete
from tests.county import build


def test_no_update_is_lost_and_no_ground_covered_twice(database_url: str) -> None:
    with db.connect(database_url) as conn:
        county = build(conn)
    found = compete(database_url, county, clients=6, rounds=4)
    assert found.crashed == []
    assert (found.overlaps, found.gaps, found.lost) == (0, 0, 0)
    assert found.ended["published"] >= 4
    assert found.ended["plan_state"] >= 4
