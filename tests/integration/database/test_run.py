"""``./scripts/run`` as people start and end it: the real script, the real servers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from geodata.installation.embedded import Cluster
from geodata.installation.home import REPOSITORY
from geodata.installation.leftovers import evict

READY = re.compile(r"GridMap is ready: (http://127\.0\.0\.1:\d+/)\n")


class Run:
    """A started ./scripts/run, with what it has printed so far."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.home = home
        self._output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed below
        self.process = subprocess.Popen(
            [REPOSITORY / "scripts" / "run", "--port", "0", "--no-demo", *arguments],
            env={**os.environ, "GRIDMAP_HOME": str(home), "GRIDMAP_WORKERS": "1", **environment},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    @property
    def output(self) -> str:
        self._output.seek(0)
        return self._output.read()

    def wait_for(self, pattern: re.Pattern[str] | str, within_s: float = 120) -> str:
        """Wait until the output matches; return the first group, or the whole match."""
        deadline = time.monotonic() + within_s
        while not (found := re.search(pattern, self.output)):
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)
        return found[found.lastindex or 0]

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def children(self) -> dict[str, int]:
        """Return its children: name of the program to number of the process."""
        listing = subprocess.run(
            ["ps", "-o", "pid=,comm=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
        ).stdout
        return {line.split()[1]: int(line.split()[0]) for line in listing.splitlines()}

    @staticmethod
    def commands(parent: int) -> list[tuple[int, str]]:
        """Return number and command line of a process's children."""
        listing = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True
        ).stdout
        pairs = (line.split(None, 1) for line in listing.splitlines())
        return [(int(pid), command) for pid, command in pairs]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._output.close()


@pytest.fixture(scope="module")
def resting_home() -> Iterator[Path]:
    """A home whose cluster was made, migrated by a first run, and stopped."""
    parent = Path(tempfile.mkdtemp(prefix="gridmap-"))
    parent.chmod(0o711)
    with Cluster(parent / "home"):
        pass
    yield parent / "home"
    shutil.rmtree(parent)


@pytest.fixture
def home(resting_home: Path) -> Iterator[Path]:
    parent = Path(tempfile.mkdtemp(prefix="gridmap-"))
    parent.chmod(0o711)
    subprocess.run(["cp", "-a", resting_home, parent / "home"], check=True)
    yield parent / "home"
    evict(parent / "home" / "cluster" / "data")
    shutil.rmtree(parent)


@pytest.fixture
def run(home: Path) -> Iterator[Run]:
    """A server that is up."""
    started = Run(home)
    started.wait_for(READY)
    yield started
    started.close()


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def database_url(home: Path) -> str:
    return Cluster(home).url


