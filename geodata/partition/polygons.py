"""Arrays of polygons: wrapping, labelling, writing down. EPSG:4326 unless a function says else."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray


def as_multipolygons(geoms: NDArray[np.object_]) -> NDArray[np.object_]:
    """Wrap each polygon of an array into a multipolygon; multipolygons stay as they are."""
    polygons, owners = shapely.get_parts(geoms, return_index=True)
    out = np.empty(len(geoms), dtype=object)
    shapely.multipolygons(polygons, indices=owners, out=out)
    return out


def label_points(geoms: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return for each polygon a point inside it and far from its edges, where its label stands.

    The centre of the largest circle that fits, found to a twentieth of the shape's size. Longitude
    is shrunk by the cosine of the latitude while measuring, so that the circle is one on the
    ground. Input and output are EPSG:4326.
    """
    bounds = shapely.bounds(geoms)
    if len(geoms) == 0:
        return np.empty(0, dtype=object)
    shrink = max(float(np.cos(np.radians((bounds[:, 1] + bounds[:, 3]).mean() / 2))), 0.01)
    scale = np.array([shrink, 1.0])
    squashed = shapely.transform(geoms, lambda xy: xy * scale)
    tolerance = np.maximum(np.sqrt(shapely.area(squashed)) / 20, 1e-9)
    circles = shapely.maximum_inscribed_circle(squashed, tolerance=tolerance)
    centres = shapely.transform(shapely.get_point(circles, 0), lambda xy: xy / scale)
    inside = shapely.contains_properly(geoms, centres)
    return np.where(inside, centres, shapely.point_on_surface(geoms))


def to_ewkb(geoms: NDArray[np.object_], srid: int) -> list[str]:
    """Return shapes in the hexadecimal form that PostGIS reads."""
    return shapely.to_wkb(shapely.set_srid(geoms, srid), hex=True, include_srid=True).tolist()
