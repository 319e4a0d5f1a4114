"""A database that stops answering: nobody waits for it, and it is found again when it is back."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from geodata.database import connecting as db
from geodata.installation.embedded import Cluster
from webmap import create_app


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A server that can be frozen without stopping other tests."""
    home = Path(tempfile.mkdtemp(prefix="gridmap-"))
    home.chmod(0o711)
    with Cluster(home) as running:
        db.migrate(running.url)
        yield running
    shutil.rmtree(home)


@pytest.fixture
def app(own_cluster: Cluster) -> Flask:
    return create_app({"DATABASE_URL": own_cluster.app_url})


@contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """Stop all processes of the server; anyone who is connected stays so."""
    assert cluster.pid is not None
    os.kill(cluster.pid, signal.SIGSTOP)
    children = Path(f"/proc/{cluster.pid}/task/{cluster.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in (*children, cluster.pid):
            os.kill(int(pid), signal.SIGCONT)


def test_who_went_while_standing_in_line_costs_nothing(app: Flask) -> None:
    """Else one who asks and goes a thousand times keeps others from what takes long for hours."""
    ours, theirs = socket.socketpair()
    client, asked = app.test_client(), {"gunicorn.socket": ours}
    with ours:
        assert client.get("/panel/home", environ_overrides=asked).status_code == 200
        theirs.close()
        assert client.get("/panel/home", environ_overrides=asked).status_code == 503
        # What changes something is carried out; here it is refused for want of a token.
        assert client.post("/sign-in", environ_overrides=asked).status_code == 400


def test_nobody_waits_for_a_frozen_database(own_cluster: Cluster, app: Flask) -> None:
    def status(path: str) -> int:
        return app.test_client().get(path).status_code

    assert status("/readyz") == 200
    paths = ("/panel/home", "/?lang=en", "/api/search?q=a", "/tiles/grids.json", "/readyz")
    answers: dict[str, int] = {}
    with frozen(own_cluster):
        assert status("/healthz") == 200
        threads = [
            threading.Thread(target=lambda path=path: answers.setdefault(path, status(path)))
            for path in paths
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            # It stays frozen until all are answered, or have waited for too long.
            thread.join(20)
        assert answers == dict.fromkeys(paths, 503)
        # Known to be silent, it is not asked again.
        assert status("/panel/home") == 503
    deadline = time.monotonic() + 30
    while status("/readyz") != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_statement_may_take_its_time_as_long_as_the_database_lives(app: Flask) -> None:
    with app.test_request_context("/"):
        from webmap.core import db as pool

        with pool.statements() as conn:
            assert conn.execute("SELECT pg_sleep(4), 1").fetchone() == ("", 1)
