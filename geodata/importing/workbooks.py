"""What a workbook says of itself that its reader does not hand on. In the limited process only."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

_PART = "xl/workbook.xml"
_DATE_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*[\"'](?:1|true)[\"']")


def counts_from_1904(path: Path) -> bool:
    """Whether numbers of days in a workbook begin in 1904, as Excel on old Macs did.

    It matters where a cell is not formatted as a date: there the reader leaves the number. Only
    .xlsx says it where it can be read cheaply.
    """
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as packed:
        if _PART not in packed.namelist():
            return False
        with packed.open(_PART) as part:
            return _DATE_1904.search(part.read(1 << 20)) is not None
