"""Extracts of OpenStreetMap in PBF, with the numbers of nodes, ways and relations as a test wants.

Format: https://wiki.openstreetmap.org/wiki/PBF_Format
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

Place = tuple[float, float]
Tags = Mapping[str, str]
Relation = tuple[Sequence[tuple[str, int, str]], Tags]
KINDS = {"node": 0, "way": 1, "relation": 2}


def write(
    path: Path,
    nodes: Mapping[int, Place],
    ways: Mapping[int, tuple[Sequence[int], Tags]],
    relations: Sequence[Relation] = (),
    *,
    packed: str = "zlib",
    places_with_ways: bool = False,
    features: Sequence[bytes] = (b"OsmSchema-V0.6", b"DenseNodes"),
) -> Path:
    """Write an extract: ways by the numbers of their nodes, relations by (kind, number, role).

    With ``places_with_ways`` the places of nodes stand with the ways, and nowhere else.
    """
    texts = [b""]
    dense = _dense({} if places_with_ways else nodes)
    lines = b"".join(
        field(
            3,
            number(1, each)
            + _tags(texts, tags)
            + field(8, steps(refs))
            + (_places(refs, nodes) if places_with_ways else b""),
        )
        for each, (refs, tags) in ways.items()
    )
    areas = b"".join(
        field(
            4,
            number(1, each)
            + _tags(texts, tags)
            + field(8, b"".join(varint(_index(texts, role)) for _, _, role in members))
            + field(9, steps([member for _, member, _ in members]))
            + field(10, b"".join(varint(KINDS[kind]) for kind, _, _ in members)),
        )
        for each, (members, tags) in enumerate(relations, 1)
    )
    table = field(1, b"".join(field(1, text) for text in texts))
    path.write_bytes(
        blob(b"OSMHeader", b"".join(field(4, each) for each in features), packed)
        + b"".join(
            blob(b"OSMData", table + field(2, group), packed) for group in (dense, lines, areas)
        )
    )
    return path


def blob(kind: bytes, data: bytes, packed: str = "raw") -> bytes:
    """Return a block with its header."""
    if packed == "raw":
        body = field(1, data)
    elif packed == "zlib":
        body = number(2, len(data)) + field(3, zlib.compress(data))
    elif packed == "lzma":
        body = number(2, len(data)) + field(4, lzma.compress(data))
    else:
        body = number(2, len(data)) + field(7, data)
    header = field(1, kind) + number(3, len(body))
    return len(header).to_bytes(4, "big") + header + body


def field(key: int, data: bytes) -> bytes:
    """Return a field of bytes."""
    return varint(key << 3 | 2) + varint(len(data)) + data


def number(key: int, value: int) -> bytes:
    """Return a field that is a number."""
    return varint(key << 3) + varint(value)


def varint(value: int) -> bytes:
    """Return a number of seven bits a byte."""
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def zigzag(value: int) -> int:
    """Return a number with its sign in the last bit."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def steps(values: Sequence[int]) -> bytes:
    """Return numbers, each as the step from the one before."""
    return b"".join(varint(zigzag(b - a)) for a, b in pairwise([0, *values]))


def _dense(nodes: Mapping[int, Place]) -> bytes:
    return field(2, field(1, steps(list(nodes))) + _where(nodes.values(), 8, 9))


def _places(refs: Sequence[int], nodes: Mapping[int, Place]) -> bytes:
    return _where([nodes[ref] for ref in refs], 9, 10)


def _where(places: Iterable[Place], lat_key: int, lon_key: int) -> bytes:
    known = list(places)
    return field(lat_key, steps([round(lat * 1e7) for _, lat in known])) + field(
        lon_key, steps([round(lon * 1e7) for lon, _ in known])
    )


def _tags(texts: list[bytes], tags: Tags) -> bytes:
    keys = b"".join(varint(_index(texts, key)) for key in tags)
    return field(2, keys) + field(3, b"".join(varint(_index(texts, tags[key])) for key in tags))


def _index(texts: list[bytes], text: str) -> int:
    if text.encode() not in texts:
        texts.append(text.encode())
    return texts.index(text.encode())
