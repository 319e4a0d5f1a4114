"""What if: facilities that come, move or close, service areas, standards. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from geodata.coverage.standards import Kind, Place, Standard


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


@dataclass(frozen=True, slots=True)
class Changes:
    """All that would be different; ``closed`` are numbers of facilities."""

    added: tuple[Added, ...] = ()
    moved: tuple[Moved, ...] = ()
    closed: frozenset[int] = frozenset()
    given: tuple[Area, ...] = ()
    taken: tuple[Area, ...] = ()
    standards: Mapping[tuple[str, Place], Standard] = field(
        default_factory=dict[tuple[str, Place], Standard]
    )

    def apply(self, kinds: Sequence[Kind]) -> list[Kind]:
        """Return kinds with the standards that would hold."""
        return [
            replace(
                kind,
                town=self.standards.get((kind.kind, "town"), kind.town),
                village=self.standards.get((kind.kind, "village"), kind.village),
            )
            for kind in kinds
        ]


UNCHANGED = Changes()
