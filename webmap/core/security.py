"""The web's own defences that hold for every answer."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Request, Response, abort, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from webmap.core import access, basemap, config
from webmap.core.hosts import Hosts, MisdirectedError


def nonce() -> str:
    """Return this request's nonce for scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return g.csp_nonce


class _Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies, which public paths neither read nor write."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if access.is_public(request.path) or self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not access.is_public(request.path):
            super().save_session(app, session, response)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Over HTTPS the cookie never travels without it."""
        return request.is_secure


class _Number(IntegerConverter):
    """A number in an address, as large as the database counts: what is larger is not there.

    In ASCII digits alone: Python takes those of every script, by which an address would be another
    than the tables of ``webmap.core.access`` know.
    """

    regex = "[0-9]+"

    def __init__(self, url_map: Map, max: int = 2**63 - 1, **options: Any) -> None:
        super().__init__(url_map, max=max, **options)


def init_app(app: Flask) -> None:
    """Send a content security policy with a nonce of this request, and its companions.

    Behind reverse proxies, as many as are configured are believed what they say of the reader's
    address, of the scheme and of the host; what anybody else says of them is not. Our own front
    tells the address alone.
    """
    proxies = app.config["PROXIES"]
    if named := proxies + app.config["IS_BEHIND_FRONT"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=named, x_proto=proxies, x_host=proxies)
    hosts: Hosts = app.config["ALLOWED_HOSTS"]

    @app.before_request
    def refuse_foreign_hosts() -> None:  # pyright: ignore[reportUnusedFunction]
        # A load balancer asks by an address of its own whether the map lives.
        if request.blueprint != "health" and not hosts.allows(request.host):
            raise MisdirectedError(
                "This map is not reached as “{host}”.",
                hint="Who runs it can allow that name in GRIDMAP_ALLOWED_HOSTS.",
                host=request.host[:100],
            )

    app.session_interface = _Sessions()
    app.url_map.converters["int"] = _Number

    @app.before_request
    def let_files_in() -> None:  # pyright: ignore[reportUnusedFunction]
        # Before anybody asks for the form, which a file is not: it is read when its turn comes.
        if request.mimetype == config.FILE_TYPE and request.endpoint == "references.add":
            request.max_content_length = config.LARGEST_FILE

    CSRFProtect(app)
    app.add_template_global(nonce, "csp_nonce")
    foreign = " ".join(basemap.csp_sources(app))
    framed_by = " ".join(app.config["FRAME_ANCESTORS"]) or "'none'"

    @app.before_request
    def refuse_nul() -> None:  # pyright: ignore[reportUnusedFunction]
        # No text that the database keeps or compares holds this character.
        form = request.form.values() if request.method == "POST" else ()
        if "\0" in request.path or any("\0" in text for text in (*request.args.values(), *form)):
            abort(400)

    @app.after_request
    def add_headers(response: Response) -> Response:  # pyright: ignore[reportUnusedFunction]
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        if "Cache-Control" not in headers and not access.is_public(request.path):
            # A cache may keep for a while what says nothing; this may be somebody's own.
            headers["Cache-Control"] = "no-store"
        if response.mimetype == "text/html":
            headers["Content-Security-Policy"] = (
                "default-src 'self'; "
                f"script-src 'self' 'nonce-{nonce()}'; "
                f"style-src 'self' 'nonce-{nonce()}'; "
                f"img-src 'self' data: blob: {foreign}; "
                f"connect-src 'self' {foreign}; "
                "object-src 'none'; base-uri 'none'; form-action 'self'; "
                f"frame-ancestors {framed_by}"
            )
            headers["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=()"
        return response
