"""Serve the map: cluster, schema, demo county, web server, worker; at the end the reverse.

The web server's processes, the worker and the cluster are children: they end when this process
does, however it ends, and are started again when they end by themselves.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click

from geodata.accounts import keeping as accounts
from geodata.database import connecting as db
from geodata.database import locks, settings
from geodata.database.locks import Lock
from geodata.errors import GridMapError
from geodata.installation.embedded import Cluster
from geodata.installation.home import REPOSITORY, home_from_env
from geodata.language.phrases import Phrase
from scripts import demo_accounts, watching
from scripts.cli import language
from scripts.cli.language import translate as _
from scripts.cli.progress import Progress
from scripts.watching import Child
from scripts.web import Server, listen
from webmap.core import config

# What a job has done so far is undone when it is ended, and done the next time.
_WORKER_PATIENCE_S = 2.0


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
    """Run everything until a signal raises ``StopRequested``."""
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
        worker = stack.enter_context(_worker(url))
        watching.keep(*([cluster] if cluster else []), *server.children, worker)


@contextmanager
def _worker(url: str) -> Generator[Child]:
    """Do the jobs in the queue beside the server, behind all else that the machine does."""
    worker = Child(
        Phrase("The worker"),
        ["nice", "-n", "5", sys.executable, "-m", "scripts.cli", "worker"],
        environment={**os.environ, "GRIDMAP_DATABASE_URL": url},
        directory=str(REPOSITORY),
        descriptors=(),
        output=subprocess.DEVNULL,
    )
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(_WORKER_PATIENCE_S)


def load_demo(url: str, home: Path) -> None:
    """Load the demo county if the database has no grids, all of it or nothing.

    Its accounts are written to demo-accounts.json in the home, for the owner's eyes alone.
    """
    with db.failures(url), db.connect(url) as conn:
        locks.take(conn, Lock.DEMO)
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


def _request_stop(number: int, _frame: FrameType | None) -> None:
    # Once is enough: what follows is the shutdown, which another Ctrl-C must not break.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise StopRequested(number)


if __name__ == "__main__":
    main(prog_name="./scripts/run")
