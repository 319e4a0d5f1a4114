"""Which base map an administrator has chosen: basemap.toml and GRIDMAP_BASEMAP_*.

Without either there is none, or the offline one where it has been made: a foreign host is asked
only when somebody has named it here.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import quote, urlencode, urlsplit

from geodata.errors import InvalidInputError, SetupError
from geodata.frames import FRAMES, Frame
from geodata.language.phrases import Phrase

Kind = Literal["none", "offline", "xyz", "wmts"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Labels = Literal["all", "roads", "none"]

FILE_NAME = "basemap.toml"
ARCHIVE_NAME = "basemap.pmtiles"
ENVIRONMENT_PREFIX = "GRIDMAP_BASEMAP_"
MAX_ZOOM = 22

# What Leaflet fills in, and what we fill in before it.
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LEAFLET = {"z", "x", "y", "-y", "s", "r"}
_WMTS_NAMES = {"TileMatrix": "{z}", "TileRow": "{y}", "TileCol": "{x}"}
# Characters that could end a source in a Content-Security-Policy, or a string in a page.
_UNSAFE = re.compile(r"[\s\"'<>;,\\`]")
# The matrix sets of WMTS services in geographic coordinates; ours is the square one of the web.
_GEOGRAPHIC_SET = re.compile(r"(?:^c$|4326|4490|CRS84|GoogleCRS84)", re.IGNORECASE)
_TIANDITU_C = re.compile(r"tianditu\.gov\.cn/(?:\w+_c/|.*[?&]t=\w+_c\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BaseMap:
    """A base map as configured.

    ``url`` and ``labels_url`` are templates: {z} {x} {y} of the XYZ scheme ({-y} counts from the
    south), {s} one of ``subdomains``, {r} "@2x" on fine screens, {key} the service's key. ``frame``
    is the frame the service's tiles are drawn in. ``muted`` fades the map behind the territory.
    """

    kind: Kind = "none"
    url: str = ""
    labels_url: str = ""
    key: str = ""
    subdomains: str = ""
    attribution: str = ""
    attribution_url: str = ""
    frame: Frame = "wgs84"
    min_zoom: int = 0
    max_zoom: int = 18
    muted: bool = True
    labels: Labels = "all"
    layer: str = ""
    labels_layer: str = ""
    style: str = "default"
    matrix_set: str = "w"
    matrix: str = "{z}"
    format: str = "tiles"

    def templates(self) -> tuple[str, ...]:
        """Return the XYZ templates with the key filled in: the map first, then its labels."""
        pairs = ((self.url, self.layer), (self.labels_url, self.labels_layer))
        if self.kind == "wmts":
            found = [self._wmts(url or self.url, layer) for url, layer in pairs if url or layer]
        else:
            found = [url for url, _ in pairs if url]
        return tuple(url.replace("{key}", quote(self.key, safe="")) for url in found)

    def hosts(self) -> tuple[str, ...]:
        """Return the foreign origins that the browser will ask, one per subdomain."""
        if self.kind not in ("xyz", "wmts"):
            return ()
        origins: list[str] = []
        for template in self.templates():
            parts = urlsplit(template)
            if not parts.netloc:
                continue
            for subdomain in self.subdomains or "-":
                origin = f"{parts.scheme}://{parts.netloc}".replace("{s}", subdomain)
                if origin not in origins:
                    origins.append(origin)
        return tuple(origins)

    def _wmts(self, url: str, layer: str) -> str:
        """Turn a WMTS address (REST template, KVP template or bare endpoint) into XYZ."""
        if "{z}" in url:
            return url
        if "{TileMatrix}" not in url:
            ask = {
                "SERVICE": "WMTS",
                "REQUEST": "GetTile",
                "VERSION": "1.0.0",
                "LAYER": layer,
                "STYLE": self.style,
                "TILEMATRIXSET": self.matrix_set,
                "FORMAT": self.format,
            }
            url += ("&" if "?" in url else "?") + urlencode(ask)
            url += "&TILEMATRIX={TileMatrix}&TILEROW={TileRow}&TILECOL={TileCol}"
            url += "&tk={key}" if self.key and "{key}" not in url else ""
        url = url.replace("{TileMatrixSet}", self.matrix_set).replace("{Style}", self.style)
        url = url.replace("{style}", self.style).replace("{Layer}", layer)
        url = url.replace("{TileMatrix}", self.matrix)
        for name, ours in _WMTS_NAMES.items():
            url = url.replace(f"{{{name}}}", ours)
        return url


def load(home: Path, environment: Mapping[str, str] | None = None) -> BaseMap:
    """Read the choice from ``home``/basemap.toml, overridden by GRIDMAP_BASEMAP_<NAME>.

    With nothing said it is "offline" where ``home``/basemap.pmtiles lies, else "none".

    Raises:
        SetupError: the file cannot be read or is not TOML.
        InvalidInputError: a value cannot be used; says which and why.
    """
    path = home / FILE_NAME
    values: dict[str, object] = {}
    try:
        values.update(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError("{path} cannot be read: {reason}.", path=path, reason=error) from error
    for field in fields(BaseMap):
        spoken = (os.environ if environment is None else environment).get(
            ENVIRONMENT_PREFIX + field.name.upper()
        )
        if spoken:
            values[field.name] = spoken
    if "kind" not in values and (home / ARCHIVE_NAME).is_file():
        values["kind"] = "offline"
    return make(values)


def make(values: Mapping[str, object]) -> BaseMap:
    """Check values as read from a file, the environment or the command line.

    Raises:
        InvalidInputError: a value cannot be used; says which and why.
    """
    known = {field.name: field for field in fields(BaseMap)}
    checked: dict[str, object] = {}
    for name, value in values.items():
        if name not in known:
            raise InvalidInputError(
                "The base map has no setting {name}.",
                hint="Known are: {known}.",
                name=name,
                known=", ".join(known),
            )
        checked[name] = _typed(name, value, known[name].default)
    base = BaseMap(**cast("dict[str, str]", checked))  # pyright: ignore[reportArgumentType]
    _check(base)
    return base


def save(home: Path, base: BaseMap) -> Path:
    """Write ``home``/basemap.toml, readable by the home's owner only: it may hold a key."""
    standard = asdict(BaseMap())
    lines = ["# Which base map lies under the territory: docs/deployment/basemap.md"]
    for name, value in asdict(base).items():
        if name == "kind" or value != standard[name]:
            # A JSON string, number or boolean is a TOML one too.
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    home.mkdir(parents=True, exist_ok=True)
    path, fresh = home / FILE_NAME, home / f".{FILE_NAME}.{os.getpid()}"
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as stream:
        stream.write("\n".join(lines) + "\n")
    if os.geteuid() == 0:
        # Written by root for a server that may be somebody else.
        os.chown(fresh, home.stat().st_uid, home.stat().st_gid)
    fresh.replace(path)
    return path


