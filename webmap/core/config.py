"""Settings of the web application, read once from the environment."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geodata.accounts import sessions
from geodata.database import clock
from geodata.errors import SetupError
from geodata.installation.home import make_home
from webmap.core import hosts
from webmap.core.hosts import Hosts

if TYPE_CHECKING:
    from flask import Flask

DEFAULT_HOME = Path(__file__).resolve().parents[2] / "var"
_KEY_LENGTH = 32
# Who reads or changes a provider's answers on their way decides who signs in: nothing but HTTPS.
_ISSUER = re.compile(
    r"(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?(/[^\s?#]*)?"
)


# A file that a plan is drawn by, sent as it is.
LARGEST_FILE = 32 << 20
FILE_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who signs people in for us by OpenID Connect; ``claim`` holds an account's user name."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str = ""
    claim: str = "preferred_username"


def load(app: Flask, overrides: Mapping[str, object]) -> None:
    """Fill ``app.config``.

    Raises SetupError if no database is named, or a setting makes no sense.
    """
    home = Path(os.environ.get("GRIDMAP_HOME") or DEFAULT_HOME)
    app.config.from_mapping(
        **_environment(),
        HOME=home,
        DATABASE_URL=os.environ.get("GRIDMAP_DATABASE_URL"),
        MAX_CONTENT_LENGTH=1024 * 1024,
        # Set by scripts/run: nginx in front of us says who asks.
        IS_BEHIND_FRONT=os.environ.get("GRIDMAP_BEHIND_FRONT") == "1",
        PERMANENT_SESSION_LIFETIME=sessions.KEPT,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        # As long as the session; which ends on the server.
        WTF_CSRF_TIME_LIMIT=None,
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/javascript",
            "application/json",
            "application/geo+json",
            "application/problem+json",
            "application/vnd.mapbox-vector-tile",
            "image/svg+xml",
        ],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_LEVEL=5,
        COMPRESS_MIN_SIZE=500,
        COMPRESS_STREAMS=False,
    )
    app.config.from_mapping(dict(overrides))
    if not app.config["DATABASE_URL"]:
        raise SetupError(
            "No database is named.",
            hint="Start the map with ./scripts/run, or set GRIDMAP_DATABASE_URL.",
        )
    app.config["SECRET_KEY"] = app.config.get("SECRET_KEY") or secret_key(home)
    # Cookies do not tell ports apart: two instances on one host would sign each other out.
    instance = hashlib.sha256(app.config["SECRET_KEY"].encode()).hexdigest()[:8]
    app.config["SESSION_COOKIE_NAME"] = f"gridmap_{instance}"


def check() -> None:
    """Raise SetupError if a setting of the web server makes no sense; nothing is made by it."""
    _environment()
    _given_key()
    workers()


def workers() -> int:
    """Return how many processes of the web server there are: one a core, unless set otherwise."""
    return _number("GRIDMAP_WORKERS", min(os.cpu_count() or 2, 4), least=1)


def secret_key(home: Path) -> str:
    """Return what signs cookies: GRIDMAP_SECRET_KEY, else the home's own, made when it is missing.

    Raises SetupError if it is too short to keep anything, or cannot be kept.
    """
    if given := _given_key():
        return given
    path = home / "secret-key"
    try:
        make_home(home)
        unfinished = home / f"secret-key.{secrets.token_hex(8)}"
        if not path.exists():
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
            try:
                # Whichever comes first: all workers and commands have one key.
                os.link(unfinished, path)
            except FileExistsError:
                pass
            finally:
                unfinished.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise SetupError(
            "{path} cannot be written: {reason}.", path=path, reason=error.strerror
        ) from error


def _environment() -> dict[str, Any]:
    """Read what needs neither a home nor a database. Raises SetupError."""
    return {
        "POOL_SIZE": _number("GRIDMAP_POOL_SIZE", 8, least=1),
        "TIMEZONE": clock.zone(),
        "PROXIES": proxies(),
        "FRAME_ANCESTORS": _origins("GRIDMAP_FRAME_ANCESTORS"),
        "ALLOWED_HOSTS": _hosts("GRIDMAP_ALLOWED_HOSTS"),
        "OIDC": _provider(),
    }


def proxies() -> int:
    """Return how many reverse proxies GRIDMAP_PROXIES says stand in front of us."""
    return _number("GRIDMAP_PROXIES", 0)


def _given_key() -> str | None:
    given = os.environ.get("GRIDMAP_SECRET_KEY")
    if given and len(given) < _KEY_LENGTH:
        raise SetupError(
            "GRIDMAP_SECRET_KEY is too short.",
            hint="Use {n} random characters or more.",
            n=_KEY_LENGTH,
        )
    return given or None


def _number(name: str, default: int, *, least: int = 0) -> int:
    text = os.environ.get(name) or str(default)
    if not re.fullmatch("[0-9]{1,2}", text) or int(text) < least:
        raise SetupError(
            "{name} is “{value}”: it must be a number from {least} to 99.",
            name=name,
            value=text[:40],
            least=least,
        )
    return int(text)


def _hosts(name: str) -> Hosts:
    text = os.environ.get(name) or ""
    try:
        if text.strip():
            return hosts.read(text)
    except ValueError as error:
        raise SetupError(
            "{name} holds “{value}”, which is not the name of a host.",
            hint="It looks like map.example.gov.cn, without a port, or .example.gov.cn with all"
            " names below it; several are parted by spaces.",
            name=name,
            value=str(error)[:80],
        ) from None
    return hosts.of_this_machine(os.environ.get("GRIDMAP_LISTENING_ON") or "")


def _origins(name: str) -> tuple[str, ...]:
    origins = tuple((os.environ.get(name) or "").split())
    for origin in origins:
        # Anything else would be read as another directive of the policy, or as everybody.
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin):
            raise SetupError(
                "{name} holds “{value}”, which is not the address of a site.",
                hint="It looks like https://portal.example.gov.cn; several are parted by spaces.",
                name=name,
                value=origin[:80],
            )
    return origins


def _provider() -> Provider | None:
    """Read the provider of single sign-on, None if there is none."""
    prefix = "GRIDMAP_OIDC_"
    given = {
        key: value.strip()
        for key in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "NAME", "CLAIM")
        if (value := os.environ.get(prefix + key))
    }
    if not given:
        return None
    needed = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")
    if missing := [prefix + key for key in needed if not given.get(key)]:
        raise SetupError(
            "Single sign-on is configured by halves: {names} is missing.",
            hint="Set {prefix}ISSUER, {prefix}CLIENT_ID and {prefix}CLIENT_SECRET, or none.",
            names=missing,
            prefix=prefix,
        )
    if not _ISSUER.fullmatch(given["ISSUER"]):
        raise SetupError(
            "{name} is “{value}”, which is not the address of a provider.",
            hint="It looks like https://sso.example.gov.cn/realms/county; only on this machine may"
            " it begin with http.",
            name=prefix + "ISSUER",
            value=given["ISSUER"][:80],
        )
    claim = given.get("CLAIM") or "preferred_username"
    if not re.fullmatch(r"[A-Za-z0-9_.:/-]{1,100}", claim):
        raise SetupError(
            "{name} is “{value}”, which is not the name of a claim.",
            hint="It looks like preferred_username.",
            name=prefix + "CLAIM",
            value=claim[:40],
        )
    return Provider(
        given["ISSUER"], given["CLIENT_ID"], given["CLIENT_SECRET"], given.get("NAME", ""), claim
    )
