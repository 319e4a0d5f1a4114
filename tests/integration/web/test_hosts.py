"""The names under which the map is served: what asks for another gets nothing but words."""

from __future__ import annotations

import socket

import pytest
from county import build
from flask.testing import FlaskClient

from geodata.errors import SetupError
from webmap import create_app
from webmap.core import hosts

FOREIGN = "evil.example"


@pytest.fixture
def address(database_url, conn, monkeypatch):
    monkeypatch.delenv("GRIDMAP_ALLOWED_HOSTS", raising=False)
    build(conn)
    conn.commit()
    return database_url


def client(address: str) -> FlaskClient:
    return create_app({"DATABASE_URL": address}).test_client()


@pytest.mark.parametrize("path", ["/", "/tiles/grids.json", "/api/here?lon=1&lat=1", "/nowhere"])
def test_a_foreign_name_is_refused_in_words(address, path):
    answer = client(address).get(path, headers={"Host": FOREIGN, "Accept-Language": "en"})
    assert answer.status_code == 421
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    said = answer.get_json()["detail"] if answer.is_json else answer.text
    assert "GRIDMAP_ALLOWED_HOSTS" in said
    assert f"“{FOREIGN}”" in said
    # It is told, and leads nowhere.
    assert f"//{FOREIGN}" not in answer.text


@pytest.mark.parametrize("host", ["<script>alert(1)</script>", 'a"onload=b', "a b", "[::1", ""])
def test_what_is_no_name_is_refused_and_never_markup(address, host):
    answer = client(address).get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert "<script>alert" not in answer.text
    assert '"onload' not in answer.text


def test_whoever_asks_whether_it_lives_may_use_any_name(address):
    asked = client(address)
    for path in ("/healthz", "/readyz"):
        assert asked.get(path, headers={"Host": FOREIGN}).status_code == 200


def test_without_a_setting_addresses_and_the_machines_own_names_are_let_in(address):
    asked = client(address)
    own = (
        *("localhost", "app.localhost", "127.0.0.1", "10.1.2.3", "[2001:db8::1]"),
        socket.gethostname(),
    )
    for host in own:
        for port in ("", ":8000"):
            answer = asked.get("/tiles/grids.json", headers={"Host": host + port})
            assert answer.status_code == 200, host + port
            assert answer.get_json()["tiles"][0].startswith(f"http://{host}{port}/tiles/")


def test_with_a_setting_its_names_and_no_others(address, monkeypatch):
    monkeypatch.setenv("GRIDMAP_ALLOWED_HOSTS", "map.example.gov.cn .grid.example 10.1.2.3 [::1]")
    asked = client(address)
    for host, status in {
        "map.example.gov.cn": 200,
        "MAP.example.gov.cn:8443": 200,
        "map.example.gov.cn.": 200,
        "grid.example": 200,
        "a.grid.example": 200,
        "10.1.2.3:8000": 200,
        "[::1]:8000": 200,
        "notgrid.example": 421,
        "map.example.gov.cn.evil.example": 421,
        "localhost": 421,
        "10.1.2.4": 421,
    }.items():
        assert asked.get("/rights", headers={"Host": host}).status_code == status, host


def test_a_proxys_word_is_held_to_the_same_names(address, monkeypatch):
    monkeypatch.setenv("GRIDMAP_PROXIES", "1")
    monkeypatch.setenv("GRIDMAP_ALLOWED_HOSTS", "map.example.gov.cn")
    asked = client(address)
    for host, status in {"map.example.gov.cn": 200, FOREIGN: 421}.items():
        answer = asked.get("/rights", headers={"X-Forwarded-Host": host})
        assert answer.status_code == status


def test_names_in_other_letters_are_those_that_browsers_send():
    assert hosts.read("网格.example").allows("xn--1lq068b.example") is False
    encoded = "网格.example".encode("idna").decode()
    assert hosts.read("网格.example").allows(encoded)


@pytest.mark.parametrize("value", ["*", "https://map.example", "map.example:8000", "a..b", "a/b"])
def test_a_setting_that_holds_no_name_is_refused(address, monkeypatch, value):
    monkeypatch.setenv("GRIDMAP_ALLOWED_HOSTS", value)
    with pytest.raises(SetupError, match="GRIDMAP_ALLOWED_HOSTS"):
        client(address)
