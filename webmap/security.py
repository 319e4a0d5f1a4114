"""The web's own defences that hold for every answer."""

from __future__ import annotations

import secrets

from flask import Flask, Request, Response, g
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from webmap import basemap


def nonce() -> str:
    """Return this request's nonce for scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return g.csp_nonce


class _Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies; whoever brings none costs no cryptography, and most are tiles."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


def init_app(app: Flask) -> None:
    """Send a content security policy with a nonce of this request, and its companions."""
    app.session_interface = _Sessions()
    app.add_template_global(nonce, "csp_nonce")
    foreign = " ".join(basemap.csp_sources(app))

    @app.after_request
    def add_headers(response: Response) -> Response:  # pyright: ignore[reportUnusedFunction]
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        if response.mimetype == "text/html":
            headers["Content-Security-Policy"] = (
                "default-src 'self'; "
                f"script-src 'self' 'nonce-{nonce()}'; "
                f"style-src 'self' 'nonce-{nonce()}'; "
                f"img-src 'self' data: blob: {foreign}; "
                f"connect-src 'self' {foreign}; "
                "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            )
            headers["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=()"
        return response