def tianditu(key: str, *, imagery: bool = False, attribution: str = "") -> BaseMap:
    """Return the national map service Tianditu (CGCS2000 in Web Mercator), map or imagery."""
    picture, labels = ("img", "cia") if imagery else ("vec", "cva")
    url = "https://t{s}.tianditu.gov.cn/DataServer?T=%s_w&x={x}&y={y}&l={z}&tk={key}"
    return make(
        {
            "kind": "xyz",
            "url": url % picture,
            "labels_url": url % labels,
            "key": key,
            "subdomains": "01234567",
            "attribution": attribution or "天地图 · 国家地理信息公共服务平台",
            "attribution_url": "https://www.tianditu.gov.cn/",
            "min_zoom": 1,
            "max_zoom": 18,
            "muted": not imagery,
        }
    )


def _typed(name: str, value: object, default: object) -> object:
    """Read a value as the type of its default."""
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "1", "yes", "false", "0", "no"):
            return str(value).lower() in ("true", "1", "yes")
        raise _wrong(name, value, Phrase("true or false"))
    if isinstance(default, int):
        text = "" if isinstance(value, bool) else str(value)
        if not text.isdecimal() or len(text) > 9 or int(text) > MAX_ZOOM:
            raise _wrong(
                name, value, Phrase("a whole number from 0 to {limit}", {"limit": MAX_ZOOM})
            )
        return int(str(value))
    if not isinstance(value, str):
        raise _wrong(name, value, Phrase("text"))
    return value.strip()


