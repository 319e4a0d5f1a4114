"""A page of HTML that holds all that it shows, as PDF.

Loading WeasyPrint and its fonts takes a second: imported where a document is asked for, not at the
start of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher


class Nothing(URLFetcher):
    """Whatever a document asks for is refused: no file, no host."""

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        """Raise FatalURLFetchingError, which ends the making of the document."""
        raise FatalURLFetchingError(f"a document asked for {url[:60]!r}")


def pdf(page: str) -> bytes:
    """Return a page as PDF, with the fonts' letters that it uses and tags for screen readers."""
    document = HTML(string=page, url_fetcher=Nothing()).write_pdf(pdf_tags=True)
    assert document is not None
    return document
