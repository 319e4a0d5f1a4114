"""Points of a table: from columns of any system to WGS 84, and whether they lie in the county."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.rows import TupleRow

from geodata.frames import Frame
from geodata.importing import coordinates
from geodata.importing.columns import Field
from geodata.importing.finding import Finding
from geodata.importing.rows import Sheet
from geodata.phrases import Phrase

POINT_FIELDS = {
    "lon": Field(("@lon", "lon", "long", "lng", "longitude", "经度", "x", "x坐标", "jd"), True),
    "lat": Field(("@lat", "lat", "latitude", "纬度", "y", "y坐标", "wd"), True),
}


@dataclass(frozen=True, slots=True)
class County:
    """The ground of the county, None before it is imported. EPSG:4326."""

    ground: shapely.Geometry | None

    def holds(self, xy: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which points lie inside."""
        assert self.ground is not None
        return np.asarray(shapely.contains_xy(self.ground, xy[:, 0], xy[:, 1]), dtype=bool)


def county(conn: psycopg.Connection[TupleRow]) -> County:
    """Return the county as it is drawn last."""
    row = conn.execute(
        "SELECT ST_AsBinary(ST_Union(geom)) FROM grid_version"
        " WHERE level = 'county' AND upper_inf(valid)"
    ).fetchone()
    if row is None or row[0] is None:
        return County(None)
    ground = shapely.from_wkb(bytes(row[0]))
    shapely.prepare(ground)
    return County(ground)


def county_box(
    conn: psycopg.Connection[TupleRow],
) -> tuple[float, float, float, float] | None:
    """Return west, south, east and north of the county in degrees, None before it is imported."""
    row = conn.execute(
        """
        SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)
        FROM (SELECT ST_Extent(geom) AS e FROM grid_version WHERE level = 'county') AS extent
        WHERE e IS NOT NULL
        """
    ).fetchone()
    return (row[0], row[1], row[2], row[3]) if row else None


def points(
    sheet: Sheet, home: County, *, crs: str | None, frame: Frame | None
) -> NDArray[np.float64]:
    """Return (lon, lat) of every row, NaN where a row has none; faults are noted.

    Coordinates of a map layer are WGS 84 already; those of plain columns are converted here.
    """
    xy = np.full((len(sheet.rows), 2), np.nan)
    is_layer = sheet.columns[sheet.chosen["lon"]].startswith("@")
    for row in range(len(sheet.rows)):
        lon, lat = sheet.number(row, "lon"), sheet.number(row, "lat")
        if lon is None or lat is None:
            if row not in sheet.bad:
                sheet.fault(row, "bad_point", reason=Phrase("no coordinates"))
            continue
        xy[row] = lon, lat
    if not is_layer:
        xy = _converted(xy, crs, frame)
    _check_range(sheet, xy)
    if home.ground is not None:
        _check_county(sheet, xy, home)
    return xy


def _converted(
    xy: NDArray[np.float64], crs: str | None, frame: Frame | None
) -> NDArray[np.float64]:
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if not len(known) or (crs is None and frame in {None, "wgs84"}):
        return xy
    dots = np.asarray(shapely.points(xy[known]), dtype=object)
    bounds = np.asarray(shapely.total_bounds(dots), dtype=np.float64)
    way = coordinates.find_way(coordinates.parse(crs or "EPSG:4326"), bounds)
    moved = coordinates.to_lonlat(dots, way, frame or "wgs84")
    out = xy.copy()
    out[known] = shapely.get_coordinates(moved)
    return out


def _check_range(sheet: Sheet, xy: NDArray[np.float64]) -> None:
    with np.errstate(invalid="ignore"):
        outside = (np.abs(xy[:, 0]) > 180) | (np.abs(xy[:, 1]) > 90) | np.isinf(xy).any(axis=1)
    for row in np.flatnonzero(outside):
        x, y = xy[row]
        reason = Phrase(
            "{x:.6g}, {y:.6g} are no degrees (is --crs missing?)", {"x": float(x), "y": float(y)}
        )
        sheet.fault(int(row), "bad_point", reason=reason)
    zero = (xy[:, 0] == 0) & (xy[:, 1] == 0)
    for row in np.flatnonzero(zero):
        reason = Phrase("0, 0 stands for no coordinates")
        sheet.fault(int(row), "bad_point", reason=reason)


def _check_county(sheet: Sheet, xy: NDArray[np.float64], home: County) -> None:
    rows = np.array([row for row in sheet.usable() if np.isfinite(xy[row]).all()], dtype=np.intp)
    if not len(rows):
        return
    outside = rows[~home.holds(xy[rows])]
    if len(outside) > len(rows) / 2 and home.holds(xy[outside][:, ::-1]).mean() > 0.5:
        first = int(outside[0])
        data = {"count": len(outside) - 1}
        sheet.findings.append(Finding("swapped", "blocking", (sheet.ref(first),), data=data))
        return
    for row in outside:
        lon, lat = float(xy[row, 0]), float(xy[row, 1])
        sheet.fault(int(row), "outside_county", "warning", lon=lon, lat=lat)
