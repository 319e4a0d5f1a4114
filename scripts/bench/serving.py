"""What benchmarks of the web server share: a served county, and people who ask."""

from __future__ import annotations

import http.client
import random
import re
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests

from geodata import demo
from geodata.database import connecting as db
from geodata.demo import DemoAccount
from geodata.installation.embedded import Cluster
from scripts.web import Server, listen

TIMEOUT_S = 120.0


@dataclass(slots=True)
class Served:
    """A county that is served, with its accounts."""

    url: str
    cluster: Cluster
    server: Server
    accounts: list[DemoAccount]

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 80)


@contextmanager
def served(compounds: int = 2_000) -> Generator[Served]:
    """Serve a demo county of so many compounds as scripts/run does, in a home of its own."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                demo.load(conn, compounds=compounds)
                accounts = demo.write_accounts(conn)
                conn.commit()
                conn.autocommit = True
                conn.execute("VACUUM ANALYZE")
            with (
                listen("127.0.0.1", 0) as listener,
                Server(cluster.app_url, listener) as server,
            ):
                server.wait_until_ready()
                yield Served(server.url, cluster, server, accounts)


def sign_in(map_: Served, role: str) -> str:
    """Sign in as the demo account of a role; return the cookies."""
    account = next(each for each in map_.accounts if each.role == role)
    with requests.Session() as session:
        page = session.get(f"{map_.url}sign-in", timeout=60).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        form = {
            "username": account.username,
            "password": account.password,
            "csrf_token": token[1],
        }
        session.post(f"{map_.url}sign-in", form, timeout=60).raise_for_status()
        return "; ".join(f"{each.name}={each.value}" for each in session.cookies)


@dataclass(slots=True)
class Answers:
    """What people got: seconds by answer, statuses, and failures to get any."""

    seconds: list[float] = field(default_factory=list[float])
    statuses: Counter[int] = field(default_factory=Counter[int])
    failures: Counter[str] = field(default_factory=Counter[str])

    def percentile(self, percent: int) -> float:
        """Return the time within which so many per cent were answered."""
        if len(self.seconds) < 2:
            return self.seconds[0] if self.seconds else float("nan")
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1]

    @property
    def errors(self) -> int:
        """How many got an answer of 500 or none at all."""
        return self.failures.total() + sum(n for s, n in self.statuses.items() if s >= 500)


def ask(
    address: tuple[str, int],
    paths: Sequence[str],
    *,
    people: int,
    seconds: float,
    pause_s: float = 0.0,
    sources: Sequence[str] = ("127.0.0.1",),
    cookies: Sequence[str] = ("",),
    on_answer: Callable[[str, int, float], None] | None = None,
) -> Answers:
    """Let people ask for paths in turn for a while; each has a connection that is kept alive.

    They pause between two questions, at random around ``pause_s``. Their addresses are
    ``sources``, in turn, and so are their cookies.
    """
    answers, lock = Answers(), threading.Lock()
    end = time.monotonic() + seconds

    def one(number: int) -> None:
        chance = random.Random(number)
        source, cookie = sources[number % len(sources)], cookies[number % len(cookies)]
        headers = {"Accept-Encoding": "br, gzip", **({"Cookie": cookie} if cookie else {})}
        connection: http.client.HTTPConnection | None = None
        turn = number
        if pause_s:
            time.sleep(chance.uniform(0, pause_s))
        while time.monotonic() < end:
            path = paths[turn % len(paths)]
            turn += 1
            begin = time.perf_counter()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(
                        *address, timeout=TIMEOUT_S, source_address=(source, 0)
                    )
                status = _get(connection, path, headers)
            except (OSError, http.client.HTTPException) as error:
                if connection is not None:
                    connection.close()
                connection = None
                with lock:
                    answers.failures[type(error).__name__] += 1
                continue
            took = time.perf_counter() - begin
            with lock:
                answers.seconds.append(took)
                answers.statuses[status] += 1
            if on_answer is not None:
                on_answer(path, status, took)
            if pause_s:
                time.sleep(chance.uniform(0.5, 1.5) * pause_s)
        if connection is not None:
            connection.close()

    threads = [threading.Thread(target=one, args=[number], daemon=True) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _get(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> int:
    connection.request("GET", path, headers=dict(headers))
    response = connection.getresponse()
    response.read()
    return response.status


class Meanwhile:
    """Runs something beside the ``with`` block and waits for it at its end."""

    def __init__(self, what: Callable[[], object]) -> None:
        self._thread = threading.Thread(target=what, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()
