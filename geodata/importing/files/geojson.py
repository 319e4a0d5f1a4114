"""GeoJSON as it stands in the file: features one by one, before the library smooths them over.

The library closes rings that are open and knows no list of features without a collection around it.
Texts are read as Latin-1 here, byte for byte: only coordinates and brackets are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.rings import OpenRing, gap_of

_SPACE: Final = " \t\r\n"
_DECODER: Final = json.JSONDecoder()
_COLLECTION: Final = "FeatureCollection"


def open_rings(path: Path) -> list[OpenRing]:
    """Return the rings of polygons that do not end where they begin, row by row from 0."""
    found: list[OpenRing] = []
    try:
        for row, (item, _start, _end) in enumerate(_items(_text(path))):
            feature = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
            rings = list(_rings(feature.get("geometry", feature)))
            found += [
                OpenRing(row, place, gap)
                for place, ring in enumerate(rings)
                if (gap := gap_of(ring)) is not None
            ]
    # The library says what is wrong with such a file.
    except (ValueError, TypeError, RecursionError, IndexError):
        return []
    return found


def named_system(path: Path) -> str | None:
    """Return the coordinate system that the member ``crs`` names, as it is written there.

    The standard of 2008 had that member. A link is returned as its address, anything else that is
    no name as JSON; None where there is none.
    """
    text = _text(path)
    if '"crs"' not in text:
        return None
    try:
        member = _member(text, "crs")
    # The library says what is wrong with such a file.
    except (ValueError, TypeError, RecursionError, IndexError):
        return None
    if member is None:
        return None
    plain = cast("dict[str, Any]", member) if isinstance(member, dict) else {}
    given = plain.get("properties")
    properties = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    code = properties.get("code")
    if plain.get("type") == "EPSG" and isinstance(code, int):
        return f"EPSG:{code}"
    found = properties.get("name") if plain.get("type") == "name" else properties.get("href")
    if isinstance(found, str) and found.strip():
        return found.encode("latin-1", "replace").decode("utf-8", "replace").strip()
    return json.dumps(member)


def _member(text: str, name: str) -> object:
    """Return a member of the object that a text is; its features are passed one by one."""
    at = _skip(text, 0)
    if text[at] != "{":
        return None
    found: object = None
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == "features" and text[at] == "[":
            for _feature, _start, end in _entries(text, at):
                at = end
            at = text.index("]", at) + 1
        else:
            value, at = _DECODER.raw_decode(text, at)
            # Of a member that stands there twice, the library takes the last.
            found = value if key == name else found
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found


def is_list(path: Path) -> bool:
    """Whether a JSON file is a list without a collection around it."""
    with path.open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def collect(path: Path, target: Path) -> Path:
    """Write a bare list of features as a collection of them, as the standard asks.

    Raises:
        FileRefusedError: an entry of the list is no feature
    """
    text = _text(path)
    with target.open("wb") as out:
        out.write(b'{"type": "FeatureCollection", "features": [')
        is_first = True
        for number, (item, start, end) in enumerate(_checked(text), 1):
            kind = cast("dict[str, Any]", item).get("type") if isinstance(item, dict) else None
            if kind not in {"Feature", _COLLECTION}:
                raise FileRefusedError(
                    "wrong_format",
                    "The JSON is a list, but its entry {number} is no feature of a map.",
                    hint="Export the layer as GeoJSON.",
                    number=number,
                )
            inner = _items(text[start:end]) if kind == _COLLECTION else [(item, 0, end - start)]
            for _feature, here, there in inner:
                out.write(b"" if is_first else b",\n")
                out.write(text[start + here : start + there].encode("latin-1"))
                is_first = False
        out.write(b"]}")
    if is_first:
        raise FileRefusedError("no_features", "The list in the JSON file is empty.")
    return target


def _checked(text: str) -> Iterator[tuple[object, int, int]]:
    try:
        yield from _items(text)
    except (ValueError, RecursionError, IndexError) as failure:
        raise FileRefusedError(
            "unreadable", "The JSON cannot be read: {reason}.", reason=str(failure)[:200]
        ) from failure


def _text(path: Path) -> str:
    return path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _items(text: str) -> Iterator[tuple[object, int, int]]:
    """Yield the features of a text with their places in it: one after the other, never all."""
    at = _skip(text, 0)
    if text[at] == "[":
        yield from _entries(text, at)
        return
    begin, at = at, _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == "features" and text[at] == "[":
            yield from _entries(text, at)
            return
        _value, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    item, end = _DECODER.raw_decode(text, begin)
    yield item, begin, end


def _entries(text: str, at: int) -> Iterator[tuple[object, int, int]]:
    at = _skip(text, at + 1)
    while text[at] != "]":
        item, end = _DECODER.raw_decode(text, at)
        yield item, at, end
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in _SPACE and at < len(text):
        at += 1
    return at


def _rings(geometry: object) -> Iterator[list[Any]]:
    """Yield the rings of a geometry, in their order; what is none of a polygon is left out."""
    if not isinstance(geometry, dict):
        return
    plain = cast("dict[str, Any]", geometry)
    kind, parts = plain.get("type"), plain.get("coordinates")
    if kind == "GeometryCollection":
        for each in plain.get("geometries") or []:
            yield from _rings(each)
    elif kind == "Polygon" and isinstance(parts, list):
        yield from cast("list[list[Any]]", parts)
    elif kind == "MultiPolygon" and isinstance(parts, list):
        for polygon in cast("list[list[list[Any]]]", parts):
            yield from polygon
