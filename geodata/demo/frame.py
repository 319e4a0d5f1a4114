"""The demo county's compounds as a table, for benchmarks."""

from __future__ import annotations

import geopandas

from geodata.demo.county import build
from geodata.demo.loading import DEFAULT_SEED


def compound_frame(n: int, seed: int = DEFAULT_SEED) -> geopandas.GeoDataFrame:
    """Return ``n`` compounds: code, name, parent_code, households, geometry (EPSG:4326)."""
    county = build(n, seed)
    now = county.now
    return geopandas.GeoDataFrame(
        {
            "code": now.compound_codes,
            "name": now.compound_names,
            "parent_code": [code[:12] for code in now.compound_codes],
            "households": county.households,
        },
        geometry=county.compounds,
        crs="EPSG:4326",
    )
