"""The map page: what is transferred until the demo county is painted, and how long that takes
beside a page that embeds the same compounds with folium.GeoJson.

The embedded page is measured twice: written when it is asked for, as a view that shows the present
data must, and as a file that was written before. It is measured for the demo county and for one of
5,300 compounds, at which it has the 13.8 MB that the target was set against.

Run: .venv/bin/python -m scripts.bench.page
"""

from __future__ import annotations

import gzip
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import folium
import geopandas
from playwright.sync_api import Browser, Page, Request, sync_playwright

from geodata import demo
from geodata.database import connecting as db
from geodata.installation.embedded import Cluster
from scripts import serve
from scripts.bench.table import Row, show

CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# The demo county, and the county whose embedded page has 13.8 MB.
COMPOUNDS = (2_000, 5_300)
SIZES = {"desk": (1440, 900), "phone": (390, 844)}


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--chromium", default="/usr/bin/chromium", show_default=True)
def main(rounds: int, chromium: str) -> None:
    """Measure and print the tables."""
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=chromium, args=CHROMIUM)
        for compounds in COMPOUNDS:
            rows = measure(browser, compounds, rounds)
            show(f"The map page of a county of {compounds:,} compounds", rows)
        browser.close()


def measure(browser: Browser, compounds: int, rounds: int) -> list[Row]:
    """Measure sizes and times for a county of so many compounds."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                demo.load(conn, compounds=compounds)
                conn.commit()
                conn.autocommit = True
                conn.execute("VACUUM ANALYZE")
            stored = embed(cluster.url)
            with (
                serve.listen("127.0.0.1", 0) as listener,
                serve.Server(cluster.url, listener) as server,
                embedding(cluster.url, stored) as other,
            ):
                server.wait_until_ready()
                rows = [html_size(server.url), *transfers(browser, server.url)]
                rows += times(browser, server.url, other, rounds)
    return [*rows, Row("size of the embedded page", f"{len(stored) / 1e6:.1f} MB")]


def embed(database_url: str) -> bytes:
    """Write the page that this project replaces: folium, every compound inside."""
    with db.connect(database_url) as conn:
        rows = conn.execute(
            "SELECT name, code, ST_AsBinary(geom) FROM grid_version"
            " WHERE level = 'compound' AND valid @> %s",
            (date.today(),),  # noqa: DTZ011
        ).fetchall()
    frame = geopandas.GeoDataFrame(
        {"name": [row[0] for row in rows], "code": [row[1] for row in rows]},
        geometry=geopandas.GeoSeries.from_wkb([row[2] for row in rows], crs=4326),
    )
    page = folium.Map((31.41, 116.35), zoom_start=11, tiles=None)
    layer = folium.GeoJson(frame)
    layer.add_child(folium.GeoJsonTooltip(["name", "code"]))
    layer.add_to(page)
    return page.get_root().render().encode()


@contextmanager
def embedding(database_url: str, stored: bytes) -> Generator[str]:
    """Serve the embedded page: /stored as it was written before, / written again."""

    class Quiet(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = stored if self.path == "/stored" else embed(database_url)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def html_size(url: str) -> Row:
    """Measure the page itself as it travels."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        body = answer.read()
        size = len(body if answer.headers["Content-Encoding"] == "gzip" else gzip.compress(body))
    return Row(
        "HTML of the map page, compressed", f"{size / 1000:.1f} KB", "<= 40 KB", size <= 40_000
    )


def transfers(browser: Browser, url: str) -> list[Row]:
    """Count the bytes and hosts until the county is painted, with an empty cache."""
    rows: list[Row] = []
    for name, (width, height) in SIZES.items():
        page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        received: list[float] = []
        hosts: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", partial(_count, received))
        page.on("request", partial(_note_host, hosts))
        page.goto(url)
        wait_painted(page)
        page.wait_for_load_state("networkidle")
        size = sum(received)
        foreign = hosts - {urlsplit(url).netloc, ""}
        rows.append(
            Row(
                f"transferred until painted, cold ({name}, {len(received)} requests)",
                f"{size / 1000:.0f} KB",
                "<= 700 KB",
                size <= 700_000,
            )
        )
        rows.append(Row(f"requests to other hosts ({name})", str(len(foreign)), "0", not foreign))
        page.context.close()
    return rows


def _count(received: list[float], event: dict[str, Any]) -> None:
    received.append(event["encodedDataLength"])


def _note_host(hosts: set[str], request: Request) -> None:
    hosts.add(urlsplit(request.url).netloc)


def wait_painted(page: Page) -> None:
    """Wait until every tile in view is drawn: the page marks it."""
    # By selector: the page's security policy refuses evaluated strings, as it should.
    page.wait_for_selector("html[data-painted=true]", state="attached", timeout=60_000)


def times(browser: Browser, ours: str, embedded: str, rounds: int) -> list[Row]:
    """Time the pages to the painted map, in turn, each with an empty cache."""
    taken: dict[str, list[float]] = {ours: [], embedded: [], f"{embedded}stored": []}
    for _ in range(rounds):
        for url, seconds in taken.items():
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            begin = time.perf_counter()
            if url == ours:
                page.goto(url, wait_until="commit")
                wait_painted(page)
            else:
                # It links foreign hosts for Leaflet itself: answered from our own copy, at once.
                page.route("**/*", partial(_vendored, ours=embedded))
                page.goto(url, wait_until="commit")
                page.wait_for_function(
                    "document.querySelectorAll('path.leaflet-interactive').length > 100",
                    timeout=120_000,
                )
                page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
            seconds.append(time.perf_counter() - begin)
            page.context.close()
    mine, written, stored = (statistics.median(seconds) for seconds in taken.values())
    ratio = mine / written
    return [
        Row("time to the painted map", f"{mine:.2f} s"),
        Row("folium.GeoJson embeds the same, written when asked for", f"{written:.2f} s"),
        Row("ours / embedded", f"{ratio:.2f}", "<= 0.20", ratio <= 0.2),
        Row("folium.GeoJson embeds the same, written before", f"{stored:.2f} s"),
        Row("ours / embedded and written before", f"{mine / stored:.2f}"),
    ]


def _vendored(route: Any, ours: str) -> None:
    url = route.request.url
    if url.startswith(ours):
        route.continue_()
        return
    vendor = Path(__file__).resolve().parents[2] / "webmap/static/vendor"
    name = Path(urlsplit(url).path).name
    found = next(vendor.glob(f"leaflet@*/**/{name}"), None) if "leaflet" in name else None
    if found is None:
        route.fulfill(status=200, body="")
    else:
        route.fulfill(status=200, body=found.read_bytes(), content_type=_mime(name))


def _mime(name: str) -> str:
    return "text/css" if name.endswith(".css") else "text/javascript"


if __name__ == "__main__":
    main()
