"""Files as planning offices hand them over, and some that mean harm, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas
from pyproj import Transformer
from shapely.geometry import LineString

Line = Sequence[tuple[float, float]]


def dxf(
    path: Path, lines: Sequence[Line], epsg: int = 4548, *, label: tuple[float, float] | None = None
) -> Path:
    """Write a drawing of polylines, given in degrees, in a projected system; perhaps a label."""
    plane = Transformer.from_crs(4326, epsg, always_xy=True)
    codes: list[Any] = [0, "SECTION", 2, "HEADER", 9, "$ACADVER", 1, "AC1015", 0, "ENDSEC"]
    codes += [0, "SECTION", 2, "ENTITIES"]
    for line in lines:
        codes += [0, "LWPOLYLINE", 8, "红线", 100, "AcDbEntity", 100, "AcDbPolyline", 90, len(line)]
        codes += [70, 0]
        for lon, lat in line:
            x, y = plane.transform(lon, lat)
            codes += [10, f"{x:.6f}", 20, f"{y:.6f}"]
    if label:
        x, y = plane.transform(*label)
        codes += [0, "TEXT", 8, "0", 100, "AcDbEntity", 100, "AcDbText"]
        codes += [10, x, 20, y, 40, 2.5, 1, "resident-0001"]
    codes += [0, "ENDSEC", 0, "EOF"]
    path.write_text("".join(f"{code}\n" for code in codes), "utf-8")
    return path


def geojson(path: Path, *geometries: dict[str, Any]) -> Path:
    """Write features that hold more than their shapes."""
    features = [
        {"type": "Feature", "properties": {"owner": "resident-0001"}, "geometry": geometry}
        for geometry in geometries
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def line(corners: Line) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(corner) for corner in corners]}


def geopackage(path: Path, epsg: int = 4548, **layers: Sequence[Line]) -> Path:
    """Write a GeoPackage with a layer of lines for each name."""
    for name, lines in layers.items():
        frame = geopandas.GeoDataFrame(
            {"owner": ["resident-0001"] * len(lines)},
            geometry=[LineString(each) for each in lines],
            crs=4326,
        )
        frame.to_crs(epsg).to_file(path, layer=name, driver="GPKG")
    return path


def shapefile(path: Path, lines: Sequence[Line], *, has_prj: bool = True) -> Path:
    """Write a zipped shapefile."""
    import zipfile

    folder = path.with_suffix("")
    folder.mkdir()
    frame = geopandas.GeoDataFrame(
        {"owner": ["x"] * len(lines)}, geometry=[LineString(each) for each in lines], crs=4326
    )
    frame.to_crs(4548).to_file(folder / "axis.shp")
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.iterdir():
            if has_prj or part.suffix != ".prj":
                archive.write(part, part.name)
    return path


def nested_blocks(path: Path, depth: int = 24) -> Path:
    """Write a drawing of one line that blocks put into each other two times each: 2^depth lines."""
    codes: list[Any] = [0, "SECTION", 2, "BLOCKS"]
    for level in range(depth):
        codes += [0, "BLOCK", 2, f"B{level}", 10, 0, 20, 0]
        if level:
            codes += [0, "INSERT", 2, f"B{level - 1}", 10, 0, 20, 0] * 2
        else:
            codes += [0, "LINE", 8, "0", 10, 433807, 20, 3475532, 11, 433907, 21, 3475632]
        codes += [0, "ENDBLK"]
    codes += [0, "ENDSEC", 0, "SECTION", 2, "ENTITIES"]
    codes += [0, "INSERT", 2, f"B{depth - 1}", 10, 0, 20, 0, 0, "ENDSEC", 0, "EOF"]
    path.write_text("".join(f"{code}\n" for code in codes), "utf-8")
    return path
