"""The picture of a report: its first page as PDF makes it, by poppler's pdftoppm."""

from __future__ import annotations

import io
import subprocess
import urllib.request
from pathlib import Path

from PIL import Image

# Of A4 upright at this resolution, a page fills a column of the guide.
_DPI = 90
_QUALITY = 82


def take(server: str, grid_id: int, language: str, path: Path) -> None:
    """Write the first page of a town's report on clinics as WebP."""
    address = f"{server}reports/coverage.pdf?grid={grid_id}&kind=clinic&lang={language}"
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
        document = answer.read()
    page = subprocess.run(
        ["pdftoppm", "-r", str(_DPI), "-f", "1", "-l", "1", "-png", "-"],
        input=document,
        capture_output=True,
        check=True,
    ).stdout
    Image.open(io.BytesIO(page)).convert("RGB").save(path, "WEBP", quality=_QUALITY)
