"""The base map in a real browser: the offline one is painted, and no request leaves the host."""

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import regions
from flask import Flask, Response, render_template_string
from numpy.typing import NDArray
from playwright.sync_api import Page
from psycopg import Connection
from werkzeug.serving import BaseWSGIServer, make_server

import webmap
from geodata.basemap import making, settings, sources
from tests.browser.watching import wait_for_idle
from webmap.core import access, assets, basemap

Picture = NDArray[np.uint8]

VENDOR = Path(webmap.__file__).parent / "static" / "vendor"

# A page of nothing but the base layer, under the real application's headers and addresses.
PAGE = """<!doctype html><meta charset="utf-8"><title>base map</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{{ leaflet }}leaflet.css">
<style nonce="{{ csp_nonce() }}">html, body, #map { margin: 0; height: 100% }</style>
<div id="map"></div>
<script src="{{ leaflet }}leaflet.js"></script>
<script src="{{ protomaps }}protomaps-leaflet.js"></script>
<script type="module" nonce="{{ csp_nonce() }}">
  import { createBaseLayer } from "{{ static_url('js/map/basemap.js') }}";
  const query = new URLSearchParams(location.search);
  window.map = L.map("map", { zoomControl: false, fadeAnimation: false, zoomAnimation: false })
    .setView([query.get("lat"), query.get("lon")], query.get("z"));
  const layer = createBaseLayer(L, {...{{ config | safe }}, lang: query.get("lang") ?? "zh"});
  window.layer = layer;
  // An attribute: the page's policy forbids waiting for an expression.
  window.tell = (state) => { document.documentElement.dataset.map = state; };
  layer?.on("load", () => tell("painted"));
  layer?.addTo(window.map);
  if (layer === null) tell("bare");
</script>"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def site(home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the real application, with one page more; it reads its home when it starts."""
    more = {"only_base": "open", "tile": "open"}
    (vendor,) = VENDOR.glob("leaflet@*/dist/leaflet.js")
    (paint,) = VENDOR.glob("protomaps-leaflet@*/dist/protomaps-leaflet.js")
    server: list[BaseWSGIServer] = []
    app = webmap.create_app({"HOME": home, "DATABASE_URL": database_url})
    _add_page(app, vendor.parent, paint.parent)
    monkeypatch.setattr(access, "ACCESS", {**access.ACCESS, **more})
    server.append(make_server("127.0.0.1", 0, app, threaded=True))
    thread = Thread(target=server[0].serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server[0].server_port}"
    server[0].shutdown()
    thread.join()
    server[0].server_close()


def _add_page(app: Flask, leaflet: Path, protomaps: Path) -> None:
    static = assets.FOLDER

    @app.get("/only-base")
    def only_base() -> str:
        url: Any = app.jinja_env.globals["static_url"]
        return render_template_string(
            PAGE,
            leaflet=url(f"{leaflet.relative_to(static).as_posix()}/"),
            protomaps=url(f"{protomaps.relative_to(static).as_posix()}/"),
            config=json.dumps(basemap.basemap_config(app)),
        )

    @app.get("/tile/<int:z>/<int:x>/<int:y>.png")
    def tile(z: int, x: int, y: int) -> Response:
        """A tile whose colour names it: two neighbours never look alike."""
        return Response(plain_png(90 + x % 4 * 40, 90 + y % 4 * 40, 90), mimetype="image/png")


def plain_png(*colour: int) -> bytes:
    """Return a PNG of 256 x 256 pixels of one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = (b"\0" + bytes(colour) * 256) * 256
    header = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.fixture
def made(home: Path, conn: Connection[Any], tmp_path: Path) -> None:
    making.make(
        conn,
        [sources.parse(str(regions.geopackage(tmp_path / "a.gpkg")))],
        home / settings.ARCHIVE_NAME,
        box=None,
        credit=making.Credit("© 演示 <县>"),
        today=date(2026, 1, 1),
        progress=lambda step, share: None,
    )


@pytest.fixture
def watched(page: Page) -> Iterator[list[str]]:
    """Every address the page asks for; at the end nothing was complained of in its console."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    yield asked
    assert complaints == []


def look(page: Page, site: str, lon: float, lat: float, zoom: int, lang: str = "zh") -> Picture:
    """Open the page at a place and return what is seen, as (row, column, RGB)."""
    page.set_viewport_size({"width": 800, "height": 600})
    page.goto(f"{site}/only-base?lon={lon}&lat={lat}&z={zoom}&lang={lang}")
    return seen(page)


def seen(page: Page) -> Picture:
    page.locator("html[data-map=painted]").wait_for()
    # Labels that reach over a tile's edge are painted in a second round.
    taken, before = page.screenshot(), b""
    while taken != before:
        wait_for_idle(page)
        taken, before = page.screenshot(), taken
    # The browser reads its own picture: no other decoder is needed.
    pixels = page.evaluate(
        """async (data) => {
            const picture = new Image();
            picture.src = `data:image/png;base64,${data}`;
            await picture.decode();
            const canvas = new OffscreenCanvas(picture.width, picture.height);
            const context = canvas.getContext("2d");
            context.drawImage(picture, 0, 0);
            const { data: bytes } = context.getImageData(0, 0, picture.width, picture.height);
            let text = "";
            for (let at = 0; at < bytes.length; at += 32768)
                text += String.fromCharCode(...bytes.subarray(at, at + 32768));
            return btoa(text);
        }""",
        base64.b64encode(taken).decode(),
    )
    flat = np.frombuffer(base64.b64decode(pixels), dtype=np.uint8)
    return flat.reshape(600, 800, 4)[:, :, :3]


