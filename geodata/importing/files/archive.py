"""Taking a shapefile out of a zip archive, after looking at every entry and before writing any."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from geodata.importing.files import geojson
from geodata.importing.files.refusals import LAYERS_APART, FileRefusedError
from geodata.importing.files.sniffing import DRIVERS, Source, kind_of
from geodata.language.phrases import Phrase

MAX_ENTRIES = 1000
MAX_BYTES = 2 << 30
# A shapefile compresses about 2 to 10 times; text tables up to some 30.
MAX_RATIO = 150
_RATIO_FROM = 1 << 20
_SIDES = (".shp", ".dbf", ".shx", ".prj", ".cpg")
_SINGLE = (".gpkg", ".geojson", ".json", ".fgb", ".kml", ".dxf")


def open_source(
    path: Path, work: Path, layer: str | None, drivers: Sequence[str] = DRIVERS
) -> Source:
    """Return what is to be opened for a file; an archive's members are put under ``work``.

    Raises:
        FileRefusedError
    """
    source = _source(path, work, layer)
    if source.driver == "GeoJSON" and geojson.is_list(source.path):
        note = Phrase("The file is a bare list of features; it was read as a collection of them.")
        title = source.title or path.stem
        collected = geojson.collect(source.path, work / "collected.geojson")
        source = replace(source, path=collected, notes=(*source.notes, note), title=title)
    if source.driver not in drivers:
        raise FileRefusedError(
            "wrong_format",
            "The file is a drawing (DXF), which has lines but no names or codes.",
            hint="Add it to a plan as a reference layer, or export the layer as GeoPackage.",
        )
    return source


def _source(path: Path, work: Path, layer: str | None) -> Source:
    kind = kind_of(path)
    if kind == "zip":
        return _from_zip(path, work, layer)
    if kind == "ESRI Shapefile":
        return _from_siblings(path, work)
    return Source(kind, path)


def _from_zip(path: Path, work: Path, layer: str | None) -> Source:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not _is_litter(entry)]
            check_entries(entries)
            shapes = [e for e in entries if e.filename.lower().endswith(".shp")]
            if not shapes:
                return _single(archive, entries, work)
            return _shapefile(archive, entries, _choose(shapes, layer), work)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as failure:
        raise FileRefusedError(
            "not_a_zip",
            "The zip archive cannot be read: {reason}.",
            hint="It may have been cut off on the way: copy it again.",
            reason=str(failure),
        ) from failure


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(entry.filename)
    return entry.is_dir() or "__MACOSX" in name.parts or name.name.startswith("._")


def check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse archives that are traps, by what they say of themselves."""
    if len(entries) > MAX_ENTRIES:
        raise FileRefusedError(
            "zip_bomb",
            "The archive has {count} entries; at most {limit} are looked at.",
            count=len(entries),
            limit=MAX_ENTRIES,
        )
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
            raise FileRefusedError(
                "unsafe_path",
                "The archive holds a name that points outside of it: {name}.",
                hint="Pack it again, without paths.",
                name=entry.filename,
            )
        if entry.flag_bits & 0x1:
            raise FileRefusedError(
                "encrypted", "The archive is protected by a password.", hint="Unpack it first."
            )
    total = sum(entry.file_size for entry in entries)
    packed = max(sum(entry.compress_size for entry in entries), 1)
    if total > MAX_BYTES or (total > _RATIO_FROM and total / packed > MAX_RATIO):
        raise FileRefusedError(
            "zip_bomb",
            "The archive would unpack to {megabytes:.0f} MB, {ratio:.0f} times its size: a zip"
            " bomb.",
            hint="At most {limit_mb} MB and {limit_ratio} times are unpacked.",
            megabytes=total / 1e6,
            ratio=total / packed,
            limit_mb=MAX_BYTES >> 20,
            limit_ratio=MAX_RATIO,
        )


