"""The private cluster: what it promises, who may have it, and what it survives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from geodata.database import connecting as db
from geodata.errors import SetupError
from geodata.installation import machine as installation
from geodata.installation.embedded import Cluster, attach
from geodata.installation.home import REPOSITORY, HomeInUseError
from geodata.installation.leftovers import evict
from scripts import demo_accounts

# Starts the cluster of a home, says so, and waits to be killed.
STARTER = """
import sys, time
from pathlib import Path
from geodata.installation.embedded import Cluster
with Cluster(Path(sys.argv[1]), purpose="a test") as cluster:
    print(cluster.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def empty_home() -> Iterator[Path]:
    """A home that is not there yet, removed at the end wherever its cluster went."""
    parent = Path(tempfile.mkdtemp(prefix="gridmap-"))
    parent.chmod(0o711)
    yield parent / "home"
    for cluster in parent.rglob("cluster"):
        evict(cluster.resolve() / "data")
        if cluster.is_symlink():
            shutil.rmtree(cluster.readlink())
    shutil.rmtree(parent)


@pytest.fixture(scope="module")
def resting_cluster() -> Iterator[Path]:
    """The home of a cluster that has been made and stopped."""
    parent = Path(tempfile.mkdtemp(prefix="gridmap-"))
    parent.chmod(0o711)
    with Cluster(parent / "home"):
        pass
    yield parent / "home"
    shutil.rmtree(parent)


@pytest.fixture
def home(empty_home: Path, resting_cluster: Path) -> Path:
    """A home whose cluster was made already, which saves seconds."""
    subprocess.run(["cp", "-a", resting_cluster, empty_home], check=True)
    return empty_home


def start(home: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a cluster in another process; return that process and PostgreSQL's number."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    with starter.stdout:
        return starter, int(starter.stdout.readline())


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists() and bool(Path(f"/proc/{pid}/cmdline").read_bytes())


def wait_until_gone(pid: int, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def write_row(url: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE kept (word text)")
        conn.execute("INSERT INTO kept VALUES ('committed')")


def read_row(url: str) -> str:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT word FROM kept").fetchone()
    assert row is not None
    return row[0]


def test_cluster_is_durable_private_and_unprivileged(empty_home: Path) -> None:
    with Cluster(empty_home) as cluster:
        pid = cluster.pid
        assert pid is not None
        assert Path(f"/proc/{pid}").stat().st_uid != 0
        with psycopg.connect(cluster.url) as conn:
            for setting, value in {
                "data_checksums": "on",
                "fsync": "on",
                "full_page_writes": "on",
                "synchronous_commit": "on",
                "listen_addresses": "",
                "server_encoding": "UTF8",
                "is_superuser": "off",
            }.items():
                row = conn.execute("SELECT current_setting(%s)", [setting]).fetchone()
                assert row == (value,), setting
        assert cluster.home.sockets.stat().st_mode & 0o777 == 0o700
    assert not is_alive(pid)
    assert cluster.pid is None


def test_logs_are_for_their_owner_alone_whatever_the_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        with Cluster(home) as cluster:
            assert cluster.log.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    older = cluster.log.with_suffix(".log.1")
    shutil.copy(cluster.log, older)
    for name in ("secret-key", "demo-accounts.json"):
        (home / name).write_text("kept")
    left = [cluster.log, older, home / "secret-key", home / "demo-accounts.json"]
    for path in left:
        path.chmod(0o644)
    with Cluster(home):
        assert [path.stat().st_mode & 0o777 for path in left] == [0o600] * 4
        assert (home / "secret-key").read_text() == "kept"


def test_a_new_home_is_not_listed_by_others(empty_home: Path) -> None:
    before = os.umask(0)
    try:
        demo_accounts.write(empty_home, [])
        with Cluster(empty_home.with_name("other")):
            homes = (empty_home, empty_home.with_name("other"))
            assert [each.stat().st_mode & 0o066 for each in homes] == [0, 0]
    finally:
        os.umask(before)
    accounts = empty_home / demo_accounts.NAME
    assert accounts.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
def test_other_system_users_are_not_let_in(home: Path) -> None:
    with Cluster(home) as cluster:
        # Past the directory's protection the server itself still asks who is calling.
        cluster.home.sockets.chmod(0o711)
        psql = ["psql", cluster.url, "-c", "SELECT 1"]
        asked = subprocess.run(
            ["setpriv", "--reuid=nobody", "--clear-groups", *psql],
            cwd="/",
            capture_output=True,
            text=True,
        )
    assert asked.returncode != 0
    assert "Peer authentication failed" in asked.stderr


def test_second_server_on_a_home_is_told_who_has_it(home: Path) -> None:
    starter, _ = start(home)
    try:
        with pytest.raises(HomeInUseError, match=rf"process {starter.pid} \(a test\)"):
            Cluster(home).start()
    finally:
        starter.kill()
        starter.wait()


def test_two_homes_live_side_by_side(home: Path) -> None:
    with Cluster(home) as one, Cluster(home.with_name("other")) as other:
        write_row(one.url)
        with psycopg.connect(other.url) as conn:
            assert conn.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_killed_starter_takes_the_cluster_along_and_nothing_is_lost(home: Path) -> None:
    starter, pid = start(home)
    write_row(Cluster(home).url)
    starter.kill()
    starter.wait()
    # At once, while the old one may still be stopping.
    with Cluster(home) as cluster:
        assert not is_alive(pid)
        assert read_row(cluster.url) == "committed"


def test_killed_postgres_recovers(home: Path) -> None:
    with Cluster(home) as cluster:
        write_row(cluster.url)
        assert cluster.pid is not None
        os.kill(cluster.pid, signal.SIGKILL)
        while cluster.pid is not None:
            time.sleep(0.01)
        cluster.start_again()
        assert read_row(cluster.url) == "committed"


def test_server_process_without_a_postmaster_does_not_block_the_next_start(home: Path) -> None:
    with Cluster(home) as cluster, psycopg.connect(cluster.url) as conn:
        busy = conn.info.backend_pid
        # In the middle of a computation it notices nothing.
        os.kill(busy, signal.SIGSTOP)
        assert cluster.pid is not None
        os.kill(cluster.pid, signal.SIGKILL)
        wait_until_gone(cluster.pid)
        assert is_alive(busy)
        cluster.start_again()
        assert not is_alive(busy)
        conn.close()


def test_stale_pid_file_whose_number_is_in_use_again(home: Path) -> None:
    with Cluster(home) as cluster:
        data = cluster.home.data
        recorded = (data / "postmaster.pid").read_text()
    # A process of the same account, as PostgreSQL only respects those.
    account = installation.account_for(data)
    sleeper = subprocess.Popen(account.command("sleep", "60"))
    try:
        _, rest = recorded.split("\n", 1)
        (data / "postmaster.pid").write_text(f"{sleeper.pid}\n{rest}")
        os.chown(data / "postmaster.pid", account.uid, account.gid)
        with Cluster(home) as cluster:
            assert cluster.pid is not None
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_unfinished_creation_is_started_over(empty_home: Path) -> None:
    unfinished = empty_home / "cluster" / "data.new-1"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("15\n")
    empty_home.chmod(0o711)
    with Cluster(empty_home) as cluster:
        assert cluster.pid is not None
    assert not unfinished.exists()


@pytest.mark.parametrize("name", ["long" * 40, "空格 and 'quotes', 100%"])
def test_any_path_will_do(empty_home: Path, name: str) -> None:
    with Cluster(empty_home / name) as cluster:
        write_row(cluster.url)
        sockets = cluster.home.sockets
    with Cluster(empty_home / name) as cluster:
        assert read_row(cluster.url) == "committed"
    sockets.rmdir()


def test_home_that_nobody_else_may_enter(empty_home: Path) -> None:
    empty_home.parent.chmod(0o700)
    with Cluster(empty_home) as cluster:
        write_row(cluster.url)
        # As root the database's account cannot get there.
        assert (empty_home / "cluster").is_symlink() == (os.geteuid() == 0)
    with Cluster(empty_home) as cluster:
        assert read_row(cluster.url) == "committed"


def test_socket_directory_of_another_user_is_refused(empty_home: Path) -> None:
    cluster = Cluster(empty_home / ("long" * 40))
    cluster.home.sockets.symlink_to(empty_home.parent)
    try:
        with pytest.raises(SetupError, match="belongs to another user"):
            cluster.start()
    finally:
        cluster.home.sockets.unlink()


def test_disk_nearly_full(empty_home: Path) -> None:
    with pytest.raises(SetupError, match=r"nearly full: \d+ MB free"):
        Cluster(empty_home, min_free_bytes=2**60).start()
    # Nothing is left locked.
    with Cluster(empty_home) as cluster:
        assert cluster.pid is not None


def test_failed_start_says_why(home: Path) -> None:
    with Cluster(home) as cluster:
        pass
    (cluster.home.cluster / "local.conf").write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(SetupError, match="invalid value for parameter"):
        Cluster(home).start()


def test_command_joins_the_running_server(home: Path) -> None:
    with Cluster(home) as cluster:
        pid = cluster.pid
        with attach(home) as url:
            write_row(url)
        assert cluster.pid == pid
        assert read_row(cluster.url) == "committed"


def test_command_without_a_server_has_a_cluster_for_as_long_as_it_lasts(home: Path) -> None:
    with attach(home) as url:
        write_row(url)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    with attach(home) as url:
        assert read_row(url) == "committed"


def test_command_does_not_cut_off_another_that_joined_it(home: Path) -> None:
    joined, may_end = threading.Event(), threading.Event()
    outcome: list[str] = []

    def join() -> None:
        with attach(home) as url, psycopg.connect(url) as conn:
            joined.set()
            may_end.wait(30)
            outcome.append(str(conn.execute("SELECT 'still here'").fetchone()))

    with attach(home):
        other = threading.Thread(target=join)
        other.start()
        assert joined.wait(30)
        threading.Timer(0.5, may_end.set).start()
    other.join()
    assert outcome == ["('still here',)"]


def test_missing_postgis_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match="PostgreSQL with PostGIS is not installed"):
        installation.find_postgres(root=tmp_path)
    programs = tmp_path / "usr/lib/postgresql/16/bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (programs / name).touch()
    with pytest.raises(SetupError, match="install postgresql-16-postgis-3"):
        installation.find_postgres(root=tmp_path)
    extensions = tmp_path / "usr/share/postgresql/16/extension"
    extensions.mkdir(parents=True)
    (extensions / "postgis.control").touch()
    assert installation.find_postgres(root=tmp_path).major == 16
    with pytest.raises(SetupError, match="made by PostgreSQL 15, which is not installed"):
        installation.find_postgres(15, root=tmp_path)


def test_too_old_postgres_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for path in ("lib/postgresql/14/bin/postgres", "lib/postgresql/14/bin/initdb"):
        (tmp_path / "usr" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "usr" / path).touch()
    (tmp_path / "usr/share/postgresql/14/extension").mkdir(parents=True)
    (tmp_path / "usr/share/postgresql/14/extension/postgis.control").touch()
    with pytest.raises(SetupError, match=f"14 is too old: GridMap needs {db.MIN_SERVER}"):
        installation.find_postgres(root=tmp_path)