def colour_at(page: Page, picture: Picture, lon: float, lat: float) -> tuple[int, ...]:
    x, y = page.evaluate(
        "([lat, lon]) => { const p = map.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }",
        [lat, lon],
    )
    return tuple(map(int, picture[round(y), round(x)]))


def close(colour: tuple[int, ...], wanted: str, tolerance: int = 3) -> bool:
    channels = bytes.fromhex(wanted.removeprefix("#"))
    return all(abs(a - b) <= tolerance for a, b in zip(colour, channels, strict=True))


@pytest.mark.usefixtures("made")
def test_the_offline_map_is_painted_from_this_host_alone(
    page: Page, site: str, watched: list[str]
) -> None:
    picture = look(page, site, 116.33, 31.40, 13)
    lake, forest = (116.305, 31.424), (116.37, 31.385)
    assert close(colour_at(page, picture, *lake), "#cfdee3")
    assert close(colour_at(page, picture, *forest), "#e7ece0")
    assert close(colour_at(page, picture, 116.345, 31.43), "#f5f3ee")
    # The middle of a road that runs straight between two known points is its paper-white fill.
    assert close(colour_at(page, picture, 116.345, 31.415), "#fffdf8")
    assert {url.split("/")[2] for url in watched} == {site.split("/")[2]}
    assert any("/basemap/" in url and url.endswith(".pmtiles") for url in watched)


@pytest.mark.usefixtures("made", "watched")
def test_names_are_lettered_in_the_language_of_the_page(page: Page, site: str) -> None:
    # Around the town's place; roads and fields do not reach here.
    zh, en = (
        look(page, site, *regions.CENTRE, 12, lang)[288:312, 340:460] for lang in ("zh", "en")
    )
    assert zh.min() < 160
    assert en.min() < 160
    assert not np.array_equal(zh, en)


@pytest.mark.usefixtures("made", "watched")
def test_the_source_is_named_on_the_map_as_text(page: Page, site: str) -> None:
    look(page, site, *regions.CENTRE, 12)
    assert "© 演示 <县>" in page.locator(".leaflet-control-attribution").inner_text()


@pytest.mark.usefixtures("watched")
def test_without_a_choice_nothing_is_asked_for(page: Page, site: str) -> None:
    page.goto(f"{site}/only-base?lon=116.33&lat=31.4&z=12")
    page.locator("html[data-map=bare]").wait_for()


@pytest.fixture
def gcj02(home: Path) -> None:
    chosen = {"kind": "xyz", "url": "/tile/{z}/{x}/{y}.png", "frame": "gcj02", "muted": False}
    settings.save(home, settings.make(chosen))


@pytest.mark.usefixtures("gcj02")
def test_gcj02_tiles_cover_the_view_where_they_belong(
    page: Page, site: str, watched: list[str]
) -> None:
    picture = look(page, site, 116.33, 31.40, 16)
    assert is_covered(picture)
    offset = page.evaluate(
        """async (url) => {
            const { wgs84ToGcj02 } = await import(url);
            const drawn = wgs84ToGcj02([116.33, 31.40]);
            const at = map.project([drawn[1], drawn[0]]);
            const coords = { x: Math.floor(at.x / 256), y: Math.floor(at.y / 256), z: 16 };
            const tile = layer._tiles[layer._tileCoordsToKey(coords)].el;
            const box = tile.getBoundingClientRect();
            const seen = [box.left + (at.x / 256 - coords.x) * box.width,
                          box.top + (at.y / 256 - coords.y) * box.height];
            return [seen[0] - 400, seen[1] - 300];
        }""",
        next(url for url in watched if url.endswith("/js/map/gcj02.js")),
    )
    # What the tile draws at the centre's GCJ-02 place is seen at the centre, to a pixel and a half.
    assert max(map(abs, offset)) <= 1.5
    assert "GCJ-02" in page.locator(".leaflet-control-attribution").inner_text()


@pytest.mark.usefixtures("gcj02", "watched")
def test_gcj02_tiles_follow_the_map(page: Page, site: str) -> None:
    look(page, site, 116.33, 31.40, 15)
    page.evaluate("() => { tell('moving'); map.setView([31.45, 116.40], 17); }")
    assert is_covered(seen(page))


def is_covered(picture: Picture) -> bool:
    """Tell whether tiles cover the view without a gap: nowhere does the ground show."""
    view = picture[:560].reshape(-1, 3)
    return bool((view[:, 2] == 90).all() and len(np.unique(view, axis=0)) > 1)


@pytest.fixture
def abroad(home: Path, page: Page) -> list[str]:
    """A foreign service, chosen, and what it is asked for."""
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(body=plain_png(200, 180, 160), content_type="image/png")

    page.route("https://tiles.example/**", answer)
    chosen = {"kind": "xyz", "url": "https://tiles.example/{z}/{x}/{y}.png?tk={key}", "key": "k"}
    settings.save(home, settings.make(chosen))
    return asked


@pytest.mark.usefixtures("watched")
def test_a_chosen_service_is_let_through_and_muted(
    page: Page, abroad: list[str], site: str
) -> None:
    picture = look(page, site, 116.33, 31.40, 12)
    assert all(url.endswith("?tk=k") for url in abroad)
    assert abroad
    colour = picture[300, 400].astype(int)
    # Fainter and greyer than what was sent.
    assert colour.min() > 180
    assert colour.max() - colour.min() < 40
