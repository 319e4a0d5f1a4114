"""What is drawn: one file per map layer, and the tuple that names them all."""

from __future__ import annotations

from layers import changes, coverage, grids, issues, members
from layers.layer import Layer

LAYERS: tuple[Layer, ...] = (
    grids.LAYER,
    members.LAYER,
    issues.LAYER,
    coverage.LAYER,
    changes.LAYER,
)
BY_NAME: dict[str, Layer] = {layer.name: layer for layer in LAYERS}