def _check(base: BaseMap) -> None:
    """Refuse what could not be drawn, or not truthfully."""
    for name, value, allowed in (
        ("kind", base.kind, KINDS),
        ("frame", base.frame, FRAMES),
        ("labels", base.labels, get_args(Labels)),
    ):
        if value not in allowed:
            raise _wrong(name, value, " | ".join(allowed))
    if base.min_zoom > base.max_zoom:
        raise _wrong(
            "min_zoom", base.min_zoom, Phrase("at most max_zoom ({zoom})", {"zoom": base.max_zoom})
        )
    if base.attribution_url and urlsplit(base.attribution_url).scheme not in ("http", "https"):
        raise _wrong("attribution_url", base.attribution_url, Phrase("an http or https address"))
    if base.kind in ("none", "offline"):
        return
    if not base.url:
        raise InvalidInputError("A base map of kind {kind} needs a url.", kind=base.kind)
    if base.frame == "bd09" or "bdimg.com" in base.url or "map.baidu" in base.url:
        raise InvalidInputError(
            "Baidu's map cannot lie under the territory.",
            hint="Its tiles follow a projection and a grid of Baidu's own, not Web Mercator: moving"
            " them does not make them fit. Use Tianditu, or a map in GCJ-02 with frame = gcj02.",
        )
    if base.kind == "wmts":
        _check_matrix_set(base)
    for template in base.templates():
        _check_template(template, base)


def _check_matrix_set(base: BaseMap) -> None:
    if _GEOGRAPHIC_SET.search(base.matrix_set):
        raise InvalidInputError(
            "The matrix set {set} is in geographic coordinates; the map is in Web Mercator.",
            hint='Use the one in EPSG:3857: "w" at Tianditu, often "EPSG:3857",'
            ' "GoogleMapsCompatible" or "WebMercatorQuad" elsewhere.',
            set=base.matrix_set,
        )
    needs_layer = not any(mark in base.url for mark in ("{z}", "{TileMatrix}"))
    if needs_layer and not base.layer:
        raise InvalidInputError("A WMTS endpoint without a template needs a layer.")


def _check_template(template: str, base: BaseMap) -> None:
    if _TIANDITU_C.search(template):
        raise InvalidInputError(
            "This is Tianditu's map in geographic coordinates (matrix set c).",
            hint="Use the one in Web Mercator: …_w instead of …_c in the address.",
        )
    bare = _PLACEHOLDER.sub("", template)
    if _UNSAFE.search(bare) or "{" in bare or "}" in bare:
        raise _wrong(
            "url", template, Phrase("an address without spaces, quotes, commas and semicolons")
        )
    parts = urlsplit(template)
    is_foreign = parts.scheme in ("http", "https") and bool(parts.netloc)
    is_own = not parts.scheme and not parts.netloc and template.startswith("/")
    if not (is_foreign or is_own) or "@" in parts.netloc or "*" in parts.netloc:
        raise _wrong("url", template, Phrase("an http or https address, or a path on this server"))
    names = set(_PLACEHOLDER.findall(template))
    if unknown := names - _LEAFLET:
        raise _wrong("url", template, Phrase("no placeholder {{{name}}}", {"name": min(unknown)}))
    if not ({"z", "x"} <= names and names & {"y", "-y"}):
        raise _wrong("url", template, Phrase("{{z}}, {{x}} and {{y}} in it"))
    if ("s" in names) != bool(base.subdomains):
        raise _wrong(
            "subdomains", base.subdomains, Phrase("given if, and only if, the url has {{s}}")
        )
    if base.subdomains and not base.subdomains.isalnum():
        raise _wrong("subdomains", base.subdomains, Phrase('letters or digits, such as "abc"'))


def _wrong(name: str, value: object, allowed: str | Phrase) -> InvalidInputError:
    return InvalidInputError(
        "The base map's {name} cannot be {value}.",
        hint="It is: {allowed}.",
        name=name,
        value=repr(value),
        allowed=allowed,
    )
