"""The web's own defences that hold for every answer."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g

from webmap import basemap


def init_app(app: Flask) -> None:
    """Send a content security policy with a nonce of this request, and its companions."""
    foreign = " ".join(basemap.csp_sources(app))

    @app.before_request
    def choose_nonce() -> None:  # pyright: ignore[reportUnusedFunction]
        g.csp_nonce = secrets.token_urlsafe(16)

    @app.after_request
    def add_headers(response: Response) -> Response:  # pyright: ignore[reportUnusedFunction]
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        if response.mimetype == "text/html":
            headers["Content-Security-Policy"] = (
                "default-src 'self'; "
                f"script-src 'self' 'nonce-{g.csp_nonce}'; "
                f"style-src 'self' 'nonce-{g.csp_nonce}'; "
                f"img-src 'self' data: blob: {foreign}; "
                f"connect-src 'self' {foreign}; "
                "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            )
            headers["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=()"
        return response
