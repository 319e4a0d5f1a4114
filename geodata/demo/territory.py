"""The county, its towns and their communities, grown over the terrain from their seats.

What a seat reaches most cheaply belongs to it. Slopes, heights and rivers cost, so borders come to
lie on ridges and along rivers, as they do in the field.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import shapely

from geodata.demo.lattice import ROOT3, Flags, Floats, Ints, Lattice, Zones, grow
from geodata.demo.terrain import Noise, Terrain, shape_land

CENTRE_LON, CENTRE_LAT = 116.35, 31.41
COUNTY_AREA_M2 = 2_045e6
# Metres per degree at the centre, from the radii of curvature of WGS 84.
LON_M = 95_093.0
LAT_M = 110_876.0


@dataclass(frozen=True, slots=True)
class Town:
    """A town under its public name and code.

    ``east_km`` and ``north_km`` place the seat relative to the county's centre, roughly as the
    real ones lie to each other; ``weight`` is its share of people, ``radius_km`` the extent of
    the built-up seat.
    """

    code: str
    name: str
    english: str
    east_km: float
    north_km: float
    weight: float
    radius_km: float


TOWNS = (
    Town("341525100", "衡山镇", "Hengshan", 11.0, 12.5, 3.4, 3.6),
    Town("341525101", "佛子岭镇", "Foziling", 5.5, 6.0, 0.8, 1.0),
    Town("341525102", "下符桥镇", "Xiafuqiao", 16.0, 21.0, 1.0, 1.3),
    Town("341525103", "但家庙镇", "Danjiamiao", 22.0, 14.5, 0.9, 1.1),
    Town("341525104", "与儿街镇", "Yuerjie", 25.0, 5.0, 1.2, 1.3),
    Town("341525105", "黑石渡镇", "Heishidu", 1.5, 13.0, 0.9, 1.1),
    Town("341525106", "诸佛庵镇", "Zhufoan", -7.5, 11.0, 1.1, 1.2),
    Town("341525107", "落儿岭镇", "Luoerling", -6.0, 3.0, 0.7, 0.9),
    Town("341525108", "磨子潭镇", "Mozitan", 5.5, -9.5, 0.8, 0.9),
    Town("341525109", "大化坪镇", "Dahuaping", -8.0, -7.0, 0.8, 0.9),
    Town("341525110", "漫水河镇", "Manshuihe", -21.0, -5.0, 1.0, 1.1),
    Town("341525111", "上土市镇", "Shangtushi", -21.0, -17.0, 0.7, 0.9),
    Town("341525112", "单龙寺镇", "Danlongsi", 17.0, -3.5, 0.9, 1.0),
    Town("341525201", "东西溪乡", "Dongxixi", 19.5, -14.0, 0.7, 0.8),
    Town("341525202", "太平畈乡", "Taipingfan", -8.5, -19.5, 0.7, 0.8),
    Town("341525203", "太阳乡", "Taiyang", -18.5, 6.0, 0.6, 0.8),
)
# Villages of the neighbouring counties, which hold the county together from outside.
_OUTSIDE_SEATS, _OUTSIDE_M = 26, 12_500.0
_HALF_WIDTH_M = 42_000.0


@dataclass(frozen=True, slots=True)
class Territory:
    """The county at the scale of communities.

    ``community`` gives each cell of the terrain's lattice its community (-1 outside the county),
    ``town_of`` each community its town's place in TOWNS, ``seats`` each community's seat (x, y in
    metres), ``is_urban`` whether it is a residents' community (社区) and not a village (村).
    """

    terrain: Terrain
    community: Zones
    town_of: Ints
    seats: Floats
    is_urban: Flags
    town_seats: Floats
    ripple: tuple[Noise, Noise]

    def bend(self, xy: Floats) -> Floats:
        """Return by how much the ground is bent at points (n, 2), in metres."""
        return np.column_stack([0.07 * noise.wavelength_m * noise.at(xy) for noise in self.ripple])


def community_count(compounds: int) -> int:
    """Return how many communities a county of so many compounds has: 150 at 2,000."""
    return max(2 * len(TOWNS), round(150 * (compounds / 2_000) ** 0.45))


def divide(compounds: int, seed: int) -> Territory:
    """Divide an invented county into towns and communities."""
    rng = np.random.default_rng([seed, 1])
    communities = community_count(compounds)
    side_m = sqrt(COUNTY_AREA_M2 / (1_600.0 * communities) / (1.5 * ROOT3))
    lattice = Lattice.over(-_HALF_WIDTH_M, -_HALF_WIDTH_M, _HALF_WIDTH_M, _HALF_WIDTH_M, side_m)
    terrain = shape_land(lattice, rng)
    town, seat_cells = _grow_towns(terrain, rng)
    shares = _shares(town, communities)
    seeds: list[int] = []
    town_of: list[int] = []
    for index, share in enumerate(shares):
        chosen = _choose_seats(terrain, town, index, int(seat_cells[index]), share, rng)
        seeds += chosen
        town_of += [index] * len(chosen)
    cells = np.array(seeds, dtype=np.int64)
    grown = grow(town, terrain.barrier, cells, rng=rng)
    community = grown.seed.astype(np.int32).reshape(town.shape)
    scale = sqrt(COUNTY_AREA_M2 / (np.count_nonzero(community >= 0) * lattice.cell_area_m2))
    middle = scale * lattice.centres(np.flatnonzero(community.ravel() >= 0)).mean(axis=0)
    lattice = replace(
        lattice,
        side_m=side_m * scale,
        west_m=float(lattice.west_m * scale - middle[0]),
        south_m=float(lattice.south_m * scale - middle[1]),
    )
    towns = np.array(town_of, dtype=np.int64)
    seats = lattice.centres(cells)
    town_seats = lattice.centres(seat_cells)
    ripple = (
        Noise.make(rng, 3.5 * lattice.step_m, 1.4 * _HALF_WIDTH_M),
        Noise.make(rng, 3.5 * lattice.step_m, 1.4 * _HALF_WIDTH_M),
    )
    return Territory(
        replace(terrain, lattice=lattice, river_m=terrain.river_m * scale),
        community,
        towns,
        seats,
        _urban(towns, seats, town_seats),
        town_seats,
        ripple,
    )


def _grow_towns(terrain: Terrain, rng: np.random.Generator) -> tuple[Zones, Ints]:
    """Return each cell's town (-1 outside), and the towns' seats, moved into valleys."""
    lattice = terrain.lattice
    wanted = np.array([(town.east_km, town.north_km) for town in TOWNS]) * 1_000.0
    wanted -= wanted.mean(axis=0)
    hull = shapely.MultiPoint(wanted).convex_hull.buffer(_OUTSIDE_M).exterior
    around = shapely.line_interpolate_point(
        hull,
        (np.arange(_OUTSIDE_SEATS) + rng.uniform(-0.3, 0.3, _OUTSIDE_SEATS)) / _OUTSIDE_SEATS,
        normalized=True,
    )
    seat_cells = np.array([_settle(terrain, xy) for xy in wanted])
    outside = lattice.locate(np.array([(point.x, point.y) for point in around]))
    grown = grow(
        np.zeros(terrain.height.shape, dtype=np.int8),
        terrain.barrier,
        np.concatenate([seat_cells, outside]),
        rng=rng,
    )
    return np.where(grown.seed < len(TOWNS), grown.seed, -1).astype(np.int32).reshape(
        terrain.height.shape
    ), seat_cells


def _settle(terrain: Terrain, xy: Floats) -> int:
    """Return the flattest, lowest cell by a river within two kilometres of a place."""
    lattice = terrain.lattice
    cells = np.arange(lattice.cells)
    away = np.hypot(*(lattice.centres(cells) - xy).T)
    near = cells[away < 2_000.0]
    river_m = terrain.river_m.ravel()[near]
    burden = (
        2.0 * terrain.steepness.ravel()[near]
        + 4.0 * terrain.height.ravel()[near]
        + np.abs(river_m - 400.0) / 1_500.0
        + away[near] / 2_000.0
    )
    return int(near[np.argmin(burden)])


def _shares(town: Zones, communities: int) -> list[int]:
    """Share out communities among towns by people and land, at least two to a town."""
    area = np.bincount(town[town >= 0], minlength=len(TOWNS))
    weight = np.array([item.weight for item in TOWNS]) / np.sum([item.weight for item in TOWNS])
    exact = communities * (0.55 * weight + 0.45 * area / area.sum())
    shares = np.maximum(2, np.floor(exact).astype(np.int64))
    for index in np.argsort(shares - exact, kind="stable"):
        if shares.sum() < communities:
            shares[index] += 1
    while shares.sum() > communities and shares.max() > 2:
        shares[int(np.argmax(shares))] -= 1
    return [int(share) for share in shares]


def _choose_seats(
    terrain: Terrain, town: Zones, index: int, seat: int, count: int, rng: np.random.Generator
) -> list[int]:
    """Choose the seats of a town's communities: in valleys, closer together in the centre."""
    lattice = terrain.lattice
    cells = np.flatnonzero(town.ravel() == index)
    burden = 3.0 * terrain.steepness.ravel()[cells] + terrain.river_m.ravel()[cells] / 1_500.0
    keep = np.argsort(burden + rng.gumbel(0.0, 0.8, len(cells)), kind="stable")[
        : max(60 * count, 4_000)
    ]
    candidates = lattice.centres(cells[keep])
    seat_xy = lattice.centres(np.array([seat]))[0]
    out_m = np.hypot(*(candidates - seat_xy).T)
    radius_m = TOWNS[index].radius_km * 1_000.0
    crowd = 0.3 + 0.7 * np.clip((out_m - 0.4 * radius_m) / (2.5 * radius_m), 0.0, 1.0)
    spacing_m = sqrt(len(cells) * lattice.cell_area_m2 / count)
    while True:
        chosen = [seat]
        away = np.hypot(*(candidates - seat_xy).T)
        for number in range(len(candidates)):
            if len(chosen) == count:
                return chosen
            if away[number] >= spacing_m * crowd[number]:
                chosen.append(int(cells[keep[number]]))
                away = np.minimum(away, np.hypot(*(candidates - candidates[number]).T))
        spacing_m *= 0.93


def _urban(town_of: Ints, seats: Floats, town_seats: Floats) -> Flags:
    """Tell the residents' communities: those whose seat lies in the built-up seat of the town."""
    radius_m = 1_000.0 * np.array([town.radius_km for town in TOWNS])[town_of]
    return np.hypot(*(seats - town_seats[town_of]).T) <= radius_m
