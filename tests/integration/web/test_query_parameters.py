"""What a view declares of its address is what it reads, and what cannot be is refused in words."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import ROUTES, Reader
from flask import Flask
from watched import Watched, watch

import webmap
from geodata.database import connecting as db
from webmap import create_app
from webmap.core.asking import Query
from webmap.core.config import FILE_TYPE

# Who reads an address without a model, and what for.
BY_HAND = {
    "core/asking.py": "by the models",
    "core/i18n.py": "the language, at each address",
    "core/security.py": "what no text may hold",
    "core/errors.py": "a way back that keeps what can be kept",
    "core/kept.py": "on which days an answer depends, before any view has read it",
    "map/page.py": "links that keep the view, which the browser reads",
    "map/tiles.py": "handed to the layer, which reads its own",
    "map/summaries.py": "handed to geodata.issues, which reads its filter",
    "sign_in/pages.py": "where to go on from there",
    "sign_in/sso.py": "where to go on from there",
    "sign_in/provider.py": "what the provider answers",
    "alerts/list_page.py": "a filter that its forms send as well",
    "accounts/audit_page.py": "a filter that says beside its fields what is wrong",
    "accounts/pages.py": "a filter that says beside its fields what is wrong",
    "accounts/roles.py": "a form that is filled in step by step",
}


@pytest.fixture(scope="module")
def watched(module_url: str) -> Watched:
    with db.connect(module_url) as conn:
        return watch(conn)


@pytest.fixture(scope="module")
def app(module_url: str, watched: Watched) -> Flask:
    return create_app({"DATABASE_URL": module_url, "SECRET_KEY": "k" * 32})


def readers_of_addresses() -> Iterator[str]:
    folder = Path(webmap.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("args", "values", "query_string"):
                owner = node.value
                if isinstance(owner, ast.Name) and owner.id == "request":
                    yield path.relative_to(folder).as_posix()


def test_no_view_reads_its_address_by_hand() -> None:
    assert set(readers_of_addresses()) == set(BY_HAND)


def declared(app: Flask) -> dict[str, type[Query]]:
    """The model of each endpoint that reads its address."""
    views = {name: getattr(view, "described", {}) for name, view in app.view_functions.items()}
    return {name: about["asks"] for name, about in views.items() if "asks" in about}


def test_each_parameter_that_is_declared_is_read(
    app: Flask, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: dict[type, set[str]] = defaultdict(set)
    plain = Query.__getattribute__

    def note(self: Query, name: str) -> Any:
        if name in type(self).__pydantic_fields__:
            read[type(self)].add(name)
        return plain(self, name)

    models = declared(app)
    assert len(models) > 30
    people = [each for each in watched.people if each.name in ("planner", "governor")]
    readers = [Reader(app, person) for person in people]
    monkeypatch.setattr(Query, "__getattribute__", note)
    unread: dict[str, set[str]] = {}
    for endpoint, model in models.items():
        read.clear()
        for reader in readers:
            for ask in ROUTES[endpoint](watched):
                reader.ask(ask)
                if endpoint == "references.add":
                    token = {"X-CSRFToken": reader.csrf_token}
                    reader.client.post(ask.path, data=b"x", content_type=FILE_TYPE, headers=token)
        if left := model.model_fields.keys() - read[model]:
            unread[endpoint] = left
    assert not unread


@pytest.mark.parametrize(
    ("address", "zh", "en"),
    [
        (
            "/api/coverage/gaps?kind=clinic&grid=1&download=maybe",
            "既不是",
            "neither true nor false",
        ),
        ("/api/coverage/buildings?kind=clinic&grid=", "未指明网格", "The grid is missing"),
        ("/api/here?lon=&lat=1", "位置缺失", "The place is missing"),
        ("/api/changes?grid=1.5&versus=2020-01-01", "不是数字", "is not a number"),
    ],
)
def test_what_cannot_be_is_refused_in_the_readers_language(
    app: Flask, address: str, zh: str, en: str
) -> None:
    for language, said in (("zh", zh), ("en", en)):
        answer = app.test_client().get(f"{address}&lang={language}")
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
        assert said in answer.get_json()["detail"]


def test_an_empty_parameter_counts_as_left_out(app: Flask) -> None:
    client = app.test_client()
    plain = client.get("/api/coverage").get_json()
    assert client.get("/api/coverage?grid=&kind=&level=&on=&page=").get_json() == plain
