"""Messages of Protocol Buffers, as far as extracts of OpenStreetMap need them.

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from geodata.roads.network import Ints

Span = tuple[int, int]

_INT, _BYTES = 0, 2
# Bytes of a number that is not of the kinds 0 and 2.
_FIXED = {1: 8, 5: 4}


class DamagedError(Exception):
    """The bytes are not what the format promises."""


def fields(data: bytes, span: Span) -> Iterator[tuple[int, int | Span]]:
    """Yield the fields of a message: a number, or where its bytes are."""
    at, end = span
    while at < end:
        head, at = varint(data, at)
        wire = head & 7
        if wire == _INT:
            value, at = varint(data, at)
            yield head >> 3, value
            continue
        size = _FIXED.get(wire, 0)
        if wire == _BYTES:
            size, at = varint(data, at)
        elif not size:
            raise DamagedError("a field of no known kind")
        if at + size > end:
            raise DamagedError("a field is longer than what holds it")
        if wire == _BYTES:
            yield head >> 3, (at, at + size)
        at += size
    if at > end:
        raise DamagedError("a number is longer than what holds it")


def heads(data: bytes, group: Span) -> Iterator[tuple[int, int | Span]]:
    """Yield the first field of a group, which holds one kind of thing."""
    for found in fields(data, group):
        yield found
        return


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and where the next thing begins."""
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    value, shift = byte & 0x7F, 7
    while True:
        at += 1
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + 1
        shift += 7
        if shift > 63:
            raise DamagedError("a number has no end")


def many_steps(parts: list[bytes]) -> tuple[Ints, Ints]:
    """Read series of numbers, each written as the step from the one before; and their lengths."""
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    raw = np.frombuffer(b"".join(parts), dtype=np.uint8)
    if not len(raw):
        return none(), np.zeros(len(parts), dtype=np.int64)
    if any(part and part[-1] > 0x7F for part in parts):
        raise DamagedError("a number is cut off")
    last = np.flatnonzero(raw < 0x80)
    first = np.concatenate([[0], last[:-1] + 1])
    size = last - first + 1
    if size.max() > 10:
        raise DamagedError("a number has no end")
    shift = (np.arange(len(raw)) - np.repeat(first, size)) * 7
    bits = np.bitwise_or.reduceat((raw & 0x7F).astype(np.uint64) << shift.astype(np.uint64), first)
    steps = (bits >> np.uint64(1)).astype(np.int64) ^ -(bits & np.uint64(1)).astype(np.int64)
    upto = np.searchsorted(last, ends)
    sizes = np.diff(upto, prepend=0)
    total = np.concatenate([[0], np.cumsum(steps)])
    return total[1:] - np.repeat(total[upto - sizes], sizes), sizes


def numbers(data: bytes, span: Span) -> list[int]:
    """Read whole numbers that stand one after the other."""
    at, end = span
    found: list[int] = []
    while at < end:
        number, at = varint(data, at)
        found.append(number)
    if at > end:
        raise DamagedError("a number is longer than what holds it")
    return found


def none() -> Ints:
    """Return no numbers."""
    return np.empty(0, dtype=np.int64)


def zigzag(value: int) -> int:
    """Return the number that is written with its sign in the last bit."""
    return value >> 1 ^ -(value & 1)


def whole(value: int | Span | None) -> int:
    """Return a field that must be a number."""
    if not isinstance(value, int):
        raise DamagedError("a number is missing")
    return value


def signed(value: int | Span | None) -> int:
    """Return a field that must be a number, which may be below 0."""
    number = whole(value)
    return number - (1 << 64) if number >= 1 << 63 else number


def span(value: int | Span | None) -> Span:
    """Return where the bytes of a field are, which must be bytes."""
    if value is None or isinstance(value, int):
        raise DamagedError("a text is missing")
    return value
