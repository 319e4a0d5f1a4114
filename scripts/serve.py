"""Serve the map: cluster, schema, demo county, web server, in this order; the reverse at the end.

The web server and the cluster are children that end when this process does, however it ends.
"""

from __future__ import annotations

import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import click

from geodata import accounts, db, settings
from geodata.embedded import Cluster
from geodata.errors import GridMapError, SetupError
from geodata.homes import REPOSITORY, home_from_env
from scripts import demo_accounts
from scripts.cli import language
from scripts.cli.language import translate as _
from scripts.cli.progress import Progress
from scripts.housekeeping import Housekeeper
from webmap import config

# Held while the demo county is loaded, so that only one of several starters does.
_DEMO_LOCK = 341525002

_READY_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0
# A database that dies more often than this has a fault that restarting does not mend.
_RESTARTS = 5
_RESTARTS_WITHIN_S = 120.0


class StopRequested(KeyboardInterrupt):
    """Somebody wants us to stop; carries the signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--demo/--no-demo", default=True, help="Load the demo county into an empty database.")
@language.option
def main(port: int, host: str, demo: bool) -> None:
    """Set up and serve the map until Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _request_stop)
    try:
        serve(host, port, with_demo=demo)
    except StopRequested as stop:
        sys.exit(130 if stop.number == signal.SIGINT else 0)
    except GridMapError as error:
        sys.exit(language.said(error))


def serve(host: str, port: int, *, with_demo: bool) -> None:
    """Run everything until a signal raises ``StopRequested``, or the web server stops."""
    config.check()
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host, port))
        url, cluster = db.url_from_env(), None
        if url is None:
            cluster = stack.enter_context(Cluster(home_from_env(), purpose="scripts/run"))
            url = cluster.url
        db.migrate(url)
        if with_demo:
            load_demo(url, home_from_env())
        app_url = cluster.app_url if cluster else db.app_url_from_env() or url
        server = stack.enter_context(Server(app_url, listener, host))
        server.wait_until_ready()
        print(f"GridMap is ready: {server.url}", flush=True)
        stack.enter_context(Housekeeper(url))
        _supervise(server, cluster)


def load_demo(url: str, home: Path) -> None:
    """Load the demo county if the database has no grids, all of it or nothing.

    Its accounts are written to demo-accounts.json in the home, for the owner's eyes alone.
    """
    with db.failures(url), db.connect(url) as conn:
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [_DEMO_LOCK])
        if conn.execute("SELECT FROM grid LIMIT 1").rowcount:
            # A demo county from before there were accounts would show nobody its issues.
            if settings.read(conn).get("demo") and not accounts.count(conn):
                from geodata import demo

                demo_accounts.write(home, demo.write_accounts(conn))
            return
        # Slow to import, and needed once.
        from geodata import demo

        with Progress(_("Loading the demo county")) as progress:
            demo.load(conn, progress=progress)
        demo_accounts.write(home, demo.write_accounts(conn))
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE")


def listen(host: str, port: int) -> socket.socket:
    """Take the port at once, so that nothing is set up for a server that cannot serve.

    The socket is bound, not yet listening: clients are refused until the web server is there.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise SetupError("There is no address {host}.", host=host) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SetupError(
                "Port {port} on {host} is in use.",
                hint="Stop what uses it, or choose another: ./scripts/run --port {other}",
                port=port,
                host=host,
                other=port + 1,
            ) from error
        raise SetupError(
            "GridMap cannot listen on {host} port {port}: {reason}.",
            host=host,
            port=port,
            reason=error.strerror,
        ) from error
    return listener


class Server:
    """gunicorn on a bound socket, as a child. ``with`` starts and stops it."""

    def __init__(self, database_url: str, listener: socket.socket, host: str = "") -> None:
        self._database_url = database_url
        self._listener = listener
        self._host = host
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the map is, with the host as it was asked for."""
        address, port = self._listener.getsockname()[:2]
        host = self._host or address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def __enter__(self) -> Self:
        descriptor = self._listener.fileno()
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "gunicorn"),
                *gunicorn_options(f"fd://{descriptor}"),
                "webmap:create_app()",
            ],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "GRIDMAP_DATABASE_URL": self._database_url,
                "GRIDMAP_HOME": str(home_from_env()),
                "GRIDMAP_LISTENING_ON": self._host,
            },
            stdin=subprocess.DEVNULL,
            pass_fds=[descriptor],
            # Ctrl-C in the terminal is for us; we pass it on.
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        if process is None:
            return
        for request in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is not None:
                return
            process.send_signal(request)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_TIMEOUT_S)

    def check(self) -> None:
        """Raise ``SetupError`` if the server has stopped."""
        status = self._process.poll() if self._process else None
        if status is not None:
            raise SetupError(
                "The web server stopped with status {status}; its message is above.", status=status
            )

    def wait_until_ready(self) -> None:
        """Return when /readyz answers 200."""
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while not self._is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise SetupError("The web server does not get ready in time.")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        host, port = self._listener.getsockname()[:2]
        # Listening everywhere, it listens here too.
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, str(host))  # noqa: S104
        connection = http.client.HTTPConnection(near, port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def gunicorn_options(bind: str) -> list[str]:
    """Return gunicorn's options: a process per core, threads for those who wait."""
    options = {
        "--bind": bind,
        "--worker-class": "gthread",
        "--workers": str(config.workers()),
        "--threads": "8",
        "--keep-alive": "30",
        "--timeout": "60",
        "--graceful-timeout": "10",
        "--log-level": "warning",
    }
    if Path("/dev/shm").is_dir():  # noqa: S108 - gunicorn makes unnamed files there
        # Heartbeats in memory: a slow disk must not look like a dead worker.
        options["--worker-tmp-dir"] = "/dev/shm"  # noqa: S108
    # Loaded once, then forked: starts faster, and a fault in it ends the start at once.
    flags = ["--preload", "--no-control-socket"]
    return [word for pair in options.items() for word in pair] + flags


def _supervise(server: Server, cluster: Cluster | None) -> None:
    """Watch both children; bring back a database that died."""
    restarts: deque[float] = deque(maxlen=_RESTARTS)
    while True:
        server.check()
        if cluster is not None and cluster.pid is None:
            now = time.monotonic()
            if len(restarts) == _RESTARTS and now - restarts[0] < _RESTARTS_WITHIN_S:
                raise SetupError(
                    "The database stops again and again.",
                    hint="The reason is in {log}",
                    log=cluster.log,
                )
            restarts.append(now)
            print(_("The database stopped unexpectedly; starting it again …"), file=sys.stderr)
            cluster.restart()
            print(_("The database is back."), file=sys.stderr, flush=True)
        time.sleep(0.2)


def _request_stop(number: int, _frame: FrameType | None) -> None:
    # Once is enough: what follows is the shutdown, which another Ctrl-C must not break.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise StopRequested(number)


if __name__ == "__main__":
    main(prog_name="./scripts/run")
