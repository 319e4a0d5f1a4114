"""Recognising the files that are read, by what is in them: nothing that points elsewhere is opened.

GDAL would follow a VRT to other files and hosts, under whatever name it comes. So a file is known
by its first bytes, a zip by the Shapefiles in it, and what GDAL took it for is checked again.
"""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pyogrio
import pyogrio.errors

from geodata.errors import InvalidInputError, NotFoundError

_HEAD = 64 * 1024
_SHAPEFILE = b"\x00\x00\x27\x0a"
_MAGIC = (b"SQLite format 3\0", _SHAPEFILE, b"fgb\x03fgb")
_DRIVERS = {"GPKG", "GeoJSON", "ESRI Shapefile", "FlatGeobuf", "OpenFileGDB"}


def is_osm(path: Path) -> bool:
    """Tell whether this is an OSM extract, .osm.pbf or .osm."""
    return path.suffix in (".pbf", ".osm")


def check(path: Path) -> None:
    """Refuse a file that is none of those that are read.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is something else, or pretends to be.
    """
    if not path.exists():
        raise NotFoundError("There is no file {path}.", path=path)
    if path.is_dir() and path.suffix == ".gdb":
        return
    if path.is_dir() or not _is_known(path):
        raise InvalidInputError(
            "{path} is none of: .osm.pbf, GeoPackage, GeoJSON, (zipped) Shapefile, FlatGeobuf.",
            path=path,
        )


def layers(path: Path) -> tuple[str, list[str]]:
    """Return the name under which GDAL opens a checked file, and its layers that have shapes.

    Raises:
        InvalidInputError: GDAL cannot read it, or takes it for what it must not be.
    """
    address = _address(path)
    try:
        names = [str(name) for name, geometry in pyogrio.list_layers(address) if geometry]
        for name in names:
            info: dict[str, Any] = pyogrio.read_info(address, layer=name)
            if info["driver"] not in _DRIVERS:
                raise InvalidInputError("{path} is a {driver}.", path=path, driver=info["driver"])
    except pyogrio.errors.DataSourceError as error:
        raise unreadable(path, error) from error
    if not names:
        raise InvalidInputError("{path} holds no layer with shapes.", path=path)
    return address, names


def unreadable(path: Path, error: Exception) -> InvalidInputError:
    """Put GDAL's complaint into words of ours."""
    return InvalidInputError(
        "{path} cannot be read: {reason}.", path=path, reason=str(error).rstrip(".")
    )


def _is_known(path: Path) -> bool:
    if path.suffix == ".zip":
        return _shapefile_folder(path) is not None
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if is_osm(path):
        return b"OSMHeader" in head[:64] or b"<osm" in head[:1024]
    is_json = head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    return head.startswith(_MAGIC) or (is_json and b"<OGRVRT" not in head)


def _address(path: Path) -> str:
    if path.suffix != ".zip":
        return str(path)
    folder = _shapefile_folder(path)
    return f"/vsizip/{path}" + (f"/{folder}" if folder and str(folder) != "." else "")


def _shapefile_folder(path: Path) -> PurePosixPath | None:
    """Return the folder of a zip that holds Shapefiles, None if there is none to be trusted."""
    try:
        with zipfile.ZipFile(path) as bundle:
            shapes = [name for name in bundle.namelist() if name.lower().endswith(".shp")]
            for name in shapes:
                with bundle.open(name) as member:
                    if member.read(4) != _SHAPEFILE:
                        return None
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        return None
    # One file alone would be opened as itself, whatever it is: a Shapefile is at least three.
    is_whole = bool(shapes) and len(bundle.namelist()) > 1
    return PurePosixPath(shapes[0]).parent if is_whole else None
