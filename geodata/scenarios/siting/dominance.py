"""What can be left out because something else in the instance is at least as good or as hard."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from geodata.scenarios.siting.instance import Instance, ranges, trimmed
from geodata.scenarios.siting.model import Flags, Ints

# Enough entries to tell nearly all pairs apart before they are compared in full.
_PROBES = 6
_BLOCK = 4096


def undominated(instance: Instance) -> Instance:
    """Drop candidates that reach nobody whom others do not reach, too.

    Where a group needs r providers, a candidate goes if r others reach all that it reaches: in any
    choice it can be swapped for one of them that is not chosen, or serves nobody for all are. With
    capacities nothing is dropped, for the second of two equal places serves further households.
    """
    if instance.capacities is not None or not len(instance.weights):
        return instance
    less, _ = _nested(instance.reach)
    beaten = np.bincount(less, minlength=len(instance.columns))
    keep = beaten < int(instance.needs.max())
    return instance if keep.all() else trimmed(instance.with_columns(keep))


def hardest(instance: Instance) -> Instance:
    """Keep the groups without which all are served as soon as these are, and undominated columns.

    For the question that all groups be served with one provider each. A group goes if a candidate
    of another that serves that one always serves it, too.
    """
    while True:
        size = instance.reach.shape
        _, more = _nested(csc_array(instance.reach.T))
        keep = np.ones(size[0], dtype=bool)
        keep[more] = False
        instance = undominated(trimmed(instance.with_groups(keep)))
        if instance.reach.shape == size:
            return instance


def _nested(sets: csc_array[Any]) -> tuple[Ints, Ints]:
    """Return pairs of columns whose set of rows the other one's contains: (less, more).

    Of equal ones the later is the lesser. Only columns that share a row can be nested, and the
    rows of the lesser that fewest columns have tell them apart soonest.
    """
    rows = csr_array(sets)
    rows.sort_indices()
    count = rows.shape[1]
    degrees, sizes = np.diff(rows.indptr), np.diff(sets.indptr)
    keys = np.repeat(np.arange(rows.shape[0]), degrees) * count + rows.indices
    owner = np.repeat(np.arange(count), sizes)
    # The rows of each column, those with few columns first.
    by_degree = sets.indices[np.lexsort((degrees[sets.indices], owner))].astype(np.int64)
    filled = np.flatnonzero(sizes > 0)
    pivot = by_degree[sets.indptr[filled]]
    less = np.repeat(filled, degrees[pivot])
    more = rows.indices[ranges(rows.indptr[pivot], degrees[pivot])].astype(np.int64)
    fits = (sizes[more] > sizes[less]) | ((sizes[more] == sizes[less]) & (more < less))
    less, more = less[fits], more[fits]
    for probe in range(1, _PROBES):
        # Spread over the rows of the lesser; the last is as telling as the first is rare.
        place = (sizes[less] - 1) * probe // (_PROBES - 1)
        fits = _holds(keys, by_degree[sets.indptr[less] + place] * count + more)
        less, more = less[fits], more[fits]
    fits = np.ones(len(less), dtype=bool)
    for begin in range(0, len(less), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        shared = sets[:, less[block]].multiply(sets[:, more[block]]).sum(axis=0)
        fits[block] = shared == sizes[less[block]]
    return less[fits], more[fits]


def _holds(keys: Ints, wanted: Ints) -> Flags:
    """Tell which of the wanted are among the sorted keys."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[at] == wanted
