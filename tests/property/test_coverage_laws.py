"""Coverage against a plain computation of all pairs, on random small counties."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geodata.coverage.judging import people
from geodata.coverage.judging import verdicts as judging
from geodata.coverage.judging.verdicts import Buildings, ProviderLinks, Verdict
from geodata.coverage.judging.ways import Ways
from geodata.coverage.standards.model import Kind, Standard

GEOD = Geod(ellps="WGS84")


def standards() -> st.SearchStrategy[Standard]:
    return st.builds(
        Standard,
        reach=st.integers(50, 3000),
        unit=st.just("m"),
        detour=st.sampled_from([1.0, 1.3, 2.0]),
        capacity=st.none() | st.integers(1, 400),
        minimum=st.integers(1, 3),
    )


@st.composite
def counties(draw: st.DrawFn) -> tuple[dict[str, np.ndarray], Kind]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, m, e = draw(st.integers(1, 60)), draw(st.integers(0, 12)), draw(st.integers(0, 4))
    held = draw(st.integers(0, 10))

    def places(count: int) -> np.ndarray:
        return rng.uniform((116.3, 31.4), (116.34, 31.44), (count, 2))

    data = {
        "homes": places(n), "facilities": places(m), "ended": places(e),
        "households": rng.integers(1, 90, n), "is_village": rng.random(n) < 0.5,
        "in_town": rng.random(n) < 0.7, "lapsed": rng.random(n) < 0.1,
        "held_at": rng.integers(0, n, held), "held_by": m + rng.integers(0, 3, held),
    }  # fmt: skip
    pairs = {*zip(data["held_at"].tolist(), data["held_by"].tolist(), strict=True)}
    data["held_at"] = np.array([p[0] for p in sorted(pairs)], dtype=np.int64)
    data["held_by"] = np.array([p[1] for p in sorted(pairs)], dtype=np.int64)
    kind = Kind("x", "x", "x", draw(standards()), draw(standards()), True, (), ())
    return data, kind


def plainly(data: dict[str, np.ndarray], kind: Kind) -> tuple[list[str], list[float]]:
    """All pairs, one after the other, with geodesic distances."""
    homes = gpd.GeoDataFrame(
        {"households": data["households"]}, geometry=gpd.points_from_xy(*data["homes"].T), crs=4326
    )

    def near(home: int, others: np.ndarray) -> list[int]:
        standard = kind.village if data["is_village"][home] else kind.town
        point: Any = homes.geometry.iloc[home]
        return [
            j
            for j, (lon, lat) in enumerate(others.tolist())
            if GEOD.inv(point.x, point.y, lon, lat)[2] <= standard.reach / standard.detour
        ]

    serving = [
        near(i, data["facilities"]) + data["held_by"][data["held_at"] == i].tolist()
        for i in range(len(homes))
    ]
    load: dict[int, int] = {}
    for i, providers in enumerate(serving):
        for j in providers:
            load[j] = load.get(j, 0) + int(homes.households.iloc[i])
    verdicts: list[str] = []
    accesses: list[float] = []
    for i, providers in enumerate(serving):
        standard = kind.village if data["is_village"][i] else kind.town
        capacity = standard.capacity
        access = (
            sum(capacity / load[j] for j in providers)
            if capacity is not None
            else (float("inf") if providers else 0.0)
        )
        accesses.append(access)
        if providers and access < 1 - 1e-9:
            verdicts.append("OVER_CAPACITY")
        elif providers and len(providers) < standard.minimum:
            verdicts.append("TOO_FEW")
        elif providers:
            verdicts.append("MET")
        elif near(i, data["ended"]) or data["lapsed"][i]:
            verdicts.append("TERM_ENDED")
        else:
            verdicts.append("TOO_FAR" if data["in_town"][i] else "NOBODY")
    return verdicts, accesses


@settings(max_examples=60, deadline=None)
@given(counties())
def test_every_building_is_judged_as_all_pairs_say(county):
    data, kind = county
    ways = Ways()
    homes = ways.find(data["homes"])
    near, ended = (
        ways.in_reach(homes, data["is_village"], kind, ways.find(data[which]))
        for which in ("facilities", "ended")
    )
    has_lapsed = data["lapsed"].copy()
    has_lapsed[ended[0]] = True
    found = judging.judge(
        Buildings(data["households"], data["is_village"]),
        kind,
        ProviderLinks(near, (data["held_at"], data["held_by"]), has_lapsed, data["in_town"]),
    )
    verdicts, accesses = plainly(data, kind)
    assert [Verdict(v).name for v in found.verdict.tolist()] == verdicts
    # A home in reach without any limit has no number; the others agree to 1e-6.
    limited = np.isfinite(accesses)
    assert found.access[limited] == pytest.approx(np.array(accesses)[limited], rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0.0005, 0.05), st.floats(0.2, 3))
def test_spread_households_are_all_there_and_inside(households, rounded, size, slope):

    shape = shapely.Polygon(
        [(116.3, 31.4), (116.3 + size, 31.4), (116.3 + size * slope, 31.4 + size), (116.3, 31.4)]
    )
    found = people.spread(shape, households, rounded)
    assert sum(n for _, _, n, _ in found) == households
    assert sum(n for *_, n in found) == rounded
    assert len(found) <= people.POINTS * 1.5
    assert max(n for *_, n in found) - min(n for *_, n in found) <= 1
    assert all(shapely.intersects_xy(shape.buffer(1e-12), lon, lat) for lon, lat, *_ in found)
    # How many places there are, which everybody sees, follows from what everybody is told.
    assert len(found) == len(people.spread(shape, 1, rounded))
