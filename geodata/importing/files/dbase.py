"""The table of a shapefile (dBASE): its texts as bytes, and in which encoding they are."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from geodata.errors import InvalidInputError
from geodata.importing.files import encoding_choice
from geodata.importing.files.encoding import SHOWN, canonical
from geodata.importing.files.encoding_choice import Text, plain
from geodata.importing.files.refusals import FileRefusedError
from geodata.language.phrases import Phrase

# What byte 29 of the head says (the "language driver"). 0x57 and 0x03 are what programs write
# who do not care; the others were chosen by somebody.
_LANGUAGES: Final = {
    0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5",
    0x13: "cp932", 0x7B: "cp932", 0x4E: "cp949", 0x79: "cp949",
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "latin-1", 0x58: "cp1252", 0x59: "cp1252",
    0x08: "cp865", 0x1F: "cp852", 0x64: "cp852", 0x65: "cp866", 0x26: "cp866", 0x50: "cp874",
    0x7C: "cp874", 0x6A: "cp737", 0x6B: "cp857", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254",
    0xCB: "cp1253", 0xCC: "cp1257",
}  # fmt: skip
_DEFAULTS: Final = {0x01, 0x02, 0x03, 0x57, 0x58, 0x59}
# Distinct texts beyond ASCII that are kept.
_MOST = 50_000
_BYTES_AT_ONCE = 1 << 24


@dataclass(frozen=True, slots=True)
class Table:
    """The language byte of a table, and all its texts and names of columns beyond ASCII."""

    language: int
    texts: list[Text]


def encoding_of(path: Path, wanted: str | None, declared: str | None, notes: list[Phrase]) -> str:
    """Choose the encoding of a table: as told, else by all that speaks for one.

    ``declared`` is what the .cpg file says.

    Raises:
        FileRefusedError: it cannot be settled
        InvalidInputError: there is no encoding of the name ``wanted``
    """
    table = read(path)
    if wanted is not None:
        return encoding_choice.check(canonical(wanted), table.texts)
    said: dict[str, float] = {}
    by_byte = _LANGUAGES.get(table.language)
    if by_byte is not None:
        is_default = table.language in _DEFAULTS
        said[by_byte] = (
            encoding_choice.SAID_BY_DEFAULT if is_default else encoding_choice.SAID_BY_BYTE
        )
    by_file = _declared(declared, notes)
    if by_file is not None:
        said[by_file] = said.get(by_file, 0.0) + encoding_choice.SAID_BY_FILE
    found = encoding_choice.choose(table.texts, said)
    if table.texts:
        notes += _notes(found, by_file, declared, by_byte, table.language)
    return found


def _declared(declared: str | None, notes: list[Phrase]) -> str | None:
    """Return what a .cpg file says; also "LDID/77", as some programs write the language byte."""
    if declared is None:
        return None
    head, _, number = declared.partition("/")
    if head.strip().upper() == "LDID" and number.strip().isdecimal():
        return _LANGUAGES.get(int(number))
    try:
        found = canonical(declared)
    except InvalidInputError:
        notes.append(
            Phrase(
                "The .cpg file says {encoding}, which is no encoding that is known.",
                {"encoding": declared},
            )
        )
        return None
    return plain(found)


def _notes(
    found: str, by_file: str | None, declared: str | None, by_byte: str | None, language: int
) -> list[Phrase]:
    """Say by what the encoding was taken, unless the .cpg file says the same."""
    if plain(found) == by_file:
        return []
    shown = {"encoding": SHOWN.get(found, found), "byte": f"0x{language:02X}"}
    notes: list[Phrase] = []
    if by_file is not None:
        data = {"encoding": declared}
        notes.append(Phrase("The .cpg file says {encoding}, but the text is not in it.", data))
    if plain(found) == by_byte:
        text = "The text was read as {encoding}, as the language byte of the table ({byte}) says."
        return [*notes, Phrase(text, shown)]
    if by_byte is not None and language not in _DEFAULTS:
        data = {"byte": shown["byte"], "encoding": SHOWN.get(by_byte, by_byte.upper())}
        text = "The language byte of the table ({byte}) says {encoding}, but the text is not in it."
        notes.append(Phrase(text, data))
    if by_file is None and declared is None and by_byte is None:
        text = "No .cpg file says the encoding: the text was taken for {encoding}."
        return [*notes, Phrase(text, shown)]
    return [*notes, Phrase("The text was taken for {encoding} by its look.", shown)]


def read(path: Path) -> Table:
    """Return the language byte and the texts of a whole table, each text once.

    Raises:
        FileRefusedError: the table is cut off
    """
    with path.open("rb") as file:
        head = file.read(32)
        if len(head) < 32:
            raise FileRefusedError("truncated", "The .dbf file is cut off.")
        count, start, width = struct.unpack("<IHH", head[4:12])
        fields = file.read(max(start - 33, 0))
        found: dict[Text, None] = {}
        layout: list[tuple[int, int]] = []
        offset = 1
        for at in range(0, len(fields) - 31, 32):
            name = fields[at : at + 11].split(b"\x00")[0]
            if not name.isascii():
                found[Text(name, is_full=len(name) >= 10)] = None
            if fields[at + 11 : at + 12] == b"C":
                layout.append((offset, fields[at + 16]))
            offset += fields[at + 16]
        file.seek(start)
        at_once = max(1, _BYTES_AT_ONCE // max(width, 1))
        while count > 0 and width > 0 and len(found) < _MOST:
            block = file.read(min(count, at_once) * width)
            if len(block) < width:
                break
            count -= at_once
            _add_texts(found, block, width, layout)
    return Table(head[29], list(found))


def _add_texts(
    found: dict[Text, None], block: bytes, width: int, layout: list[tuple[int, int]]
) -> None:
    """Add the texts beyond ASCII of some rows."""
    rows = np.frombuffer(block, dtype=np.uint8)[: len(block) // width * width].reshape(-1, width)
    for at, size in layout:
        cells = rows[:, at : at + size]
        for row in np.flatnonzero((cells >= 0x80).any(axis=1)):
            raw = cells[row].tobytes()
            found[Text(raw.rstrip(b" \x00"), is_full=raw[-1:] not in {b" ", b"\x00"})] = None
