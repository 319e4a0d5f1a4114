"""The provider of single sign-on: where it sends readers back to, and whom it vouches for.

Authlib checks state, nonce and the ID token's signature, issuer, audience and expiry.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, abort, current_app, g, request, session
from flask_babel import gettext as _
from joserfc.errors import JoseError

from webmap.core.config import Provider

_KEY = "gridmap_sso"
_NAME = "sso"
_TIMEOUT_S = 5
# A provider that does not answer is not asked by every visitor: each would hold a thread.
_PAUSE_S = 5.0
_LEEWAY_S = 60
# Signed by the provider's private key: with a shared secret, anyone who can check could also sign.
_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)


class RefusedError(Exception):
    """Nobody is signed in; the text is for the reader."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for; ``username`` is None where it tells none."""

    issuer: str
    subject: str
    username: str | None


def init_app(app: Flask) -> None:
    """Prepare the provider of the configuration, if there is one; nobody is asked yet."""
    provider: Provider | None = app.config["OIDC"]
    if provider is None:
        return
    app.extensions[_KEY] = OAuth(app).register(
        _NAME,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": _TIMEOUT_S,
        },
    )


def configured() -> Provider:
    """Return the provider of the configuration; there is nothing here without one."""
    provider: Provider | None = current_app.config["OIDC"]
    if provider is None:
        abort(404)
    return provider


def name() -> str:
    """Return what people call the provider."""
    return configured().name or _("single sign-on")


def send_to(address: str) -> Response:
    """Send the reader there; they come back to ``address``. Raises RefusedError."""
    forget_begun()
    client = _read_discovery()
    try:
        response: Response = client.authorize_redirect(address)
    except RuntimeError as error:
        _note("names no address to send readers to", error)
        raise RefusedError(_untrusted()) from error
    return response


def vouched() -> Vouched:
    """Take the answer with which the reader comes back. Raises RefusedError."""
    provider = configured()
    if request.args.get("error") == "access_denied":
        raise RefusedError(
            _("You cancelled the sign-in at “%(name)s”. Nothing was changed.", name=name())
        )
    client = _read_discovery()
    try:
        token = client.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "value": client.server_metadata["issuer"]},
                "aud": {"essential": True, "value": provider.client_id},
            },
            leeway=_LEEWAY_S,
        )
        claims = token.get("userinfo") or {}
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject.isprintable() or not 0 < len(subject) < 256:
            _note("sent no ID token, or one without a subject")
            raise RefusedError(_untrusted())
        if claims.get(provider.claim) is None and client.server_metadata.get("userinfo_endpoint"):
            more = client.userinfo(token=token)
            # Anyone who answers for another person is not believed (section 5.3.2).
            claims = more if more.get("sub") == subject else claims
    except MismatchingStateError as error:
        raise RefusedError(
            _("This sign-in took too long or has already ended. Please start again.")
        ) from error
    except requests.RequestException as error:
        _note("does not answer", error)
        raise RefusedError(_unreachable()) from error
    except OAuthError as error:
        _note("refused", error)
        raise RefusedError(
            _(
                "The service “%(name)s” did not let you in. Tell your administrator: request"
                " %(request_id)s.",
                name=name(),
                request_id=g.request_id,
            )
        ) from error
    except (JoseError, ValueError, TypeError, KeyError, RuntimeError) as error:
        # Its keys may have changed: they are read again the next time.
        client.server_metadata.pop("jwks", None)
        _note("sent what cannot be trusted", error)
        raise RefusedError(_untrusted()) from error
    return Vouched(client.server_metadata["issuer"], subject, _username(claims, provider.claim))


def forget_begun() -> None:
    """Leave nothing of what was begun earlier: the cookie has little room."""
    for key in [key for key in session if key.startswith(f"_state_{_NAME}_")]:
        session.pop(key)


def _read_discovery() -> Any:
    """Return Authlib's client, which knows the provider's discovery document from its first use.

    Raises RefusedError if the document cannot be read, or is another provider's.
    """
    provider = configured()
    client = current_app.extensions[_KEY]
    if time.monotonic() < client.server_metadata.get("_asked_again_at", 0.0):
        raise RefusedError(_unreachable())
    try:
        metadata = client.load_server_metadata()
    except (requests.RequestException, ValueError, TypeError) as error:
        client.server_metadata["_asked_again_at"] = time.monotonic() + _PAUSE_S
        _note("cannot be read", error)
        raise RefusedError(_unreachable()) from error
    issuer = metadata.get("issuer")
    # Some are written with a slash at their end; anything else is another provider.
    if not isinstance(issuer, str) or issuer.rstrip("/") != provider.issuer.rstrip("/"):
        # Asked again the next time: the provider may be put right without a restart here.
        metadata.pop("_loaded_at", None)
        _note(f"calls itself {str(issuer)[:200]!r}, not {provider.issuer!r}")
        raise RefusedError(_untrusted())
    offered = metadata.get("id_token_signing_alg_values_supported") or []
    # RS256 is the one that every provider has.
    metadata["id_token_signing_alg_values_supported"] = [
        algorithm for algorithm in offered if algorithm in _ALGORITHMS
    ] or ["RS256"]
    return client


def _username(claims: Mapping[str, Any], claim: str) -> str | None:
    value = claims.get(claim)
    # An address that nobody checked is anybody's.
    if claim == "email" and claims.get("email_verified") is not True:
        return None
    if not isinstance(value, str) or not value.isprintable():
        return None
    return value.strip() or None


def _unreachable() -> str:
    return _(
        "The service “%(name)s” cannot be reached at the moment. Try again in a few minutes.",
        name=name(),
    )


def _untrusted() -> str:
    return _(
        "The answer of “%(name)s” could not be verified. Tell your administrator: request"
        " %(request_id)s.",
        name=name(),
        request_id=g.request_id,
    )


def _note(what: str, error: Exception | None = None) -> None:
    """Tell the log what the reader is not told; never a token or a code."""
    reason = f": {type(error).__name__} {str(error)[:300]!r}" if error else ""
    current_app.logger.warning("request %s: the provider %s%s", g.request_id, what, reason)
