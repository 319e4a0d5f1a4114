"""An attacker on rounded counts: what every public answer leaves possible, by integer programming.

The attacker is given more than any public answer tells: the rounded households of every single
building, which buildings stand in which block, and how they are rounded (decision 0030). What is
asked for is the least and the greatest sum of households that a group of buildings can have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


@dataclass(frozen=True, slots=True)
class Block:
    """What is known of the buildings of a block: their classes, and where their sum lies.

    ``low`` and ``high`` are the ends of each building's class, ``least`` and ``most`` those of the
    sum of all.
    """

    low: tuple[int, ...]
    high: tuple[int, ...]
    least: int
    most: int

    @staticmethod
    def read(rounded: Sequence[int], base: int) -> Block:
        """Work out from rounded buildings what is behind them."""
        low = tuple(max(1, each // base * base) for each in rounded)
        high = tuple(each // base * base + base - 1 for each in rounded)
        span = sum(high) - sum(low)
        stretches = max(1, (span + 1) // base)
        for number in range(stretches):
            start = number * base
            end = span if number == stretches - 1 else start + base - 1
            if sum(rounded) - sum(low) == (start + end) // 2:
                return Block(low, high, sum(low) + start, sum(low) + end)
        raise ValueError("buildings are not rounded like that")


def possible(blocks: Sequence[Block], chosen: Sequence[Sequence[bool]]) -> tuple[int, int]:
    """Return the least and the greatest sum of the chosen buildings that fits all that is known."""
    weights = np.concatenate([np.asarray(each, dtype=float) for each in chosen])
    bounds = Bounds(
        np.concatenate([each.low for each in blocks]),
        np.concatenate([each.high for each in blocks]),
    )
    sizes = [len(each.low) for each in blocks]
    rows = np.repeat(np.eye(len(blocks)), sizes, axis=1)
    sums = LinearConstraint(rows, [each.least for each in blocks], [each.most for each in blocks])
    ends: list[int] = []
    for sign in (1, -1):
        found = milp(
            sign * weights,
            integrality=np.ones(len(weights), np.int64),
            bounds=bounds,
            constraints=sums,
        )
        if found.fun is None:
            raise ValueError("nothing fits what is known")
        ends.append(round(sign * found.fun))
    return ends[0], ends[1]
