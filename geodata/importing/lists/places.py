"""Points of a table: from columns of any system to WGS 84, and whether they lie in the county."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.rows import TupleRow

from geodata.importing.files import coordinates
from geodata.importing.files.columns import Field
from geodata.importing.findings.finding import Finding
from geodata.importing.lists import readings
from geodata.importing.lists.reading import ListImport
from geodata.importing.lists.readings import Reading
from geodata.importing.values import sexagesimal
from geodata.importing.values.rows import Sheet
from geodata.language.phrases import Phrase

POINT_FIELDS = {
    "lon": Field(
        ("@lon", "lon", "long", "lng", "longitude", "经度"), True, loose=("x", "x坐标", "jd")
    ),
    "lat": Field(("@lat", "lat", "latitude", "纬度"), True, loose=("y", "y坐标", "wd")),
}
# About 20 km: facilities this near can serve somebody in the county.
_AROUND_DEGREES = 0.2


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


def points(sheet: Sheet, county: County, order: ListImport) -> NDArray[np.float64]:
    """Return (lon, lat) of every row in WGS 84, NaN where a row has none; faults are noted.

    Where most rows lie outside the county, that is the one fault that is noted of them all.
    """
    raw = _pairs(sheet)
    taken = Reading(
        order.file.crs or sheet.crs or readings.WGS84, order.is_swapped, order.file.frame or "wgs84"
    )
    xy, way = readings.convert(raw, taken)
    _note_reading(sheet, order, taken, way)
    if not order.may_lie_outside and _lie_elsewhere(sheet, raw, xy, taken, county):
        return xy
    _check_range(sheet, raw, xy)
    if county.ground is not None:
        _check_county(sheet, xy, county)
    else:
        sheet.notes.append(
            Phrase("There is no county yet: whether the rows lie in it was not looked at.")
        )
    return xy


def _pairs(sheet: Sheet) -> NDArray[np.float64]:
    """Return the two numbers of every row as they stand there, NaN where one is missing."""
    raw = np.full((len(sheet.rows), 2), np.nan)
    for row in range(len(sheet.rows)):
        x = sexagesimal.degrees(sheet, row, "lon")
        y = sexagesimal.degrees(sheet, row, "lat")
        if x is None or y is None:
            if row not in sheet.bad:
                sheet.fault(row, "bad_point", reason=Phrase("no coordinates"))
        elif x == 0 and y == 0:
            sheet.fault(row, "bad_point", reason=Phrase("0, 0 stands for no coordinates"))
        else:
            raw[row] = x, y
    return raw


def _note_reading(
    sheet: Sheet, order: ListImport, taken: Reading, way: coordinates.Way | None
) -> None:
    """Say how the coordinates were read: a wrong system looks almost right on a map."""
    if way is None:
        return
    if order.file.crs is None and sheet.crs is None and taken.frame == "wgs84":
        sheet.notes.append(
            Phrase(
                "Coordinates: taken for degrees in WGS 84 or CGCS2000, as nothing says otherwise"
                " (--crs, --frame)."
            )
        )
    else:
        sheet.notes.append(coordinates.said_of(way))
    if taken.frame != "wgs84":
        sheet.notes.append(coordinates.said_of_frame(taken.frame))
    if taken.is_swapped:
        sheet.notes.append(Phrase("The two coordinates were swapped (--swap)."))


def _lie_elsewhere(
    sheet: Sheet,
    raw: NDArray[np.float64],
    xy: NDArray[np.float64],
    taken: Reading,
    county: County,
) -> bool:
    """Note that most rows lie elsewhere, with the readings that lead into the county.

    They do if another reading puts them there, or if they are far away: of facilities around the
    county, which serve its border, most may lie outside.
    """
    ground = county.ground or _covered(taken)
    rows = np.flatnonzero(np.isfinite(raw).all(axis=1))
    if ground is None or not len(rows):
        return False
    outside = rows[~readings.is_inside(xy[rows], ground)]
    if len(outside) <= len(rows) / 2:
        return False
    is_county = county.ground is not None
    proposals = readings.propose(raw[rows], taken, ground, is_county=is_county)
    if not proposals and _are_around(xy[outside], ground).sum() >= len(outside) - len(rows) / 2:
        return False
    first = int(outside[0])
    x, y = raw[first]
    lon, lat = xy[first]
    spot = Phrase("nowhere on earth")
    if abs(lon) <= 180 and abs(lat) <= 90:
        spot = Phrase("at {lon:.5f}, {lat:.5f}", {"lon": float(lon), "lat": float(lat)})
    data = {
        "outside": len(outside),
        "total": len(rows),
        "where": Phrase("the county") if is_county else Phrase("the ground of its system"),
        "x": float(x),
        "y": float(y),
        "spot": spot,
        "readings": [proposal.said() for proposal in proposals],
    }
    sheet.findings.append(Finding("lie_elsewhere", "blocking", (sheet.ref(first),), data=data))
    return True


def _are_around(xy: NDArray[np.float64], ground: shapely.Geometry) -> NDArray[np.bool_]:
    """Tell which points lie near a ground; what is nowhere does not."""
    known = np.isfinite(xy).all(axis=1)
    near = np.zeros(len(xy), dtype=bool)
    near[known] = shapely.dwithin(ground, shapely.points(xy[known]), _AROUND_DEGREES)
    return near


def _covered(taken: Reading) -> shapely.Geometry | None:
    """Return the ground that a system of metres is made for; degrees are valid everywhere."""
    system = coordinates.parse(taken.crs)
    use = system.area_of_use
    if system.is_geographic or use is None:
        return None
    return shapely.box(use.west, use.south, use.east, use.north)


def _check_range(sheet: Sheet, raw: NDArray[np.float64], xy: NDArray[np.float64]) -> None:
    with np.errstate(invalid="ignore"):
        outside = (np.abs(xy[:, 0]) > 180) | (np.abs(xy[:, 1]) > 90) | np.isinf(xy).any(axis=1)
    for row in np.flatnonzero(outside):
        x, y = raw[row]
        reason = Phrase(
            "{x:.10g}, {y:.10g} are no degrees (is --crs missing?)", {"x": float(x), "y": float(y)}
        )
        sheet.fault(int(row), "bad_point", reason=reason)


def _check_county(sheet: Sheet, xy: NDArray[np.float64], county: County) -> None:
    rows = np.array([row for row in sheet.usable() if np.isfinite(xy[row]).all()], dtype=np.intp)
    if not len(rows):
        return
    for row in rows[~county.holds(xy[rows])]:
        lon, lat = float(xy[row, 0]), float(xy[row, 1])
        sheet.fault(int(row), "outside_county", "warning", lon=lon, lat=lat)
