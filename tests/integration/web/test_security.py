"""What the web application believes of proxies, and who may frame it."""

from __future__ import annotations

import re

import pytest
from county import build

from geodata.errors import SetupError
from webmap import create_app

FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "map.example.gov.cn",
}


@pytest.fixture
def address(database_url, conn):
    build(conn)
    conn.commit()
    return database_url


def tiles_address(database_url: str) -> str:
    client = create_app({"DATABASE_URL": database_url}).test_client()
    return client.get("/tiles/grids.json", headers=FORWARDED).get_json()["tiles"][0]


def test_nobody_is_believed_without_a_proxy(address, monkeypatch):
    monkeypatch.delenv("GRIDMAP_PROXIES", raising=False)
    assert tiles_address(address).startswith("http://localhost/")


def test_a_configured_proxy_says_how_the_map_is_reached(address, monkeypatch):
    monkeypatch.setenv("GRIDMAP_PROXIES", "1")
    monkeypatch.setenv("GRIDMAP_ALLOWED_HOSTS", "map.example.gov.cn")
    assert tiles_address(address).startswith("https://map.example.gov.cn/")


def policy(database_url: str) -> str:
    client = create_app({"DATABASE_URL": database_url}).test_client()
    return client.get("/").headers["Content-Security-Policy"]


def test_only_configured_sites_may_frame_the_map(address, monkeypatch):
    monkeypatch.delenv("GRIDMAP_FRAME_ANCESTORS", raising=False)
    assert policy(address).endswith("frame-ancestors 'none'")
    sites = "https://portal.example.gov.cn http://10.1.2.3:8080"
    monkeypatch.setenv("GRIDMAP_FRAME_ANCESTORS", sites)
    assert policy(address).endswith(f"frame-ancestors {sites}")


def test_what_runs_carries_the_nonce_of_its_answer(address):
    policies = [policy(address) for _ in range(2)]
    assert policies[0] != policies[1]
    for text in policies:
        assert "unsafe" not in text
        assert re.search(r"script-src 'self' 'nonce-[\w-]{22}';", text)
        assert re.search(r"style-src 'self' 'nonce-[\w-]{22}';", text)


@pytest.mark.parametrize("path", ["/", "/tiles/grids.json", "/static/js/main.js", "/nowhere"])
def test_no_answer_is_taken_for_another_kind(address, path):
    client = create_app({"DATABASE_URL": address}).test_client()
    answer = client.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRIDMAP_PROXIES", "-1"),
        ("GRIDMAP_PROXIES", "one"),
        ("GRIDMAP_POOL_SIZE", "0"),
        ("GRIDMAP_TIMEZONE", "Asia"),
        ("GRIDMAP_SECRET_KEY", "0123456789"),
        ("GRIDMAP_FRAME_ANCESTORS", "*"),
        ("GRIDMAP_FRAME_ANCESTORS", "https://a.example; script-src *"),
        ("GRIDMAP_FRAME_ANCESTORS", "portal"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(address, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError, match=name):
        create_app({"DATABASE_URL": address})
