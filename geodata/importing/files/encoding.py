"""Names of encodings, reading bytes in them, and telling text that was read in the wrong one."""

from __future__ import annotations

import codecs
import re
from typing import Final

from geodata.errors import InvalidInputError
from geodata.importing.files.likelihood import CHINESE, UNICODE, of_text

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# Names under which county data says what it is, and what Python calls them, both without spaces
# and signs. GB18030 contains GB2312 and GBK, so it reads all three.
_NAMES: Final = {
    **dict.fromkeys(("gbk", "gb2312", "gb231280", "euccn", "gb18030", "xgbk", "936"), "gb18030"),
    **dict.fromkeys(("54936", "20936", "ms936", "cn936", "chinese"), "gb18030"),
    **dict.fromkeys(("big5", "big5eten", "xbig5", "950", "ms950", "cn950"), "cp950"),
    **dict.fromkeys(("big5hkscs", "hkscs", "951", "ms951"), "big5hkscs"),
    **dict.fromkeys(("utf8", "utf8sig", "utf8bom", "65001", "unicode11utf8"), "utf-8"),
    **dict.fromkeys(("shiftjis", "sjis", "xsjis", "932", "ms932", "windows31j"), "cp932"),
    **dict.fromkeys(("euckr", "uhc", "949", "ms949", "ksc5601", "ksc56011987"), "cp949"),
    **dict.fromkeys(("latin1", "iso88591", "88591", "28591", "819"), "latin-1"),
    **dict.fromkeys(("iso885915", "885915", "28605"), "iso8859-15"),
}
_PREFIX: Final = re.compile(r"^(?:ansi|oem|cp|codepage|windows|win|ibm|ldid)(?=\d)")
# What Python calls encodings but is none of bytes in a table: it would say nothing of the text.
_NO_TEXT: Final = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
# Characters that GB18030 of 2000 had no place for in Unicode, and that of 2022 has.
_SINCE_FOUND: Final = str.maketrans({
    0xE7C7: 0x1E3F, 0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4,
    0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE831: 0x215D7, 0xE832: 0x9FB8,
    0xE83B: 0x2298F, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE855: 0x241FE, 0xE864: 0x9FBB,
})  # fmt: skip
# In what texts are mistakenly read, and in what they are; a name is broken if it is likelier by
# that much in the latter.
_MISTAKES: Final = (
    ("gb18030", "utf-8", CHINESE),
    ("gb18030", "cp950", CHINESE),
    ("cp950", "gb18030", CHINESE),
    ("big5hkscs", "gb18030", CHINESE),
    ("latin-1", "cp950", CHINESE),
    ("cp1252", "cp950", CHINESE),
)
_CLEAR: Final = 12.0
# The longest character of any of them is four bytes long.
_LONGEST_REST: Final = 3

SHOWN: Final = {
    "gb18030": "GBK (GB18030)",
    "cp950": "Big5",
    "big5hkscs": "Big5 (HKSCS)",
    "utf-8": "UTF-8",
    "latin-1": "Latin-1",
    "cp1252": "Windows-1252",
    "cp932": "Shift-JIS",
    "cp949": "EUC-KR",
}
# What to give as --encoding for each.
OPTIONS: Final = {"gb18030": "gbk", "cp950": "big5", "big5hkscs": "big5-hkscs"}


def canonical(name: str) -> str:
    """Return Python's name of an encoding as people write it: "65001", "GBK", "ANSI 1252".

    Raises:
        InvalidInputError: no such encoding
    """
    wanted = re.sub(r"[\s_.:/()-]+", "", name.strip("\ufeff\x00 \t\r\n\"'").lower())
    number = _PREFIX.sub("", wanted)
    if found := _NAMES.get(wanted) or _NAMES.get(number):
        return found
    tried = [name.strip(), wanted, f"cp{number}" if number.isdecimal() else number]
    for each in tried:
        try:
            found = codecs.lookup(each).name
            b"ab".decode(found)
        # Also for what turns bytes into bytes, such as hex.
        except (LookupError, ValueError):
            continue
        if found not in _NO_TEXT:
            return found
    raise InvalidInputError(
        "There is no encoding called {name}.", hint="Try utf-8, gbk or big5.", name=name
    )


def decode(raw: bytes, encoding: str) -> tuple[str, int] | None:
    """Return bytes as text and how many at their end are half a character; None if they are none.

    A column or a program that counts bytes cuts a character in half: that is no fault of the
    encoding.
    """
    for rest in range(_LONGEST_REST + 1):
        if rest >= len(raw) and rest:
            return None
        try:
            text = raw[: len(raw) - rest].decode(encoding)
        except UnicodeDecodeError:
            continue
        # A rest that is a whole text by itself, or cannot begin a character, was not cut off.
        if rest and not _is_begun(raw[len(raw) - rest :], encoding):
            return None
        return (text.translate(_SINCE_FOUND) if encoding == "gb18030" else text), rest
    return None


def _is_begun(rest: bytes, encoding: str) -> bool:
    """Whether bytes are the beginning of a character."""
    try:
        return not codecs.getincrementaldecoder(encoding)("strict").decode(rest, final=False)
    except UnicodeDecodeError:
        return False


def broken(text: str) -> str | None:
    """Return the encoding in which a text was meant, "?" if it is lost, None if it looks right.

    Recognises UTF-8 read as Latin-1 or as GBK, GBK and Big5 read as Latin-1 or as each other, and
    replacement characters.
    """
    if "�" in text or "??" in text:
        return "?"
    if text.isascii():
        return None
    for wrong in ("cp1252", "latin-1"):
        raw = _encoded(text, wrong)
        if raw is None:
            continue
        if _decodes(raw, "utf-8"):
            return "utf-8"
        runs = _HIGH_RUN.findall(raw)
        is_paired = all(len(run) % 2 == 0 and len(run) >= 2 for run in runs)
        if is_paired and _decodes(raw, "gb2312"):
            return "gbk"
    return _meant(text) or ("?" if any("\ue000" <= each <= "\uf8ff" for each in text) else None)


def _meant(text: str) -> str | None:
    """Return the encoding that a text was in, where another reading of it is clearly likelier."""
    cost = of_text(text, UNICODE)
    for wrong, right, model in _MISTAKES:
        raw = _encoded(text, wrong)
        found = decode(raw, right) if raw is not None else None
        if found is not None and cost - of_text(found[0], model) > _CLEAR:
            return OPTIONS.get(right, right)
    return None


def _encoded(text: str, encoding: str) -> bytes | None:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return None


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
