"""For each building: who is in reach, and if the standard is not met, why. Pure: arrays in and out.

Capacity is shared as in the two-step floating catchment of Luo and Wang (2003): a provider divides
its capacity among all households in reach of it; a household has what the providers in its reach
have for it, in the sum. One place a household, or more, is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from geodata.coverage.standards.model import Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
# Building, provider, and how far one is from the other; of one length.
Pairs = tuple[Ints, Ints, Floats]

# Sums of shares are not exact.
_ENOUGH = 1.0 - 1e-9


class Verdict(IntEnum):
    """Whether the standard is met; else the reason, the first that holds."""

    MET = 0
    OVER_CAPACITY = 1
    TOO_FEW = 2
    TERM_ENDED = 3
    TOO_FAR = 4
    NOBODY = 5


@dataclass(frozen=True, slots=True)
class Buildings:
    """Buildings: households, and kind of place of each."""

    households: Ints
    is_village: Bools


@dataclass(frozen=True, slots=True)
class ProviderLinks:
    """Who serves each building: facilities in reach of it, and those that serve it by name.

    ``near`` are pairs (building, facility, way in metres or minutes). ``named`` are pairs
    (building, provider) of those that serve a building wherever they are, their numbers counted
    on from the facilities'. ``has_lapsed``: one or the other did so once. ``is_in_town``: the
    building's town has a facility of the kind.
    """

    near: Pairs
    named: tuple[Ints, Ints]
    has_lapsed: Bools
    is_in_town: Bools


@dataclass(frozen=True, slots=True)
class Judgement:
    """For each building: verdict, providers in reach, places a household; for each provider: load.

    ``load`` is households in reach.
    """

    verdict: NDArray[np.int8]
    providers: Ints
    access: Floats
    load: Floats


def judge(buildings: Buildings, kind: Kind, links: ProviderLinks) -> Judgement:
    """Judge buildings by a kind's standards."""
    n = len(buildings.households)
    at = np.concatenate((links.near[0], links.named[0]))
    by = np.concatenate((links.near[1], links.named[1]))
    providers = np.bincount(at, minlength=n)
    load = np.bincount(by, weights=buildings.households[at].astype(np.float64)).astype(np.float64)
    access: Floats = np.where(providers > 0, np.inf, 0.0)
    if kind.is_limited:
        capacity = np.where(
            buildings.is_village,
            kind.village.capacity or np.inf,
            kind.town.capacity or np.inf,
        )
        with np.errstate(divide="ignore"):
            share: Floats = capacity[at] / load[by]
            access = np.bincount(at, weights=share, minlength=n).astype(np.float64)
    minimum = np.where(buildings.is_village, kind.village.minimum, kind.town.minimum)
    verdict = np.full(n, Verdict.NOBODY, dtype=np.int8)
    # What is written later counts more.
    verdict[links.is_in_town] = Verdict.TOO_FAR
    verdict[links.has_lapsed] = Verdict.TERM_ENDED
    verdict[providers > 0] = Verdict.TOO_FEW
    verdict[(providers > 0) & (access < _ENOUGH)] = Verdict.OVER_CAPACITY
    verdict[(providers >= minimum) & (access >= _ENOUGH)] = Verdict.MET
    return Judgement(verdict, providers, access, load)
