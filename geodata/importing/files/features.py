"""Reading a map file into plain columns and shapes. Runs in the limited child process only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyogrio
import pyogrio.errors
import pyogrio.raw
import shapely
from numpy.typing import NDArray

from geodata.importing.files import coordinates, dbase, geojson, rings
from geodata.importing.files.encoding import decode
from geodata.importing.files.refusals import LAYERS_APART, FileRefusedError
from geodata.importing.files.requests import FileRequest
from geodata.importing.files.rings import OpenRing
from geodata.importing.files.sniffing import DRIVERS, Source
from geodata.importing.findings import counts
from geodata.language.phrases import Phrase
from geodata.people.privacy import masked

MAX_FEATURES = 2_000_000
_FAILURES = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.GeometryError,
    shapely.GEOSException,
    UnicodeDecodeError,
)


@dataclass(frozen=True, slots=True)
class Features:
    """A layer as it stands in the file: columns by name, shapes in the file's own coordinates.

    Shapes are two-dimensional; ``None`` stands for a missing one. ``crs`` is None where the file
    does not say.
    """

    columns: dict[str, list[object]]
    geoms: NDArray[np.object_]
    crs: str | None
    layer: str
    driver: str
    notes: tuple[Phrase, ...]
    # Rings that the file leaves open; in ``geoms`` they are closed by a straight line.
    open_rings: tuple[OpenRing, ...] = ()

    def read_as(self) -> Phrase:
        """Say what was read; a layer that is called "layer" is not named."""
        read = {"format": self.driver, "layer": self.layer, "rows": counts.rows(len(self.geoms))}
        if self.layer.lower() == "layer":
            return Phrase("{format}, {rows}.", read)
        return Phrase("{format}, layer {layer}, {rows}.", read)


def allowed_drivers_only(drivers: Sequence[str] = DRIVERS) -> None:
    """Make sure that the library can open nothing but the formats that were chosen.

    Raises:
        FileRefusedError: a driver is left that should not be
    """
    extra = set(pyogrio.list_drivers()) - set(drivers)
    if extra:
        raise FileRefusedError(
            "unsafe_reader",
            "The reader would follow other formats: {names}.",
            names=", ".join(sorted(extra)),
        )


def read(source: Source, file: FileRequest) -> Features:
    """Read one layer of a file.

    The encoding that is asked for overrides what the file says or what its bytes look like.

    Raises:
        FileRefusedError
    """
    name = _layer(source, file.layer)
    encoding = file.encoding
    notes = list(source.notes)
    taken = None
    if source.driver == "ESRI Shapefile":
        assert source.table is not None
        taken = dbase.encoding_of(source.table, encoding, source.declared_encoding, notes)
    meta, geoms, fields, open_rings = _open(source, name)
    if source.driver == "GeoJSON":
        open_rings = geojson.open_rings(source.path)
    if taken is None and encoding is not None:
        notes.append(
            Phrase(
                "--encoding {encoding} was not needed: this format is always UTF-8.",
                {"encoding": encoding},
            )
        )
    if shapely.has_z(geoms).any():
        notes.append(Phrase("Heights (3D coordinates) were left out."))
    names = [_text(name, taken)[0] for name in meta["fields"]]
    columns = {
        name: [_plain(value, taken) for value in values]
        for name, values in zip(names, fields, strict=True)
    }
    if taken is not None:
        notes += _cut_texts(names, fields, taken)
    found = _features(source, file, name, meta, geoms, columns, notes)
    return replace(found, open_rings=tuple(open_rings))


def read_shapes(source: Source, file: FileRequest) -> Features:
    """Read the shapes of one layer of a file and nothing else: columns are not even asked for.

    Labels of a drawing are left out: they are points where text begins.

    Raises:
        FileRefusedError
    """
    name = _layer(source, file.layer)
    kind = ["SubClasses"] if source.driver == "DXF" else []
    meta, geoms, fields, _rings = _open(source, name, kind)
    if kind:
        is_label = np.array([str(each).endswith("Text") for each in fields[0]], dtype=bool)
        geoms = geoms[~is_label]
    return _features(source, file, name, meta, geoms, {}, list(source.notes))


def _open(
    source: Source, name: str, columns: list[str] | None = None
) -> tuple[dict[str, Any], NDArray[np.object_], Sequence[NDArray[np.object_]], list[OpenRing]]:
    """Return what the library reads: facts about the layer, shapes, values column by column.

    Last come the rings that are not closed, as far as the library hands them over so.
    """
    try:
        meta, _, wkb, fields = pyogrio.raw.read(
            source.path,
            layer=name,
            columns=columns,
            datetime_as_string=True,
            max_features=MAX_FEATURES + 1,
        )
        geoms, open_rings = _shapes(wkb)
    except _FAILURES as failure:
        raise _unreadable(failure, source) from failure
    if len(geoms) == 0:
        raise FileRefusedError(
            "no_features",
            "The layer {name} is empty: it has no features.",
            name=source.title or name,
        )
    if len(geoms) > MAX_FEATURES:
        raise FileRefusedError(
            "too_many", "The layer has more than {limit} features.", limit=MAX_FEATURES
        )
    return meta, geoms, fields, open_rings


def _shapes(wkb: NDArray[np.object_]) -> tuple[NDArray[np.object_], list[OpenRing]]:
    """Make shapes of their bytes; rings that are open are closed and told."""
    geoms = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), dtype=object)
    bad = [row for row in np.flatnonzero(shapely.is_missing(geoms)) if wkb[row] is not None]
    geoms[bad] = shapely.from_wkb(wkb[bad], on_invalid="fix")
    found = [
        OpenRing(int(row), ring, gap)
        for row in bad
        for ring, gap in rings.in_binary(bytes(wkb[row]))
    ]
    return geoms, found


def _features(
    source: Source,
    file: FileRequest,
    name: str,
    meta: dict[str, Any],
    geoms: NDArray[np.object_],
    columns: dict[str, list[object]],
    notes: list[Phrase],
) -> Features:
    crs = meta["crs"]
    if source.driver == "GeoJSON":
        crs = _system_of_json(source, file, notes)
    elif source.driver == "KML" and not crs:
        crs = "EPSG:4326"
    flat = np.asarray(shapely.force_2d(geoms), dtype=object)
    title = source.title or name
    return Features(columns, flat, crs or None, title, source.driver, tuple(notes))


def _system_of_json(source: Source, file: FileRequest, notes: list[Phrase]) -> str | None:
    """Return the system that a GeoJSON names; the library takes names it does not know for WGS 84.

    None where the name is not known, and another system was asked for.

    Raises:
        FileRefusedError: the name is not known, and nothing was asked for
    """
    told = geojson.named_system(source.path)
    if told is None:
        return "EPSG:4326"
    known = coordinates.named(told)
    if known is not None:
        return known
    if file.crs is not None:
        own = masked(told[:80])
        notes.append(
            Phrase(
                "--crs {told} was taken instead of the file's own {own}.",
                {"told": file.crs, "own": own},
            )
        )
        return None
    if file.frame is not None and file.frame == coordinates.frame_named(told):
        return "EPSG:4326"
    raise coordinates.refused_name(told)


def _layer(source: Source, wanted: str | None) -> str:
    """Return the name of the layer to read.

    Raises:
        FileRefusedError: there is none with shapes, or several and none was chosen
    """
    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(source.path) if kind is not None]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as failure:
        raise _unreadable(failure, source) from failure
    if source.driver == "ESRI Shapefile":
        return layers[0]
    if wanted is not None and wanted in layers:
        return wanted
    if not layers and source.driver == "FlatGeobuf":
        raise _damaged(Phrase("no layer is found in it."))
    if not layers:
        raise FileRefusedError("no_layer", "The file holds no layer with shapes.")
    if wanted is not None or len(layers) > 1:
        raise FileRefusedError(
            "several_layers",
            "The file holds {count} layers: {names}.",
            hint="Choose one with --layer.",
            count=len(layers),
            names=", ".join(layers[:20]),
            layers=LAYERS_APART.join(layers[:20]),
        )
    return layers[0]


def _unreadable(failure: Exception, source: Source) -> FileRefusedError:
    if isinstance(failure, UnicodeDecodeError):
        return FileRefusedError(
            "encoding_wrong",
            "The texts of the file are not in UTF-8, as its format asks.",
            hint="Save it as UTF-8, or export it again.",
        )
    reason = " ".join(str(failure).split())
    # The library names the path in our work folder, which says nothing to the reader.
    reason = reason.replace(f"'{source.path}' ", "").replace(str(source.path), source.path.name)
    reason = reason.split("; Failed to open")[0].split("It might help")[0][:300]
    return _damaged(reason.strip().rstrip(".") + ".")


def _damaged(reason: str | Phrase) -> FileRefusedError:
    return FileRefusedError(
        "unreadable",
        "The file is damaged or cut off: {reason}",
        hint="Copy or export it again.",
        reason=reason,
    )


def _text(value: str, encoding: str | None) -> tuple[str, int]:
    """Decode text that was read byte by byte, and say how many bytes at its end are half a letter.

    What does not fit becomes a replacement character.
    """
    if encoding is None or value.isascii():
        return value, 0
    raw = value.encode("latin-1", "replace")
    return decode(raw, encoding) or (raw.decode(encoding, "replace"), 0)


def _cut_texts(
    names: Sequence[str], fields: Sequence[NDArray[np.object_]], encoding: str
) -> list[Phrase]:
    """Say in how many texts the last character is lost, because a column has no room for it."""
    cut = [
        {"row": row, "column": name, "text": _text(value, encoding)[0]}
        for name, values in zip(names, fields, strict=True)
        for row, value in enumerate(values, 1)
        if isinstance(value, str) and _text(value, encoding)[1]
    ]
    if not cut:
        return []
    text = (
        "{count:,} texts were cut off in the middle of a character when the file was written, for"
        " example row {row}, {column}: “{text}”. They are taken without it: look whether they are"
        " whole."
    )
    return [Phrase(text, {**cut[0], "text": masked(str(cut[0]["text"])), "count": len(cut)})]


def _plain(value: object, encoding: str | None) -> object:
    """Return a value that JSON knows."""
    if isinstance(value, str):
        return _text(value, encoding)[0]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if value != value:
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if value is None or isinstance(value, (int, bool)):
        return value
    return str(value)


def texts(values: Sequence[object]) -> list[str]:
    """Return values as trimmed text, missing ones as ""."""
    return ["" if value is None else str(value).strip() for value in values]
