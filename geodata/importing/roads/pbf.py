"""Extracts of OpenStreetMap in PBF, block by block: nodes, ways and relations with their numbers.

GDAL hands out the shapes of ways without the numbers of their nodes, and the numbers alone tell
where two ways meet. Format: https://wiki.openstreetmap.org/wiki/PBF_Format
"""

from __future__ import annotations

import lzma
import os
import zlib
from collections.abc import Container, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.roads import wire
from geodata.importing.roads.wire import Span
from geodata.language.phrases import Phrase
from geodata.roads.network import Floats, Ints

# What the format allows.
_MAX_HEADER, _MAX_BLOB = 64 * 1024, 32 * 1024 * 1024
_KNOWN = frozenset({b"OsmSchema-V0.6", b"DenseNodes"})
_WAY_MEMBER, _RELATION_MEMBER = 1, 2
_DAMAGE = (
    wire.DamagedError, ValueError, IndexError, OverflowError, zlib.error, lzma.LZMAError, EOFError
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways one after the other: ``refs`` are their nodes, ``sizes`` how many each way has.

    ``lonlat`` are the places of the nodes where the file has them with the ways, else NaN.
    """

    number: list[int]
    tags: list[dict[str, str]]
    refs: Ints
    sizes: Ints
    lonlat: Floats


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation, with the numbers of its members that are ways; and how many are relations."""

    tags: dict[str, str]
    ways: list[int]
    relations: int


class Block:
    """Some thousand nodes, ways or relations, with the texts that they use."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._texts: list[bytes] = []
        self._groups: list[Span] = []
        self._grain, self._lat0, self._lon0 = 100, 0, 0
        for field, value in wire.fields(data, (0, len(data))):
            if field == 1:
                self._texts = [
                    data[slice(*wire.span(s))] for _, s in wire.fields(data, wire.span(value))
                ]
            elif field == 2:
                self._groups.append(wire.span(value))
            elif field == 17:
                self._grain = wire.signed(value)
            elif field == 19:
                self._lat0 = wire.signed(value)
            elif field == 20:
                self._lon0 = wire.signed(value)

    def kinds(self) -> set[int]:
        """Tell what is in it: 1 and 2 nodes, 3 ways, 4 relations."""
        return {field for group in self._groups for field, _ in wire.heads(self._data, group)}

    def nodes(self) -> tuple[Ints, Floats]:
        """Return the numbers and the places (lon, lat) of the nodes."""
        numbers, lons, lats = [wire.none()], [wire.none()], [wire.none()]
        for group in self._groups:
            for field, value in wire.fields(self._data, group):
                if field == 2:
                    at = dict(wire.fields(self._data, wire.span(value)))
                    number, lat, lon = (self._steps(at.get(key)) for key in (1, 8, 9))
                elif field == 1:
                    at = dict(wire.fields(self._data, wire.span(value)))
                    number, lat, lon = (
                        np.array([wire.zigzag(wire.whole(at.get(key)))], dtype=np.int64)
                        for key in (1, 8, 9)
                    )
                else:
                    continue
                if not len(number) == len(lat) == len(lon):
                    raise wire.DamagedError("nodes without a place")
                numbers.append(number)
                lons.append(lon)
                lats.append(lat)
        return np.concatenate(numbers), self._places(np.concatenate(lons), np.concatenate(lats))

    def ways(self, key: str, also: Container[int]) -> Ways:
        """Return the ways that have a key, and those of these numbers."""
        number: list[int] = []
        tags: list[dict[str, str]] = []
        parts: dict[int, list[bytes]] = {8: [], 9: [], 10: []}
        text = key.encode()
        index = self._texts.index(text) if text in self._texts else -1
        for way in self._those(3):
            at = dict(wire.fields(self._data, way))
            each = wire.signed(at.get(1))
            if index not in self._numbers(at.get(2)) and each not in also:
                continue
            number.append(each)
            tags.append(self._tags(at))
            for field, found in parts.items():
                found.append(self._bytes(at.get(field)))
        refs, sizes = wire.many_steps(parts[8])
        lonlat = np.full((len(refs), 2), np.nan)
        lats, lat_sizes = wire.many_steps(parts[9])
        lons, lon_sizes = wire.many_steps(parts[10])
        if len(lats):
            if not (np.array_equal(sizes, lat_sizes) and np.array_equal(sizes, lon_sizes)):
                raise wire.DamagedError("ways whose nodes have no place")
            lonlat = self._places(lons, lats)
        return Ways(number, tags, refs, sizes, lonlat)

    def relations(self, key: str) -> Iterator[Relation]:
        """Yield the relations that have a key."""
        text = key.encode()
        if text not in self._texts:
            return
        index = self._texts.index(text)
        for relation in self._those(4):
            at = dict(wire.fields(self._data, relation))
            if index not in self._numbers(at.get(2)):
                continue
            members, kinds = self._steps(at.get(9)), self._numbers(at.get(10))
            if len(members) != len(kinds):
                raise wire.DamagedError("members without a kind")
            ways = members[np.array(kinds, dtype=np.int64) == _WAY_MEMBER].tolist()
            yield Relation(self._tags(at), ways, kinds.count(_RELATION_MEMBER))

    def _those(self, wanted: int) -> Iterator[Span]:
        for group in self._groups:
            for field, value in wire.fields(self._data, group):
                if field == wanted:
                    yield wire.span(value)

    def _tags(self, at: dict[int, int | Span]) -> dict[str, str]:
        keys, values = self._numbers(at.get(2)), self._numbers(at.get(3))
        return {
            self._texts[one].decode(): self._texts[two].decode()
            for one, two in zip(keys, values, strict=True)
        }

    def _bytes(self, value: int | Span | None) -> bytes:
        return b"" if value is None else self._data[slice(*wire.span(value))]

    def _numbers(self, value: int | Span | None) -> list[int]:
        return [] if value is None else wire.numbers(self._data, wire.span(value))

    def _steps(self, value: int | Span | None) -> Ints:
        return wire.many_steps([self._bytes(value)])[0]

    def _places(self, lon: Ints, lat: Ints) -> Floats:
        return np.column_stack([self._lon0 + self._grain * lon, self._lat0 + self._grain * lat]) / (
            1e9
        )


def blocks(path: Path, only: Container[int] | None = None) -> Iterator[tuple[int, Block]]:
    """Yield where each block of a file begins, and the block; ``only`` some of them if given.

    Raises:
        FileRefusedError: it is packed in a way that is not read
        DamagedError: the bytes are not what the format promises
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        while (at := file.tell()) < length:
            kind, size = _header(file)
            if kind == b"OSMData" and only is not None and at not in only:
                file.seek(size, os.SEEK_CUR)
                continue
            blob = file.read(size)
            if len(blob) != size:
                raise wire.DamagedError("it ends in the middle of a block")
            if kind == b"OSMData":
                yield at, Block(_unpacked(blob))
            elif kind == b"OSMHeader":
                _check(_unpacked(blob))


@contextmanager
def refusing_damage() -> Generator[None]:
    """Say of a file that is not what the format promises that it is damaged.

    Raises:
        FileRefusedError: it is
    """
    try:
        yield
    except _DAMAGE as failure:
        raise FileRefusedError(
            "unreadable",
            "The file is damaged or cut off: {reason}",
            hint="Copy or export it again.",
            reason=_reason(failure),
        ) from failure


def _reason(failure: Exception) -> Phrase | str:
    if isinstance(failure, wire.DamagedError):
        return Phrase(str(failure))
    return " ".join(str(failure).split())[:300]


def _header(file: BinaryIO) -> tuple[bytes, int]:
    length = int.from_bytes(file.read(4), "big")
    if not 0 < length <= _MAX_HEADER:
        raise wire.DamagedError("a block has no header")
    head = file.read(length)
    at = dict(wire.fields(head, (0, len(head))))
    size = wire.whole(at.get(3))
    # What is packed may be a little longer than what it holds.
    if len(head) != length or not 0 <= size <= _MAX_BLOB + _MAX_HEADER:
        raise wire.DamagedError("a block has no size")
    return head[slice(*wire.span(at.get(1)))], size


def _unpacked(blob: bytes) -> bytes:
    at = dict(wire.fields(blob, (0, len(blob))))
    if 1 in at:
        return blob[slice(*wire.span(at[1]))]
    if 3 in at:
        unpacking = zlib.decompressobj()
    elif 4 in at:
        unpacking = lzma.LZMADecompressor()
    else:
        raise FileRefusedError(
            "packed",
            "The extract is packed in a way that is not read; only zlib and lzma are.",
            hint="Pack it again: osmium cat -f pbf,pbf_compression=zlib",
        )
    data = unpacking.decompress(blob[slice(*wire.span(at[3 if 3 in at else 4]))], _MAX_BLOB + 1)
    if len(data) > _MAX_BLOB or not unpacking.eof:
        raise wire.DamagedError("a block is cut off or larger than 32 MB")
    return data


def _check(data: bytes) -> None:
    """Refuse what needs more than is read, as a file with all versions of each way does."""
    needed = {data[slice(*wire.span(value))] for field, value in wire.fields(data, (0, len(data)))
              if field == 4}  # fmt: skip
    if unknown := needed - _KNOWN:
        raise FileRefusedError(
            "features",
            "The extract needs what is not read: {features}.",
            hint="Bring an extract of one day, without its history.",
            features=", ".join(sorted(each.decode(errors="replace")[:60] for each in unknown)),
        )
