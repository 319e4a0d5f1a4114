"""Parts of the side panel, as they are answered."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template

from webmap.core import kept


def fragment(template: str, **context: Any) -> Response:
    """Answer with a part of the panel, in the reader's language and with what is theirs to see."""
    return kept.keep(kept.make_private(make_response(render_template(template, **context))))
