"""A real provider of single sign-on for tests, which can be told to lie."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import flask
import requests
import werkzeug.serving
from joserfc import jwt
from joserfc.jwk import RSAKey

with warnings.catch_warnings():
    # Switches its own warnings on as it is imported; the provider uses Authlib's older half.
    import authlib.deprecate  # noqa: F401

    warnings.simplefilter("ignore")
    import oidc_provider_mock


@dataclass
class Provider:
    """A running provider. ``lie`` changes an ID token's claims, ``sign`` what it is signed with."""

    issuer: str
    lie: Callable[[dict[str, Any]], None] | None = None
    sign: str = "right"
    discovery: dict[str, Any] = field(default_factory=dict[str, Any])
    token_requests: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def know(self, subject: str, **claims: object) -> None:
        """Give a person these claims."""
        told: dict[str, Any] = claims
        answer = requests.put(f"{self.issuer}/users/{subject}", json=told, timeout=10)
        answer.raise_for_status()

    def consent(self, address: str, subject: str) -> str:
        """Sign a person in at the address that the browser was sent to; return where it is sent."""
        answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def deny(self, address: str) -> str:
        """Cancel there; return where the browser is sent."""
        answer = requests.post(address, data={"action": "deny"}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]


@contextmanager
def running() -> Iterator[Provider]:
    """Run a provider on a free port until the block ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = oidc_provider_mock.app(require_nonce=True)
    provider = Provider("")

    @app.before_request
    def note() -> None:
        if flask.request.path == "/oauth2/token":
            provider.token_requests.append(flask.request.form.to_dict())

    @app.after_request
    def change(response: flask.Response) -> flask.Response:
        if flask.request.path.startswith("/.well-known/") and provider.discovery:
            response.set_data(json.dumps({**response.get_json(), **provider.discovery}))
        if flask.request.path == "/oauth2/token" and response.status_code == 200:
            body = response.get_json()
            body["id_token"] = _changed(provider, body["id_token"])
            if provider.sign == "nothing":
                del body["id_token"]
            response.set_data(json.dumps(body))
        return response

    server = werkzeug.serving.make_server("localhost", 0, app, threaded=True)
    provider.issuer = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _changed(provider: Provider, token: str) -> str:
    claims = json.loads(_decoded(token.split(".")[1]))
    header = json.loads(_decoded(token.split(".")[0]))
    if provider.lie:
        provider.lie(claims)
    own = flask.g.oidc_provider_mock_storage.jwk
    if provider.sign == "none":
        body = ".".join(_encoded(json.dumps(part)) for part in ({"alg": "none"}, claims))
        return f"{body}."
    if provider.sign == "secret":
        # Signed with what everybody knows: the public key, taken for a shared secret.
        public = RSAKey.import_key(own.as_dict(is_private=False)).as_pem(private=False)
        body = ".".join(_encoded(json.dumps(part)) for part in ({**header, "alg": "HS256"}, claims))
        mac = hmac.new(public, body.encode(), hashlib.sha256).digest()
        return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    if provider.sign == "stranger":
        return jwt.encode(header, claims, RSAKey.generate_key(2048))
    return jwt.encode(header, claims, RSAKey.import_key(own.as_dict(is_private=True)))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
