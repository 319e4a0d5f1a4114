"""Buildings: ten to a compound, and a few that stand outside every compound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geodata.demo.county import County, lon_lat
from geodata.demo.lattice import Floats, Ints
from geodata.demo.territory import TOWNS

_PER_COMPOUND, _SCATTERED = 9.7, 0.3
# In sides of a cell: what keeps a building inside the cell after its corners have moved.
_JITTER = 0.3


@dataclass(frozen=True, slots=True)
class Buildings:
    """Buildings in order of communities and compounds; ``compound`` is -1 outside every compound.

    ``places`` are (lon, lat), WGS 84.
    """

    places: Floats
    compound: Ints
    community: Ints
    households: Ints
    units: Ints
    names: list[str]

    def households_of_communities(self, count: int) -> Ints:
        """Return the sum of households of each community."""
        sums = np.bincount(self.community, weights=self.households, minlength=count)
        return sums.astype(np.int64)


def raise_buildings(county: County, seed: int) -> Buildings:
    """Place buildings; a compound's households are the sum of its buildings'."""
    rng = np.random.default_rng([seed, 5])
    settlements = county.settlements
    counts = _counts(county, rng)
    compound = np.repeat(np.arange(settlements.compounds), counts)
    scattered = round(_SCATTERED * settlements.compounds)
    inside = np.zeros((len(compound), 2))
    outside: list[Floats] = []
    communities_of: list[Ints] = []
    shares = rng.multinomial(scattered, np.full(len(TOWNS), 1.0 / len(TOWNS)))
    for town in range(len(TOWNS)):
        xy, gaps, communities = _in_town(county, town, compound, int(shares[town]), rng)
        here = county.territory.town_of[settlements.community_of[compound]] == town
        inside[here] = xy
        outside.append(gaps)
        communities_of.append(communities)
    order = np.lexsort((inside[:, 0], compound))
    inside = inside[order]
    lone = np.concatenate(communities_of)
    households = _households(county, compound, counts, rng)
    units = np.where(
        settlements.is_estate[compound], np.clip(np.round(households / 9.0), 1, 6), 1
    ).astype(np.int64)
    return Buildings(
        lon_lat(np.concatenate([inside, *outside])),
        np.concatenate([compound, np.full(len(lone), -1)]),
        np.concatenate([settlements.community_of[compound], lone]),
        np.concatenate([households, rng.integers(1, 4, len(lone))]),
        np.concatenate([units, np.ones(len(lone), dtype=np.int64)]),
        _names(county, compound, counts, lone),
    )


def _counts(county: County, rng: np.random.Generator) -> Ints:
    """Share out the buildings among compounds: at least two, at most one a household."""
    total = round(_PER_COMPOUND * county.settlements.compounds)
    most = county.households
    wish = np.exp(rng.normal(0.0, 0.35, len(most))) * most**0.15
    exact = np.clip(wish * total / wish.sum(), 2.0, most)
    counts = np.floor(exact).astype(np.int64)
    # What rounding and the upper bound took goes to the compounds with the most households left.
    while (missing := total - int(counts.sum())) > 0:
        roomy = np.argsort(counts - most, kind="stable")[:missing]
        counts[roomy[counts[roomy] < most[roomy]]] += 1
    return counts


def _in_town(
    county: County, town: int, compound: Ints, scattered: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Ints]:
    """Return places in the town's compounds, places in its gaps, and the communities of those."""
    settlements, territory = county.settlements, county.territory
    row, col, rows, cols = settlements.windows[town]
    block = settlements.lattice.window(row, col, rows, cols)
    zone = settlements.zone[row : row + rows, col : col + cols].ravel()
    community = settlements.community_of_zone(len(territory.town_of))[zone]
    mine = np.flatnonzero((community >= 0) & (territory.town_of[community] == town))
    built = mine[zone[mine] < settlements.compounds]
    built = built[np.lexsort((rng.random(len(built)), zone[built]))]
    wanted = compound[territory.town_of[settlements.community_of[compound]] == town]
    first = np.searchsorted(zone[built], wanted)
    size = np.searchsorted(zone[built], wanted, side="right") - first
    rank = np.arange(len(wanted)) - np.searchsorted(wanted, wanted)
    cells = built[first + rank % size]
    gaps = mine[zone[mine] >= settlements.compounds]
    coarse = territory.terrain.lattice
    some = gaps[rng.integers(0, len(gaps), 40 * scattered + 40)]
    around = coarse.locate(block.centres(some))
    burden = 4.0 * territory.terrain.steepness.ravel()[around]
    burden += territory.terrain.river_m.ravel()[around] / 1_200.0
    lone = some[np.argsort(burden + rng.gumbel(0.0, 0.5, len(some)), kind="stable")[:scattered]]
    every = block.centres(np.concatenate([cells, lone]))
    angle, away = rng.uniform(0.0, 2.0 * np.pi, len(every)), rng.random(len(every)) ** 0.5
    every += (_JITTER * block.side_m * away * np.array([np.cos(angle), np.sin(angle)])).T
    # Corners are bent last; what stands between them moves along.
    every += territory.bend(every)
    return every[: len(cells)], every[len(cells) :], community[lone]


def _households(county: County, compound: Ints, counts: Ints, rng: np.random.Generator) -> Ints:
    """Split each compound's households among its buildings, at least one each."""
    share = rng.gamma(6.0, 1.0, len(compound))
    share /= np.bincount(compound, weights=share)[compound]
    spare = (county.households - counts)[compound]
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    running = np.cumsum(share)
    running -= (running - share)[first][compound]
    # Rounding the running sum, not the parts, keeps the total.
    upto = np.round(running * spare).astype(np.int64)
    before = np.concatenate([[0], upto[:-1]])
    before[first] = 0
    return 1 + upto - before


def _names(county: County, compound: Ints, counts: Ints, lone: Ints) -> list[str]:
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    number = np.arange(len(compound)) - first[compound] + 1
    estate = county.settlements.is_estate
    result = [
        f"{county.now.compound_names[index]}{place}{'幢' if estate[index] else '号'}"
        for index, place in zip(compound.tolist(), number.tolist(), strict=True)
    ]
    seen: dict[int, int] = {}
    for community in lone.tolist():
        seen[community] = seen.get(community, 0) + 1
        name = county.community_names[community].removesuffix("村").removesuffix("社区")
        result.append(f"{name}散户{seen[community]}号")
    return result
