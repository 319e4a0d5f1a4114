"""Coverage for a GIS: a GeoPackage with a layer of each level, the facilities, and what it holds.

Shapes are in EPSG:4326. Layers and fields have names of plain letters, which stay the same in
every language, and titles in the reader's, which QGIS shows.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from geodata.errors import StorageFullError
from geodata.exporting import geometries
from geodata.exporting.coverage import COUNTS, Extract, Line
from geodata.model import LEVELS, Level

if TYPE_CHECKING:
    # Loaded where a file is written: it takes half a second, which nothing else should wait for.
    import geopandas

EPSG = 4326
LAYERS: Mapping[Level, str] = {
    "county": "county",
    "town": "towns",
    "community": "communities",
    "compound": "compounds",
}
FACILITIES, ABOUT = "facilities", "about"
_NO_ROOM = 1 << 16
# What is to be known of the counts: that there are none, or that they are rounded.
_UNKNOWN, _ROUNDED = "no_data", "rounded"

Titles = Callable[[str, str], str]
"""Gives the title of a field, by its name and the kind of service that it is about, if any."""


def write(
    conn: Connection[Any],
    extract: Extract,
    path: Path,
    *,
    titles: Titles,
    layer_titles: Mapping[str, str],
    about: Sequence[tuple[str, str]],
) -> None:
    """Write an extract into a new file; ``about`` are lines of what and its value.

    A count that is not known is empty; ``..._note`` says so, or that counts are rounded.

    Raises StorageFullError if there is no room for it.
    """
    with _room(path.parent):
        _write_all(conn, extract, path, titles, layer_titles, about)


def _write_all(
    conn: Connection[Any],
    extract: Extract,
    path: Path,
    titles: Titles,
    layer_titles: Mapping[str, str],
    about: Sequence[tuple[str, str]],
) -> None:
    import pandas
    import pyogrio

    for level in LEVELS:
        lines = extract.at(level)
        if lines:
            _write(path, LAYERS[level], layer_titles, _grids(conn, extract, lines))
    _write(path, FACILITIES, layer_titles, _facilities(conn, extract))
    pyogrio.write_dataframe(
        pandas.DataFrame(about, columns=["what", "value"]),
        path,
        layer=ABOUT,
        driver="GPKG",
        append=True,
        layer_options={"IDENTIFIER": layer_titles[ABOUT]},
    )
    _give_titles(path, extract, titles)


@contextmanager
def _room(folder: Path) -> Generator[None]:
    """Tell a disk that is full: GDAL and SQLite say so in many words, or leave half a file."""

    def is_full() -> bool:
        return shutil.disk_usage(folder).free < _NO_ROOM

    try:
        yield
    except (RuntimeError, sqlite3.Error) as error:
        if is_full() or "disk is full" in str(error):
            raise StorageFullError.of_files() from error
        raise
    if is_full():
        raise StorageFullError.of_files()


def _write(
    path: Path, layer: str, titles: Mapping[str, str], frame: geopandas.GeoDataFrame
) -> None:
    import pyogrio

    kind = "Point" if layer == FACILITIES else "MultiPolygon"
    pyogrio.write_dataframe(
        frame,
        path,
        layer=layer,
        driver="GPKG",
        append=path.exists(),
        geometry_type=kind,
        layer_options={"IDENTIFIER": titles[layer]},
    )


def _grids(
    conn: Connection[Any], extract: Extract, lines: Sequence[Line]
) -> geopandas.GeoDataFrame:
    import geopandas
    import pandas

    shapes = geometries.read_shapes(conn, [line.ref.grid_id for line in lines], extract.day)
    columns: dict[str, Any] = {
        "code": [line.ref.code for line in lines],
        "name": [line.ref.name for line in lines],
        "within": [" / ".join(ref.name for ref in line.above) for line in lines],
    }
    for kind in extract.kinds:
        found = [line.figures[kind.kind] for line in lines]
        for name in COUNTS:
            counts = [getattr(each, name) if each.households else None for each in found]
            columns[f"{kind.kind}_{name}"] = pandas.array(counts, dtype="Int32")
        columns[f"{kind.kind}_share"] = pandas.array(
            [each.share for each in found], dtype="Float64"
        )
        columns[f"{kind.kind}_note"] = [
            _UNKNOWN if not each.households else _ROUNDED if extract.least else None
            for each in found
        ]
    return geopandas.GeoDataFrame(
        columns, geometry=[shapes[line.ref.grid_id][0] for line in lines], crs=EPSG
    )


def _facilities(conn: Connection[Any], extract: Extract) -> geopandas.GeoDataFrame:
    import geopandas

    found = geometries.list_facilities(conn, extract)
    return geopandas.GeoDataFrame(
        {
            "kind": [site.facility.kind for site in found],
            "kind_zh": [site.facility.kind_zh for site in found],
            "kind_en": [site.facility.kind_en for site in found],
            "name": [site.facility.name for site in found],
            "address": [site.facility.address for site in found],
            "is_inside": [site.is_inside for site in found],
        },
        geometry=geopandas.points_from_xy(
            [site.facility.point.lon for site in found],
            [site.facility.point.lat for site in found],
        ),
        crs=EPSG,
    )


def _titles(extract: Extract, titles: Titles) -> Iterator[tuple[str, str]]:
    """Yield each field of a grid with its title."""
    for name in ("code", "name", "within"):
        yield name, titles(name, "")
    for kind in extract.kinds:
        for name in (*COUNTS, "share", "note"):
            yield f"{kind.kind}_{name}", titles(name, kind.kind)


def _give_titles(path: Path, extract: Extract, titles: Titles) -> None:
    """Write the titles of the fields where the standard has them (GeoPackage, schema extension)."""
    layers = [LAYERS[level] for level in LEVELS if extract.at(level)]
    with sqlite3.connect(path) as file:
        file.execute(
            """
            CREATE TABLE IF NOT EXISTS gpkg_data_columns (
                table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,
                description TEXT, mime_type TEXT, constraint_name TEXT,
                CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
                CONSTRAINT gdc_tn UNIQUE (table_name, name))
            """
        )
        file.execute(
            """
            CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (
                constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT,
                min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN,
                description TEXT,
                CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))
            """
        )
        file.execute(
            """
            CREATE TABLE IF NOT EXISTS gpkg_extensions (
                table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
                definition TEXT NOT NULL, scope TEXT NOT NULL,
                CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))
            """
        )
        file.executemany(
            "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
            [
                (table, "http://www.geopackage.org/spec121/#extension_schema")
                for table in ("gpkg_data_columns", "gpkg_data_column_constraints")
            ],
        )
        # Two kinds may be called alike; two fields of a layer may not.
        found = {title: field for field, title in _titles(extract, titles)}
        file.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, name, title)"
            " VALUES (?, ?, ?, ?)",
            [(layer, field, title, title) for layer in layers for title, field in found.items()],
        )
    file.close()
