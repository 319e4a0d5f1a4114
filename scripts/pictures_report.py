"""Pictures of papers: a page of a PDF that the panel offers, by poppler's pdftoppm."""

from __future__ import annotations

import io
import subprocess
from urllib.parse import urljoin

from PIL import Image
from playwright.sync_api import Page

# Of A4 upright at this resolution, a page fills a column of the guide.
_DPI = 90
_QUALITY = 82


def taken(page: Page, number: int) -> bytes:
    """Return a page of the paper that the panel offers to take to the meeting, as WebP."""
    address = page.locator(".take a.primary").get_attribute("href")
    assert address
    answer = page.request.get(urljoin(page.url, address), timeout=120_000)
    image = subprocess.run(
        ["pdftoppm", "-r", str(_DPI), "-f", str(number), "-l", str(number), "-png", "-"],
        input=answer.body(),
        capture_output=True,
        check=True,
    ).stdout
    written = io.BytesIO()
    Image.open(io.BytesIO(image)).convert("RGB").save(written, "WEBP", quality=_QUALITY)
    return written.getvalue()