def _choose(shapes: list[zipfile.ZipInfo], layer: str | None) -> zipfile.ZipInfo:
    """Return the one .shp meant; ``layer`` is its name without ending."""
    names = [PurePosixPath(shape.filename).stem for shape in shapes]
    if layer is not None:
        if layer in names:
            return shapes[names.index(layer)]
    elif len(shapes) == 1:
        return shapes[0]
    raise FileRefusedError(
        "several_layers",
        "The archive holds {count} layers: {names}.",
        hint="Choose one with --layer.",
        count=len(names),
        names=", ".join(sorted(names)),
        layers=LAYERS_APART.join(sorted(names)[:20]),
    )


def _shapefile(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], shape: zipfile.ZipInfo, work: Path
) -> Source:
    stem = shape.filename[:-4].lower()
    sides = {
        entry.filename.lower()[-4:]: entry
        for entry in entries
        if entry.filename.lower()[:-4] == stem and entry.filename.lower()[-4:] in _SIDES
    }
    for side, entry in sides.items():
        _unpack(archive, entry, work / f"layer{side}")
    return _assembled(work, set(sides), PurePosixPath(shape.filename).stem)


def _single(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], work: Path) -> Source:
    """Return the only map file of an archive without a shapefile."""
    found = [e for e in entries if PurePosixPath(e.filename).suffix.lower() in _SINGLE]
    if len(found) != 1:
        names = ", ".join(sorted(PurePosixPath(e.filename).name for e in entries)[:8])
        raise FileRefusedError(
            "no_shp",
            "The archive holds no .shp file. It holds: {names}.",
            hint="Pack .shp, .dbf, .shx and .prj of one layer together.",
            names=names or Phrase("nothing"),
        )
    target = work / f"layer{PurePosixPath(found[0].filename).suffix.lower()}"
    _unpack(archive, found[0], target)
    kind = kind_of(target)
    if kind not in {"GPKG", "GeoJSON", "FlatGeobuf", "KML", "DXF"}:
        raise FileRefusedError("nested_zip", "The archive holds another archive.")
    # These two are called what their file is called, which is our copy here.
    title = PurePosixPath(found[0].filename).stem if kind in {"GeoJSON", "FlatGeobuf"} else None
    return Source(kind, target, title=title)


def _from_siblings(path: Path, work: Path) -> Source:
    """Copy a bare .shp with the files beside it."""
    sides: set[str] = set()
    for side in _SIDES:
        for name in (path.with_suffix(side), path.with_suffix(side.upper())):
            if name.is_file():
                shutil.copyfile(name, work / f"layer{side}")
                sides.add(side)
                break
    return _assembled(work, sides, path.stem)


def _assembled(work: Path, sides: set[str], title: str) -> Source:
    if ".dbf" not in sides:
        raise FileRefusedError(
            "no_dbf",
            "The shapefile has no .dbf file, which holds its codes and names.",
            hint="Pack .shp, .dbf, .shx and .prj together.",
        )
    if kind_of(work / "layer.shp") != "ESRI Shapefile":
        raise FileRefusedError("wrong_format", "The .shp file is not a shapefile.")
    notes: tuple[Phrase, ...] = ()
    if ".shx" not in sides:
        notes = (Phrase("The .shx file is missing; it was made from the .shp file."),)
    declared = None
    if ".cpg" in sides:
        cpg = work / "layer.cpg"
        declared = cpg.read_bytes()[:64].decode("ascii", "replace").strip() or None
    # The library is told Latin-1, which gives every byte back as it is: we decode the text.
    (work / "layer.cpg").write_text("ISO-8859-1")
    return Source("ESRI Shapefile", work / "layer.shp", notes, work / "layer.dbf", declared, title)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write an entry under a name of ours; stop where it is longer than it said."""
    left = entry.file_size
    with archive.open(entry) as packed, target.open("wb") as out:
        while chunk := packed.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise FileRefusedError("zip_bomb", "An entry is longer than the archive says.")
            out.write(chunk)
