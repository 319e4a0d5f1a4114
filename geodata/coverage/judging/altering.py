"""What if: facilities that come, move or close, service areas, standards, who serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from geodata.coverage.standards.model import Kind, Place, Providers, Standard
from geodata.model import Bounds, Level


@dataclass(frozen=True, slots=True)
class Added:
    """A facility that would be there as well; degrees in WGS 84."""

    kind: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Moved:
    """A facility that would stand elsewhere; degrees in WGS 84."""

    facility_id: int
    kind: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Area:
    """A grid in which an organisation serves."""

    organisation_id: int
    grid_id: int


@dataclass(frozen=True, slots=True, eq=False)
class RedrawnGrid:
    """A grid as a plan would have it; ``shape`` in EPSG:4326."""

    level: Level
    parent: int | None
    name: str
    code: str
    households: int | None
    shape: Any


@dataclass(frozen=True, slots=True, eq=False)
class Redrawn:
    """Boundaries that would be: ``grids`` by number (below 0: new), all that lie in ``boxes``.

    ``changed`` are the grids that are new, gone or other than they are. ``least`` is the smallest
    count of households that everybody is told, by which theirs are rounded.
    """

    grids: Mapping[int, RedrawnGrid]
    changed: frozenset[int]
    boxes: tuple[Bounds, ...]
    least: int


@dataclass(frozen=True, slots=True)
class Changes:
    """All that would be different; ``closed`` are numbers of facilities.

    ``providers`` says who would give a kind, and ``kinds`` are those that would come as well.
    """

    added: tuple[Added, ...] = ()
    moved: tuple[Moved, ...] = ()
    closed: frozenset[int] = frozenset()
    given: tuple[Area, ...] = ()
    taken: tuple[Area, ...] = ()
    standards: Mapping[tuple[str, Place], Standard] = field(
        default_factory=dict[tuple[str, Place], Standard]
    )
    providers: Mapping[str, Providers] = field(default_factory=dict[str, Providers])
    kinds: tuple[Kind, ...] = ()
    redrawn: Redrawn | None = None

    def apply(self, kinds: Sequence[Kind]) -> list[Kind]:
        """Return kinds with the standards that would hold and who would give them."""
        return [*(self._applied(kind) for kind in kinds), *self.kinds]

    def _applied(self, kind: Kind) -> Kind:
        by = self.providers.get(kind.kind, Providers(kind.by_facility, kind.areas, kind.duties))
        return replace(
            kind,
            town=self.standards.get((kind.kind, "town"), kind.town),
            village=self.standards.get((kind.kind, "village"), kind.village),
            by_facility=by.by_facility,
            areas=by.areas,
            duties=by.duties,
        )


UNCHANGED = Changes()
