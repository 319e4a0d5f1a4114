"""What is asked, and what is answered: households in reach of candidates, and a choice of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from geodata.errors import InvalidInputError
from geodata.frames import to_cartesian

Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]


class ShortfallError(InvalidInputError):
    """No choice of candidates does what is asked.

    ``left`` of ``everybody`` households would stay unserved; ``data`` has them as ``households``.
    """

    def __init__(
        self, message: str, *, hint: str, left: float, everybody: float, **data: object
    ) -> None:
        super().__init__(message, hint=hint, households=f"{left:.10g}", **data)
        self.left, self.everybody = left, everybody

    def without_counts(self) -> InvalidInputError:
        """Return the same for those who may not know how many households that are."""
        return InvalidInputError("No combination of the candidates achieves this.", hint=self.hint)


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """Households of buildings, who serves them already, and which candidates would reach them.

    ``reach`` (buildings x candidates) has an entry where a candidate reaches a building, by
    whatever way distances were measured. ``providers`` counts those in reach of each building now.
    """

    reach: csr_array[Any]
    households: Floats
    providers: Ints

    @staticmethod
    def of(reach: Any, households: ArrayLike, providers: ArrayLike | None = None) -> Demand:
        """Return the demand for a ready reach matrix, such as one of distances along roads.

        Entries that are zero reach nobody; a matrix of distances has to be turned into one of ones
        first. Without ``providers`` nobody is served yet.

        Raises:
            ValueError: the sizes differ, or there are negative, infinite or missing households.
        """
        matrix = csr_array(reach, dtype=np.float64, copy=True)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        matrix.data[:] = 1.0
        weights = np.asarray(households, dtype=np.float64)
        count = matrix.shape[0]
        given = np.zeros(count, dtype=np.int64) if providers is None else np.asarray(providers)
        if weights.shape != (count,) or given.shape != (count,):
            raise ValueError(
                f"{count} buildings, {weights.shape} households, {given.shape} providers"
            )
        if not (np.isfinite(weights).all() and (weights >= 0).all() and (given >= 0).all()):
            raise ValueError(f"of {count} buildings, some lack households or have negative ones")
        return Demand(cast("csr_array[Any]", matrix), weights, given.astype(np.int64))

    @staticmethod
    def within(
        buildings: ArrayLike,
        candidates: ArrayLike,
        reach_m: float,
        households: ArrayLike,
        providers: ArrayLike | None = None,
    ) -> Demand:
        """Return the demand where a candidate reaches what is at most ``reach_m`` away.

        Places are (lon, lat), WGS 84, of shape (n, 2); distances are straight lines in metres
        (``frames.to_cartesian``).

        Raises:
            InvalidInputError: the reach is not more than 0 m.
            ValueError: as in ``of``.
        """
        if not 0 < reach_m < np.inf:
            raise InvalidInputError("A reach has to be more than 0 m.")
        ends = [
            cKDTree(to_cartesian(np.asarray(each, dtype=np.float64).reshape(-1, 2)))
            for each in (buildings, candidates)
        ]
        near = ends[0].sparse_distance_matrix(ends[1], reach_m, output_type="ndarray")
        pairs = np.ones(len(near)), (near["i"], near["j"])
        return Demand.of(csr_array(pairs, shape=(ends[0].n, ends[1].n)), households, providers)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The places to take, what they change, and how good any other choice could be.

    ``candidates`` are in the order in which each adds most to those before it, and ``gains`` are
    the households that it adds; there are fewer than asked for where another would add none.
    ``before`` and ``after`` are the households served (backed up: with two in reach) out of
    ``households``; ``served`` has those of each building after. ``out_of_reach`` are households
    that even all candidates together would leave unserved, for there are too few in their reach.
    ``loads`` are the households that each place would take on: all in reach that are not served
    before, or with a capacity those assigned to it.

    ``bound`` is proven: no choice has more households after (``fewest``: no choice has fewer
    places). ``gap`` is how far the choice is from it at most, relative to the households that the
    choice adds (``fewest``: to its places); infinite where it adds none. ``proven`` says that the
    gap is closed: no choice is better; where households are fractions, none by more than one part
    in ten million of those not served before.
    """

    candidates: tuple[int, ...]
    gains: tuple[float, ...]
    loads: tuple[float, ...]
    households: float
    before: float
    after: float
    out_of_reach: float
    served: Floats
    bound: float
    gap: float
    proven: bool