def wait_until_gone(*pids: int, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while any(_is_running(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still there: {pids}"
        time.sleep(0.05)


def _is_running(pid: int) -> bool:
    try:
        # The state stands behind the name, which is in brackets. Z: ended, not yet collected.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_serves_until_it_is_told_to_stop(run: Run, number: int, status: int) -> None:
    url = run.wait_for(READY)
    assert status_of(f"{url}readyz") == 200
    children = run.children()
    assert run.end(number) == status
    wait_until_gone(*children.values(), within_s=1)
    assert "Traceback" not in run.output
    # Whole and closed: the log of the next start would speak of recovery otherwise.
    assert not (run.home / "cluster" / "data" / "postmaster.pid").exists()


def test_nothing_survives_a_killed_run_and_nothing_committed_is_lost(run: Run, home: Path) -> None:
    with psycopg.connect(database_url(home)) as conn:
        conn.execute("INSERT INTO setting VALUES ('kept', 'true')")
    children = run.children()
    assert {"postgres"} < set(children)
    run.end(signal.SIGKILL)
    wait_until_gone(*children.values())
    left = [*Path(tempfile.gettempdir()).glob(f"gridmap-web-{run.process.pid}-*")]
    assert left
    again = Run(home)
    again.wait_for(READY)
    assert not any(each.exists() for each in left)
    with psycopg.connect(database_url(home)) as conn:
        assert conn.execute("SELECT value FROM setting WHERE key = 'kept'").fetchone() == (True,)
    again.close()


def test_killed_database_is_brought_back(run: Run) -> None:
    url = run.wait_for(READY)
    os.kill(run.children()["postgres"], signal.SIGKILL)
    run.wait_for("The database is back")
    deadline = time.monotonic() + 60
    while (status := status_of(f"{url}readyz")) != 200:
        # In the meantime it says so, and does not pretend.
        assert status == 503
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("part", ["light", "heavy", "worker", "front", "front's worker"])
def test_killed_parts_of_the_web_server_are_brought_back(run: Run, part: str) -> None:
    url = run.wait_for(READY)
    assert status_of(f"{url}readyz") == 200
    killed = _part(run, part)
    left = [pid for pid, _ in run.commands(killed)]
    os.kill(killed, signal.SIGKILL)
    if part in ("light", "heavy", "front"):
        run.wait_for("is back")
    for path in ("readyz", "figures"):
        deadline = time.monotonic() + 60
        # Anyone who asks in the meantime waits, or is told in words.
        while (status := status_of(f"{url}{path}")) not in (200, 404):
            assert status == 503
            assert time.monotonic() < deadline
    # None of its processes is left to answer in a way of its own.
    wait_until_gone(*left)


def _part(run: Run, part: str) -> int:
    """Return the number of a process of the web server."""
    wanted = {
        "light": ("gunicorn", "--threads 16"),
        "heavy": ("gunicorn", "--threads 4"),
        "front": ("nginx", ""),
    }
    name, option = wanted[{"worker": "light", "front's worker": "front"}.get(part, part)]
    [master] = [
        pid
        for pid, command in run.commands(run.process.pid)
        if name in command and option in command
    ]
    return run.commands(master)[0][0] if "worker" in part else master


def test_second_instance_on_a_home_is_told_who_has_it(run: Run, home: Path) -> None:
    second = Run(home)
    assert second.process.wait(60) == 1
    assert f"in use by process {run.process.pid} (scripts/run)" in second.output
    assert "Traceback" not in second.output
    second.close()


def test_port_in_use(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = Run(home, "--port", str(port))
        assert run.process.wait(60) == 1
    assert f"Port {port} on 127.0.0.1 is in use." in run.output
    assert f"--port {port + 1}" in run.output
    run.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRIDMAP_SECRET_KEY", "0123456789"),
        ("GRIDMAP_WORKERS", "0"),
        ("GRIDMAP_WORKERS", "abc"),
        ("GRIDMAP_POOL_SIZE", "0"),
        ("GRIDMAP_PROXIES", "-1"),
        ("GRIDMAP_OIDC_ISSUER", "http://sso.example"),
        ("GRIDMAP_FRAME_ANCESTORS", "*"),
        ("GRIDMAP_ALLOWED_HOSTS", "*"),
        ("GRIDMAP_TIMEZONE", "Asia/Nowhere"),
    ],
)
def test_a_setting_that_makes_no_sense_ends_the_start_before_anything(
    tmp_path: Path, name: str, value: str
) -> None:
    run = Run(tmp_path / "home", **{name: value})
    assert run.process.wait(60) == 1
    assert len(run.output.splitlines()) == 1, run.output
    assert run.output.startswith("Error: ")
    assert "GRIDMAP_" in run.output
    assert not (tmp_path / "home").exists()
    run.close()


@pytest.mark.parametrize("preload", [[], ["--preload"]])
def test_gunicorn_by_hand_says_the_same_without_a_traceback(
    tmp_path: Path, preload: list[str]
) -> None:
    started = subprocess.run(
        [
            *(sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket"),
            *preload,
            "webmap:create_app()",
        ],
        env={
            **os.environ,
            "GRIDMAP_HOME": str(tmp_path),
            "GRIDMAP_DATABASE_URL": "postgresql://127.0.0.1:1/none",
            "GRIDMAP_SECRET_KEY": "0123456789",
        },
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert started.returncode != 0
    assert "GRIDMAP_SECRET_KEY is too short. Use 32 random" in started.stderr
    assert "Traceback" not in started.stderr


def test_database_of_ones_own_replaces_the_cluster(home: Path, database_url: str) -> None:
    untouched = home.parent / "untouched"
    run = Run(untouched, GRIDMAP_DATABASE_URL=database_url)
    url = run.wait_for(READY)
    assert status_of(f"{url}readyz") == 200
    assert "postgres" not in run.children()
    assert run.end(signal.SIGINT) == 130
    assert not untouched.exists()
    run.close()


def test_worker_tidies_up_as_it_starts_and_says_what_it_could_not_do(
    home: Path, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("INSERT INTO attempt VALUES ('\\x01', now() - interval '1 day', 3)")
        conn.execute("INSERT INTO setting VALUES ('reporters_kept_days', '\"soon\"')")
    run = Run(home.parent / "untouched", GRIDMAP_DATABASE_URL=database_url)
    url = run.wait_for(READY)
    with psycopg.connect(database_url, autocommit=True) as conn:
        failed = "SELECT job_id, message, data FROM jobs_listed() WHERE state = 'failed'"
        wait_until(lambda: conn.execute(failed).rowcount == 1)
        [[job_id, message, data]] = conn.execute(failed).fetchall()
        assert message.format(**data).startswith("“soon” is not a number of days")
        assert status_of(f"{url}readyz") == 200
        # All of it or nothing.
        assert conn.execute("SELECT failures FROM attempt").fetchall() == [(3,)]
        conn.execute("DELETE FROM setting WHERE key = 'reporters_kept_days'")
        assert conn.execute("SELECT job_retried(%s)", [job_id]).fetchone() == (True,)
        wait_until(lambda: conn.execute("SELECT FROM attempt").rowcount == 0)
        wait_until(lambda: conn.execute(failed).rowcount == 0)
    assert run.end(signal.SIGTERM) == 0
    assert "Traceback" not in run.output
    run.close()


def wait_until(condition: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_setting_up_takes_no_time_when_all_is_there() -> None:
    script = f"source {REPOSITORY}/scripts/setup; set_up; time set_up"
    subprocess.run(["bash", "-c", script], check=True, capture_output=True)
    start = os.times()
    done = subprocess.run(
        ["bash", "-c", script], check=True, capture_output=True, text=True, timeout=60
    )
    end = os.times()
    # The processor's time: that of the clock depends on who else is at work.
    spent_s = end.children_user + end.children_system - start.children_user - start.children_system
    assert spent_s < 2
    assert "Installing" not in done.stderr


def test_command_line_speaks_in_one_line_when_it_fails(tmp_path: Path) -> None:
    asked = subprocess.run(
        [REPOSITORY / "scripts" / "gridmap", "demo"],
        env={**os.environ, "GRIDMAP_DATABASE_URL": "postgresql://127.0.0.1:1/none"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 1
    assert asked.stderr.startswith("Error: The database 127.0.0.1:1/none does not answer")
    assert len(asked.stderr.splitlines()) == 1


def test_command_line_lists_its_commands() -> None:
    listed = subprocess.run(
        [REPOSITORY / "scripts" / "gridmap", "--help"], capture_output=True, text=True, check=True
    )
    for command in ("basemap", "check", "demo", "import", "tidy"):
        assert re.search(rf"^  {command}\s+\S", listed.stdout, re.MULTILINE), command
