"""Whether the map comes back, and loses nothing, when its processes are killed.

Run: python3 -m scripts.bench.killing
In turn the application's first process, one of its workers, nginx and the database are killed
(SIGKILL) under ./scripts/run, while scenarios are made over HTTP: each that was acknowledged has
to be there at the end.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import click
import psycopg

from geodata.installation.embedded import Cluster
from geodata.installation.home import REPOSITORY
from scripts.bench.table import Row, show

PARTS = ("application", "worker", "database", "nginx", "heavy")
# A round begins with everything running.
PAUSE_S = 3.0


@click.command()
@click.option("--rounds", default=20, show_default=True)
@click.option("--writes", default=1_000, show_default=True, help="At least so many are made.")
def main(rounds: int, writes: int) -> None:
    """Kill, write, count, and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        home = folder / "home"
        run = subprocess.Popen(
            [REPOSITORY / "scripts" / "run", "--port", "0"],
            env={**os.environ, "GRIDMAP_HOME": str(home), "GRIDMAP_LANG": "en"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url = _wait_until_ready(run)
            rows = measure(run.pid, url, home, rounds, writes)
        finally:
            run.send_signal(signal.SIGTERM)
            run.wait(60)
    show(f"{rounds} times kill -9 under {writes:,} writes", rows)


def measure(run: int, url: str, home: Path, rounds: int, writes: int) -> list[Row]:
    """Kill one part after another under writes, and look what is there at the end."""
    accounts = json.loads((home / "demo-accounts.json").read_text())
    person = next(each for each in accounts if each["role"] == "county_official")
    writers = [_Writer(url, person["username"], person["password"], n) for n in range(3)]
    threads = [threading.Thread(target=writer.write, daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    longest = 0.0
    for number in range(rounds):
        time.sleep(PAUSE_S)
        os.kill(_find(run, PARTS[number % len(PARTS)]), signal.SIGKILL)
        begin = time.monotonic()
        while not _is_serving(url):
            if time.monotonic() - begin > 120:
                raise click.ClickException(f"It does not come back: {PARTS[number % len(PARTS)]}")
            time.sleep(0.05)
        longest = max(longest, time.monotonic() - begin)
    while sum(len(writer.acknowledged) for writer in writers) < writes:
        time.sleep(0.1)
    for writer in writers:
        writer.is_over = True
    for thread in threads:
        thread.join(60)
    acknowledged = {name for writer in writers for name in writer.acknowledged}
    with psycopg.connect(Cluster(home).url) as conn:
        kept = {row[0] for row in conn.execute("SELECT name FROM scenario").fetchall()}
    lost = acknowledged - kept
    refused = sum(writer.refused for writer in writers)
    return [
        Row(
            "acknowledged writes that are lost",
            f"{len(lost)} of {len(acknowledged):,} ({refused:,} not acknowledged)",
            "0",
            not lost,
        ),
        Row("serving again after, at most", f"{longest:.1f} s", "<= 10 s", longest <= 10),
    ]


class _Writer:
    """Makes scenarios one after another, and notes which were acknowledged."""

    def __init__(self, url: str, username: str, password: str, number: int) -> None:
        parts = urlsplit(url)
        self._address = str(parts.hostname), int(parts.port or 80)
        self._number = number
        self.acknowledged: list[str] = []
        self.refused = 0
        self.is_over = False
        self._cookies: dict[str, str] = {}
        page = self._send("GET", "/sign-in")[1]
        form = {"username": username, "password": password, "csrf_token": _token(page)}
        self._send("POST", "/sign-in", urlencode(form), "application/x-www-form-urlencoded")
        self._token = _token(self._send("GET", "/")[1])

    def write(self) -> None:
        """Write until it is over."""
        for count in range(10**6):
            if self.is_over:
                return
            name = f"{self._number}-{count}"
            try:
                status, _ = self._send(
                    "POST", "/api/scenarios", json.dumps({"name": name}), "application/json"
                )
            except (OSError, http.client.HTTPException):
                status = 0
            if status in (HTTPStatus.OK, HTTPStatus.CREATED):
                self.acknowledged.append(name)
            else:
                self.refused += 1
                time.sleep(0.2)

    def _send(self, method: str, path: str, body: str = "", kind: str = "") -> tuple[int, str]:
        connection = http.client.HTTPConnection(*self._address, timeout=60)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if kind:
            headers |= {"Content-Type": kind, "X-CSRFToken": getattr(self, "_token", "")}
        try:
            connection.request(method, path, body.encode(), headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name] = value
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def _token(page: str) -> str:
    found = re.search(r'(?:name="csrf_token"[^>]*value=|"X-CSRFToken": )"([^"]+)"', page)
    if found is None:
        raise click.ClickException("The page has no token.")
    return found[1]


def _find(run: int, part: str) -> int:
    """Return the number of a process under scripts/run."""
    children = _children(run)
    if part == "database":
        return next(pid for pid, command in children if "postgres" in command.split()[0])
    if part == "nginx":
        return next(pid for pid, command in children if "nginx" in command)
    threads = "--threads 4" if part == "heavy" else "--threads 16"
    master = next(pid for pid, command in children if threads in command)
    return _children(master)[0][0] if part == "worker" else master


def _children(parent: int) -> list[tuple[int, str]]:
    listing = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True
    ).stdout
    pairs = (line.split(None, 1) for line in listing.splitlines())
    return [(int(pid), command) for pid, command in pairs]


def _is_serving(url: str) -> bool:
    """Whether what is light and what takes long is answered."""
    parts = urlsplit(url)
    for path in ("/readyz", "/panel/home", "/figures"):
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        try:
            connection.request("GET", path)
            if connection.getresponse().status != HTTPStatus.OK:
                return False
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
    return True


def _wait_until_ready(run: subprocess.Popen[str]) -> str:
    assert run.stdout is not None
    for line in run.stdout:
        if found := re.match(r"GridMap is ready: (\S+)", line):
            return found[1]
    raise click.ClickException("It did not start; its message is above.")


if __name__ == "__main__":
    main()
