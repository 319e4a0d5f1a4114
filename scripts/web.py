"""The web server: nginx on the port, and behind it the application's processes (gunicorn)."""

from __future__ import annotations

import errno
import fcntl
import http.client
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from geodata.errors import SetupError
from geodata.installation.home import REPOSITORY, home_from_env
from geodata.language.phrases import Phrase
from scripts import front
from scripts.watching import Child
from webmap.core import config

_DIRECTORY = "gridmap-web-"
_READY_TIMEOUT_S = 60.0
# Requests that wait for a free thread, or for a process that is being started again.
_BACKLOG = 1024
# One that answers what takes long: it computes on one core, whatever the number of threads.
_HEAVY_THREADS = 4


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
    """The web server on a bound socket. ``with`` starts and stops it."""

    def __init__(self, database_url: str, listener: socket.socket, host: str = "") -> None:
        self._database_url = database_url
        self._listener = listener
        self._host = host
        self._stack = ExitStack()
        self._front_log = Path(os.devnull)
        self.children: list[Child] = []

    @property
    def url(self) -> str:
        """Where the map is, with the host as it was asked for."""
        address, port = self._listener.getsockname()[:2]
        host = self._host or address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            directory = _directory(stack)
            # What nginx says until it has read its configuration, faults in it above all.
            self._front_log = directory / "start.log"
            self._front_log.touch()
            sockets = front.Sockets(directory / "light", directory / "heavy", directory / "gate")
            applications = [
                self._application("light", sockets.light, stack),
                self._application("heavy", sockets.heavy, stack),
            ]
            nginx = self._front(directory, sockets, stack)
            # The reverse at the end: first those finish whose answers are on their way.
            stack.callback(_end, applications, signal.SIGTERM, 15.0)
            stack.callback(_end, [nginx], signal.SIGQUIT, 5.0)
            self.children = [*applications, nginx]
            for child in self.children:
                child.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def wait_until_ready(self) -> None:
        """Return when /readyz answers 200; raises ``SetupError`` if a part of it has stopped."""
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while not self._is_ready():
            for child in self.children:
                if child.status is not None:
                    print(self._front_log.read_text("utf-8"), file=sys.stderr, end="")
                    raise SetupError(
                        "{name} stopped with status {status}; its message is above.",
                        name=child.name,
                        status=child.status,
                    )
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

    def _front(self, directory: Path, sockets: front.Sockets, stack: ExitStack) -> Child:
        host, port = self._listener.getsockname()[:2]
        listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        file = front.write(directory, listen, sockets, config.proxies())
        gate = _socket_for_front(sockets.gate, stack)
        descriptors = [self._listener.fileno(), gate.fileno()]
        return Child(
            Phrase("The web server"),
            [front.find_nginx(), "-c", str(file), "-p", str(directory), "-e", str(self._front_log)],
            # It takes over sockets that it is told of, instead of binding them.
            environment={**os.environ, "NGINX": "".join(f"{each};" for each in descriptors)},
            directory=str(directory),
            descriptors=descriptors,
        )

    def _application(self, part: str, path: Path, stack: ExitStack) -> Child:
        bound = path.with_suffix(".bound")
        listener = _socket_for_front(bound, stack)
        os.link(bound, path)
        # Held open here: while a process is started again, requests wait in its queue.
        listener.listen(_BACKLOG)
        descriptor = listener.fileno()
        heavy = part == "heavy"
        command = [sys.executable, "-m", "gunicorn", *gunicorn_options(descriptor, heavy=heavy)]
        return _Application(
            bound,
            path,
            Phrase("The application for what takes long") if heavy else Phrase("The application"),
            [*(("nice", "-n", "5") if heavy else ()), *command, "webmap:create_app()"],
            environment={
                **os.environ,
                "GRIDMAP_DATABASE_URL": self._database_url,
                "GRIDMAP_HOME": str(home_from_env()),
                "GRIDMAP_BEHIND_FRONT": "1",
                "GRIDMAP_LISTENING_ON": self._host,
            },
            directory=str(REPOSITORY),
            descriptors=[descriptor],
        )


def _directory(stack: ExitStack) -> Path:
    """Make a directory for sockets, pages and the cache, for as long as the server runs."""
    for left in Path(tempfile.gettempdir()).glob(f"{_DIRECTORY}*"):
        number = left.name.removeprefix(_DIRECTORY).partition("-")[0]
        is_ours = number.isdecimal() and left.lstat().st_uid == os.geteuid()
        if is_ours and not Path(f"/proc/{number}").exists():
            # Its server was killed.
            shutil.rmtree(left, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix=f"{_DIRECTORY}{os.getpid()}-"))
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    # nginx's workers may be another account: they pass, and find what is theirs.
    directory.chmod(0o711)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    stack.callback(os.close, descriptor)
    # What is locked is not tidied away for its age (tmpfiles.d(5)).
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return directory


def _socket_for_front(path: Path, stack: ExitStack) -> socket.socket:
    """Make a Unix socket that nobody but nginx may open."""
    made = stack.enter_context(socket.socket(socket.AF_UNIX))
    made.bind(str(path))
    path.chmod(0o600)
    if (account := front.account()) is not None:
        os.chown(path, account.pw_uid, account.pw_gid)
    return made


def _end(children: Sequence[Child], request: signal.Signals, patience_s: float) -> None:
    """Ask all to end at once, then wait for each."""
    for child in children:
        child.ask_to_end(request)
    for child in children:
        child.stop(patience_s)


class _Application(Child):
    """gunicorn on a Unix socket that has two names: the one that it was bound to, and the front's.

    gunicorn removes the first when it is told to end, no matter who tells it.
    """

    def __init__(self, bound: Path, path: Path, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._bound = bound
        self._path = path

    def start(self) -> None:
        if not self._bound.exists():
            os.link(self._path, self._bound)
        super().start()


def gunicorn_options(descriptor: int, *, heavy: bool) -> list[str]:
    """Return gunicorn's options: a process per core, threads for those who wait."""
    threads = _HEAVY_THREADS if heavy else 16
    options = {
        "--bind": f"fd://{descriptor}",
        "--backlog": str(_BACKLOG),
        "--worker-class": "gthread",
        "--workers": "1" if heavy else str(config.workers()),
        "--threads": str(threads),
        # What one process has no thread for is left to the others.
        "--worker-connections": str(threads),
        # The front has a connection for each request: it goes to the one that is free.
        "--keep-alive": "0",
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
