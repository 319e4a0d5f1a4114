"""Whether clients that are slow or silent keep others from being answered.

Run: python3 -m scripts.bench.slow_clients [--granian PYTHON]
Hundreds of connections send half a header, half a body or nothing, or take their answer slowly,
and are held for a minute, while others use the map. With --granian the same is done with granian
in the place of nginx and gunicorn: PYTHON has to have it installed, of this version of Python.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import click

from geodata.installation.home import REPOSITORY
from scripts.bench.serving import Answers, Served, ask, served
from scripts.bench.table import Row, show

PATHS = ("/panel/home", "/healthz", "/api/search?q=hsz", "/?lang=zh", "/panel/home?mode=services")
BODY = 100_000
KINDS: dict[str, bytes] = {
    "half a header": b"GET /panel/home HTTP/1.1\r\n%(host)s\r\nX-Long: ",
    "half a body": (
        b"POST /sign-in HTTP/1.1\r\n%(host)s\r\nContent-Type: application/x-www-form-urlencoded"
        b"\r\nContent-Length: " + str(BODY).encode() + b"\r\n\r\nusername=a"
    ),
    "nothing": b"",
}


@click.command()
@click.option("--connections", default=500, show_default=True)
@click.option("--seconds", default=60, show_default=True)
@click.option("--granian", metavar="PYTHON", help="Measure granian as well.")
def main(connections: int, seconds: int, granian: str | None) -> None:
    """Measure and print the tables."""
    with served() as map_:
        rows = measure(map_.address, connections, seconds)
        show(f"{connections} slow connections, gunicorn behind nginx", rows)
        if granian:
            with _granian(map_, granian) as address:
                rows = measure(address, connections, seconds)
                show(f"{connections} slow connections, granian", rows)


def measure(address: tuple[str, int], connections: int, seconds: int) -> list[Row]:
    """Measure others on a quiet server, then beside each kind of slow client."""

    def others(how_long: float) -> Answers:
        return ask(address, PATHS, people=4, seconds=how_long, pause_s=0.2)

    others(5)
    quiet = others(20)
    rows = [Row("p95 on a quiet server", f"{quiet.percentile(95) * 1000:.0f} ms")]
    large = b"GET " + _largest_script(address).encode() + b" HTTP/1.1\r\n%(host)s\r\n\r\n"
    for kind, form in {**KINDS, "an answer not taken": large}.items():
        # By its right name: else it is refused before anything is read.
        sent = form.replace(b"%(host)s", b"Host: %s:%d" % (address[0].encode(), address[1]))
        _check_held(address, kind, sent)
        with holding(address, connections, sent) as replace:
            stop = threading.Event()
            keeper = threading.Thread(target=_keep, args=[replace, stop], daemon=True)
            keeper.start()
            beside = others(seconds)
            stop.set()
            keeper.join()
        ratio = beside.percentile(95) / quiet.percentile(95)
        failed = beside.errors
        rows.append(
            Row(
                f"beside {kind}: p95 / quiet; failures of {len(beside.seconds)}",
                f"{ratio:.2f} ({beside.percentile(95) * 1000:.0f} ms); {failed}",
                "<= 2; 0",
                ratio <= 2 and not failed,
            )
        )
    return rows


def _check_held(address: tuple[str, int], kind: str, sent: bytes) -> None:
    """Make sure that such a connection is held: one that is refused at once would keep nobody."""
    with socket.create_connection(address, timeout=3) as client:
        client.sendall(sent)
        try:
            answer = client.recv(12)
        except TimeoutError:
            return
        if answer != b"HTTP/1.1 200":
            raise RuntimeError(f"{kind} was answered at once: {answer!r}")


def _largest_script(address: tuple[str, int]) -> str:
    """Return the address of the largest file that the map page asks for, uncompressed."""
    sizes: dict[str, int] = {}
    connection = http.client.HTTPConnection(*address)

    def get(path: str) -> str:
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    for path in set(re.findall(r'"(/static/[^"]+\.js)"', get("/"))):
        sizes[path] = len(get(path))
    connection.close()
    return max(sizes, key=lambda path: sizes[path])


@contextmanager
def holding(
    address: tuple[str, int], connections: int, sent: bytes
) -> Generator[Callable[[], int]]:
    """Hold so many connections; the block calls what it is given to replace those that ended."""
    held: list[socket.socket] = []

    def connect() -> socket.socket:
        client = socket.create_connection(address, timeout=10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(sent)
        client.setblocking(False)
        return client

    def replace() -> int:
        replaced = 0
        for place, client in enumerate(held):
            with contextlib.suppress(BlockingIOError):
                # Whatever is there is left there, so that the answer is not taken.
                try:
                    ended = client.recv(1, socket.MSG_PEEK) == b""
                except ConnectionError:
                    ended = True
                if ended:
                    client.close()
                    with contextlib.suppress(OSError):
                        held[place] = connect()
                        replaced += 1
        return replaced

    try:
        for _ in range(connections):
            with contextlib.suppress(OSError):
                held.append(connect())
        yield replace
    finally:
        for client in held:
            client.close()


def _keep(replace: Callable[[], int], stop: threading.Event) -> None:
    while not stop.wait(1):
        replace()


@contextmanager
def _granian(map_: Served, python: str) -> Generator[tuple[str, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", "2", "--blocking-threads", "16"),
            *("--http1-header-read-timeout", "10000", "--log-level", "warning", "--factory"),
            "webmap:create_app",
        ],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "PYTHONPATH": f"{REPOSITORY}:{sysconfig.get_path('purelib')}",
            "GRIDMAP_DATABASE_URL": map_.cluster.app_url,
        },
    )
    try:
        for _ in range(300):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    break
            time.sleep(0.1)
        yield ("127.0.0.1", port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            # It waits for what it has not answered.
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
