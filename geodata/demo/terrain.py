"""The lie of the land: an invented heightfield with rivers, mountains in the south-west."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from geodata.demo.lattice import Floats, Ints, Lattice, grow


@dataclass(frozen=True, slots=True)
class Noise:
    """Smooth noise of one wavelength over the plane, about -1 to 1."""

    wavelength_m: float
    reach_m: float
    values: Floats

    @classmethod
    def make(cls, rng: np.random.Generator, wavelength_m: float, reach_m: float) -> Noise:
        """Draw noise for places up to ``reach_m`` from the centre."""
        size = int(2 * reach_m / wavelength_m) + 6
        return cls(wavelength_m, reach_m, rng.uniform(-1.6, 1.6, (size, size)))

    def at(self, xy: Floats, *, order: Literal[1, 3] = 3) -> Floats:
        """Return the noise at points (n, 2); of order 1 it has edges, and comes quicker."""
        places = (xy.T[::-1] + self.reach_m) / self.wavelength_m + 2
        return np.asarray(
            map_coordinates(self.values, places, order=order, prefilter=False, mode="nearest")
        )


@dataclass(frozen=True, slots=True)
class Terrain:
    """Fields over the cells of a lattice, each of shape (rows, cols).

    ``height`` 0 to 1; ``relief`` how far a cell stands out of the country within some three
    kilometres, in standard deviations; ``steepness`` 0 to 1; ``flow`` the number of
    cells that drain through a cell; ``river_m`` the distance to the nearest river in metres.
    """

    lattice: Lattice
    height: Floats
    relief: Floats
    steepness: Floats
    flow: Floats
    river_m: Floats

    @property
    def barrier(self) -> Floats:
        """What it costs a territory to spread across a cell: ridges and rivers hinder most."""
        stream_km2 = self.flow * self.lattice.cell_area_m2 / 1e6
        river = np.where(stream_km2 > 6.0, 3.0 + np.minimum(12.0, stream_km2 / 20.0), 0.0)
        return np.exp(0.55 * np.clip(self.relief, -1.5, 2.5)) * (1.0 + self.steepness) + river


def shape_land(lattice: Lattice, rng: np.random.Generator) -> Terrain:
    """Invent the terrain of a lattice around the county's centre."""
    xy = lattice.centres(np.arange(lattice.cells))
    reach_m = float(np.abs(xy).max()) + 5_000.0
    bend = np.column_stack([Noise.make(rng, 9_000.0, reach_m).at(xy) for _ in range(2)])
    bent = np.clip(xy + 2_600.0 * bend, -reach_m + 1.0, reach_m - 1.0)
    ridges = np.zeros(lattice.cells)
    for octave in range(6):
        wavelength_m = 9_000.0 / 2**octave
        ridges += (
            1.0 - 2.0 * np.abs(Noise.make(rng, wavelength_m, reach_m).at(bent))
        ) * 0.5**octave
    ridges = (ridges - ridges.min()) / (ridges.max() - ridges.min())
    south_west = 1.0 / (1.0 + np.exp((xy[:, 0] * 0.75 + xy[:, 1] + 2_000.0) / 9_000.0))
    height = 0.08 + 0.42 * south_west + (0.12 + 0.38 * south_west) * ridges
    field = height.reshape(lattice.rows, lattice.cols)
    flow = _drain(lattice, field, rng)
    slope = np.hypot(*np.gradient(field)) / lattice.step_m
    steepness = np.clip(slope / np.quantile(slope, 0.97), 0.0, 1.0)
    stream = flow * lattice.cell_area_m2 > 6e6
    river_m = np.asarray(
        distance_transform_edt(~stream, sampling=(1.5 * lattice.side_m, lattice.step_m)),
        dtype=np.float64,
    )
    return Terrain(lattice, field, _stand_out(field, lattice), steepness, flow, river_m)


def _stand_out(height: Floats, lattice: Lattice) -> Floats:
    window = (2_600.0 / (1.5 * lattice.side_m), 2_600.0 / lattice.step_m)
    fine = (120.0 / (1.5 * lattice.side_m), 120.0 / lattice.step_m)
    relief = gaussian_filter(height, fine) - gaussian_filter(height, window)
    return relief / relief.std()


def _drain(lattice: Lattice, height: Floats, rng: np.random.Generator) -> Floats:
    """Let every cell drain to the northern rim by the lowest way; count what passes through."""
    rim = np.arange(lattice.cells).reshape(height.shape)
    outlets = rim[-1, :: max(1, lattice.cols // 9)][3:]
    grown = grow(
        np.zeros(height.shape, dtype=np.int8),
        np.exp(9.0 * height),
        outlets,
        rng=rng,
        roughness=0.25,
    )
    return _accumulate(grown.cost, grown.toward).reshape(height.shape)


def _accumulate(cost: Floats, toward: Ints) -> Floats:
    """Count the cells upstream of each cell, itself included."""
    upstream = [1] * len(toward)
    downstream: list[int] = toward.tolist()
    order: list[int] = np.argsort(-cost, kind="stable").tolist()
    for cell in order:
        below = downstream[cell]
        if below != cell:
            upstream[below] += upstream[cell]
    return np.array(upstream, dtype=np.float64)
