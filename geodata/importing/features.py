"""Reading a map file into plain columns and shapes. Runs in the limited child process only."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.errors
import pyogrio.raw
import shapely
from numpy.typing import NDArray

from geodata.importing.encoding import canonical, detect
from geodata.importing.refusals import LAYERS_APART, FileRefusedError
from geodata.importing.sniffing import DRIVERS, Source
from geodata.phrases import Phrase

MAX_FEATURES = 2_000_000
_FAILURES = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.GeometryError,
    shapely.GEOSException,
    UnicodeDecodeError,
)
_SAMPLE_ROWS = 5000


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


def read(source: Source, *, layer: str | None, encoding: str | None) -> Features:
    """Read one layer of a file.

    ``encoding`` overrides what the file says or what its bytes look like.

    Raises:
        FileRefusedError
    """
    name = _layer(source, layer)
    notes = list(source.notes)
    taken = None
    if source.driver == "ESRI Shapefile":
        taken = _table_encoding(source, encoding, notes)
    meta, geoms, fields = _open(source, name)
    if taken is None and encoding is not None:
        notes.append(
            Phrase(
                "--encoding {encoding} was not needed: this format is always UTF-8.",
                {"encoding": encoding},
            )
        )
    if shapely.has_z(geoms).any():
        notes.append(Phrase("Heights (3D coordinates) were left out."))
    names = [_text(name, taken) for name in meta["fields"]]
    columns = {
        name: [_plain(value, taken) for value in values]
        for name, values in zip(names, fields, strict=True)
    }
    return _features(source, name, meta, geoms, columns, notes)


def read_shapes(source: Source, *, layer: str | None) -> Features:
    """Read the shapes of one layer of a file and nothing else: columns are not even asked for.

    Labels of a drawing are left out: they are points where text begins.

    Raises:
        FileRefusedError
    """
    name = _layer(source, layer)
    kind = ["SubClasses"] if source.driver == "DXF" else []
    meta, geoms, fields = _open(source, name, kind)
    if kind:
        is_label = np.array([str(each).endswith("Text") for each in fields[0]], dtype=bool)
        geoms = geoms[~is_label]
    return _features(source, name, meta, geoms, {}, list(source.notes))


def _open(
    source: Source, name: str, columns: list[str] | None = None
) -> tuple[dict[str, Any], NDArray[np.object_], Sequence[NDArray[np.object_]]]:
    """Return what the library reads: facts about the layer, shapes, values column by column."""
    try:
        meta, _, wkb, fields = pyogrio.raw.read(
            source.path,
            layer=name,
            columns=columns,
            datetime_as_string=True,
            max_features=MAX_FEATURES + 1,
        )
        geoms = np.asarray(shapely.from_wkb(wkb, on_invalid="fix"), dtype=object)
    except _FAILURES as failure:
        raise _unreadable(failure, source) from failure
    if len(geoms) == 0:
        raise FileRefusedError(
            "no_features", "The layer {name} is empty: it has no features.", name=name
        )
    if len(geoms) > MAX_FEATURES:
        raise FileRefusedError(
            "too_many", "The layer has more than {limit} features.", limit=MAX_FEATURES
        )
    return meta, geoms, fields


def _features(
    source: Source,
    name: str,
    meta: dict[str, Any],
    geoms: NDArray[np.object_],
    columns: dict[str, list[object]],
    notes: list[Phrase],
) -> Features:
    crs = meta["crs"]
    if source.driver in {"GeoJSON", "KML"} and not crs:
        crs = "EPSG:4326"
    flat = np.asarray(shapely.force_2d(geoms), dtype=object)
    title = source.title or name
    return Features(columns, flat, crs or None, title, source.driver, tuple(notes))


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


def _table_encoding(source: Source, wanted: str | None, notes: list[Phrase]) -> str:
    """Choose the encoding of a shapefile's table: as told, as declared if it fits, or by look."""
    assert source.table is not None
    samples = table_texts(source.table)
    if wanted is not None:
        return canonical(wanted)
    found = detect(samples)
    if source.declared_encoding is not None:
        declared = canonical(source.declared_encoding)
        fits = sum(_decodes(sample, declared) for sample in samples)
        if fits >= 0.98 * len(samples):
            return declared
        notes.append(
            Phrase(
                "The .cpg file says {encoding}, but the text is not in it.",
                {"encoding": source.declared_encoding},
            )
        )
    if found is None:
        raise FileRefusedError(
            "encoding_unknown",
            "The table does not say in which encoding its text is, and it looks like none.",
            hint="Give it, for example --encoding gbk.",
        )
    if any(not sample.isascii() for sample in samples):
        shown = {"gb18030": "GBK (GB18030)", "utf-8": "UTF-8", "latin-1": "Latin-1"}[found]
        notes.append(
            Phrase(
                "No .cpg file says the encoding: the text was taken for {encoding}.",
                {"encoding": shown},
            )
        )
    return found


def table_texts(path: Path) -> list[bytes]:
    """Return the texts of a dBASE table's first rows as bytes, and the names of its columns."""
    raw = path.open("rb")
    with raw:
        head = raw.read(32)
        if len(head) < 32:
            raise FileRefusedError("truncated", "The .dbf file is cut off.")
        count, start, width = struct.unpack("<IHH", head[4:12])
        fields = raw.read(max(start - 33, 0))
        layout: list[tuple[int, int]] = []
        texts: list[bytes] = []
        offset = 1
        for at in range(0, len(fields) - 31, 32):
            field = fields[at : at + 32]
            texts.append(field[:11].split(b"\x00")[0])
            if field[11:12] == b"C":
                layout.append((offset, field[16]))
            offset += field[16]
        raw.seek(start)
        for _ in range(min(count, _SAMPLE_ROWS)):
            row = raw.read(width)
            texts.extend(row[at : at + size].rstrip(b" \x00") for at, size in layout)
    return [text for text in texts if text]


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _text(value: str, encoding: str | None) -> str:
    """Decode text that was read byte by byte; what does not fit becomes a replacement character."""
    if encoding is None or value.isascii():
        return value
    # A column may cut its last character in half: that is no fault of the encoding.
    raw = value.encode("latin-1", "replace")
    for cut in range(4):
        try:
            return raw[: len(raw) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode(encoding, "replace")


def _plain(value: object, encoding: str | None) -> object:
    """Return a value that JSON knows."""
    if isinstance(value, str):
        return _text(value, encoding)
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
