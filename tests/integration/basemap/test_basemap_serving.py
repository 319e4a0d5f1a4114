"""The offline base map over HTTP, in ranges, through the real application."""

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pmtiles.tile import deserialize_header
from werkzeug.test import TestResponse

import webmap
from geodata.basemap import archive, settings
from geodata.grids.tiles import Tile
from geodata.model import Bounds
from webmap.core import basemap

BOX = Bounds(116.0, 31.1, 116.7, 31.7)


def write(home: Path, text: bytes = b"\x1a\x00", attribution: str = "© 演示") -> Path:
    path = home / settings.ARCHIVE_NAME
    archive.write(path, [(Tile(0, 0, 0), text)], BOX, {"attribution": attribution})
    return path


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Flask:
    return webmap.create_app({"HOME": tmp_path, "DATABASE_URL": database_url, "TESTING": True})


class Client(FlaskClient):
    """Reads every answer to its end, as a server does, so that its file is closed."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **kwargs})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = Client
    return app.test_client()


def config(app: Flask) -> dict[str, Any]:
    with app.test_request_context("/"):
        return basemap.basemap_config(app)


def test_without_an_archive_there_is_none(app: Flask, client: FlaskClient) -> None:
    assert config(app) == {"kind": "none"}
    assert client.get("/basemap.pmtiles").status_code == 404
    assert client.get("/basemap/abc.pmtiles").status_code == 404
    assert basemap.csp_sources(app) == ()


def test_a_made_archive_is_described_to_the_page(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    write(tmp_path)
    told = config(app)
    assert told["kind"] == "offline"
    assert told["bounds"] == [116.0, 31.1, 116.7, 31.7]
    assert told["attribution"] == "© 演示"
    response = client.get(told["url"])
    assert response.status_code == 200
    assert response.mimetype == "application/vnd.pmtiles"
    assert response.headers["Cache-Control"] == (
        "public, max-age=31536000, immutable, no-transform"
    )


def test_ranges_are_answered_exactly(client: FlaskClient, tmp_path: Path) -> None:
    data = write(tmp_path).read_bytes()
    for asked, start, stop in (
        ("bytes=0-126", 0, 127),
        ("bytes=100-", 100, len(data)),
        ("bytes=-5", len(data) - 5, len(data)),
        ("bytes=0-16383", 0, len(data)),
    ):
        response = client.get("/basemap.pmtiles", headers={"Range": asked})
        assert response.status_code == 206
        assert response.data == data[start:stop]
        assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(data)}"
        assert response.headers["Accept-Ranges"] == "bytes"
        assert "Content-Encoding" not in response.headers
    assert deserialize_header(data[:127])["version"] == 3


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=5-2"])
def test_an_impossible_range_is_refused(client: FlaskClient, tmp_path: Path, asked: str) -> None:
    write(tmp_path)
    assert client.get("/basemap.pmtiles", headers={"Range": asked}).status_code == 416


def test_compression_never_touches_the_bytes(client: FlaskClient, tmp_path: Path) -> None:
    data = write(tmp_path, bytes(5000)).read_bytes()
    response = client.get("/basemap.pmtiles", headers={"Accept-Encoding": "gzip, br, zstd"})
    assert response.data == data
    assert "Content-Encoding" not in response.headers
    assert response.headers["ETag"].startswith('"')


def test_what_the_browser_has_is_not_sent_again(client: FlaskClient, tmp_path: Path) -> None:
    write(tmp_path)
    first = client.get("/basemap.pmtiles")
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache, no-transform"
    again = client.get("/basemap.pmtiles", headers={"If-None-Match": etag})
    assert again.status_code == 304
    partial = {"Range": "bytes=0-9", "If-Range": etag}
    assert client.get("/basemap.pmtiles", headers=partial).status_code == 206
    stale = {"Range": "bytes=0-9", "If-Range": '"old"'}
    whole = client.get("/basemap.pmtiles", headers=stale)
    assert whole.status_code == 200


def test_a_new_map_is_seen_under_the_old_address(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    path = write(tmp_path)
    old = config(app)["url"]
    first = client.get(old, headers={"Range": "bytes=0-9"}).headers["ETag"]
    write(tmp_path, b"\x1a\x01", "© 新")
    os.utime(path, ns=(1, 1))
    assert config(app)["url"] != old
    assert config(app)["attribution"] == "© 新"
    response = client.get(old, headers={"Range": "bytes=0-9"})
    assert response.status_code == 206
    assert response.headers["ETag"] != first
    assert "immutable" not in response.headers["Cache-Control"]


def test_a_service_is_told_to_the_page_and_let_through_the_policy(
    tmp_path: Path, database_url: str
) -> None:
    chosen = {"kind": "xyz", "url": "https://{s}.tiles.example/{z}/{x}/{y}", "subdomains": "ab",
              "frame": "gcj02", "attribution": "<b>图</b>"}  # fmt: skip
    settings.save(tmp_path, settings.make(chosen))
    app = webmap.create_app({"HOME": tmp_path, "DATABASE_URL": database_url})
    told = config(app)
    assert told["urls"] == ["https://{s}.tiles.example/{z}/{x}/{y}"]
    assert told["frame"] == "gcj02"
    assert told["note"]
    assert basemap.csp_sources(app) == ("https://a.tiles.example", "https://b.tiles.example")


@pytest.mark.parametrize("text", ["kind = 'xyz'", "nonsense", "kind = 'offline'"])
def test_a_choice_that_cannot_be_used_leaves_the_map_working(
    app: Flask,
    tmp_path: Path,
    text: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whatever ran before in this process has set.
    caplog.set_level(logging.WARNING, "webmap.core.basemap")
    monkeypatch.setattr(logging.getLogger("webmap.core.basemap"), "disabled", False)
    (tmp_path / settings.FILE_NAME).write_text(text)
    assert config(app) == {"kind": "none"}
    assert "No base map" in caplog.text


def test_a_broken_archive_leaves_the_map_working(app: Flask, tmp_path: Path) -> None:
    (tmp_path / settings.ARCHIVE_NAME).write_bytes(b"PMTiles\x03 cut short")
    assert config(app) == {"kind": "none"}
