"""Starting the child process, watching it, and saying in words how it ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geodata.errors import StorageFullError
from geodata.importing.files import exchange, workplace
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import Progress
from geodata.importing.files.sniffing import DRIVERS, SHAPE_DRIVERS
from geodata.language.phrases import Phrase, from_plain
from geodata.people.privacy import masked

_ROOT = Path(__file__).resolve().parents[3]
# As Python, C++ and Rust say it.
_OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "memory allocation of")
_NO_ROOM = 1 << 16
# A task that reads more formats than the others.
DRIVERS_OF: Mapping[str, Sequence[str]] = {"lines": SHAPE_DRIVERS}
_HARMLESS = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use: address space in bytes, processor and wall-clock seconds."""

    memory_bytes: int = 4 << 30
    cpu_s: int = 900
    wall_s: int = 1200
    file_bytes: int = 4 << 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the child left: plain data, and a folder with shapes until the context ends."""

    result: dict[str, Any]
    work: Path


@contextmanager
def opened(
    task: str,
    request: Mapping[str, object],
    shapes: Mapping[str, Iterable[bytes]],
    progress: Progress,
    limits: Limits,
) -> Generator[Outcome]:
    """Let the child work on a request; ``shapes`` are well-known binary under a file name.

    Raises:
        FileRefusedError: the file was refused, or the child ran into its limits or crashed
        StorageFullError: there was no room for what it makes of the file
    """
    with workplace.folder() as work:
        for name, shape in shapes.items():
            exchange.save_wkb(work / name, shape)
        asked = {
            "task": task,
            "request": dict(request),
            "limits": {
                "memory_bytes": limits.memory_bytes,
                "cpu_s": limits.cpu_s,
                "file_bytes": limits.file_bytes,
            },
        }
        (work / "request.json").write_text(json.dumps(asked, ensure_ascii=False), "utf-8")
        stage = _run(work, progress, limits, environment(work, DRIVERS_OF.get(task, DRIVERS)))
        try:
            written = (work / "result.json").read_text("utf-8")
        except FileNotFoundError:
            raise _failure(work, 0, stage, limits, is_late=False) from None
        result = json.loads(written, object_hook=from_plain)
        if "refused" in result:
            refused = result["refused"]
            data = {
                key: masked(value) if isinstance(value, str) else value
                for key, value in refused["data"].items()
            }
            raise FileRefusedError(
                refused["fault"], refused["message"], hint=refused["hint"], **data
            )
        yield Outcome(result, work)


def _run(work: Path, progress: Progress, limits: Limits, env: dict[str, str]) -> str:
    """Run the child to its end and return its last stage."""
    stage = Phrase("starting").text
    is_late = threading.Event()
    with (
        (work / "errors.txt").open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "geodata.importing.child", str(work)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=env,
            cwd=work,
            text=True,
            start_new_session=True,
        ) as child,
    ):

        def stop() -> None:
            is_late.set()
            child.kill()

        clock = threading.Timer(limits.wall_s, stop)
        clock.start()
        try:
            assert child.stdout is not None
            for line in child.stdout:
                told = json.loads(line)
                stage = told["stage"]
                progress(stage, told["share"])
            code = child.wait()
        except BaseException:
            child.kill()
            raise
        finally:
            clock.cancel()
    if code != 0:
        raise _failure(work, code, stage, limits, is_late=is_late.is_set())
    return stage


def _failure(
    work: Path, code: int, stage: str, limits: Limits, *, is_late: bool
) -> FileRefusedError | StorageFullError:
    """Say why a child ended without a result."""
    errors = (work / "errors.txt").read_text("utf-8", "replace")
    # On a disk that is full there may have been no room to say so.
    if "No space left on device" in errors or shutil.disk_usage(work).free < _NO_ROOM:
        return StorageFullError.of_files()
    if is_late or code in {-signal.SIGXCPU, -signal.SIGKILL}:
        seconds = limits.wall_s if is_late else limits.cpu_s
        return FileRefusedError(
            "time",
            "The file took longer than {seconds} s while {stage}.",
            hint="Send fewer rows or simpler shapes at a time.",
            seconds=seconds,
            stage=Phrase(stage),
        )
    if any(word in errors for word in _OUT_OF_MEMORY):
        return FileRefusedError(
            "memory",
            "The file needs more than {gigabytes:.0f} GB of memory while {stage}.",
            hint="Send fewer rows or simpler shapes at a time.",
            gigabytes=limits.memory_bytes / (1 << 30),
            stage=Phrase(stage),
        )
    last = errors.strip().splitlines()[-1:] or [f"exit code {code}"]
    return FileRefusedError(
        "crashed",
        "Reading the file failed while {stage}: {reason}",
        hint="The database was not touched.",
        stage=Phrase(stage),
        reason=masked(last[0][:300]),
    )


def environment(work: Path, drivers: Sequence[str] = DRIVERS) -> dict[str, str]:
    """Return what the child may know: no database address, no secrets, no network, few drivers."""
    # Loaded only where a file is about to be read: it brings pandas along.
    import pyogrio

    inherited = {name: os.environ[name] for name in _HARMLESS if name in os.environ}
    skipped = sorted(set(pyogrio.list_drivers()) - set(drivers))
    return inherited | {
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(work),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "GDAL_SKIP": ",".join(skipped),
        "PROJ_NETWORK": "OFF",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none",
        "GDAL_HTTP_TIMEOUT": "1",
        "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
        "SHAPE_RESTORE_SHX": "YES",
        "OGR_SQLITE_LOAD_EXTENSIONS": "NONE",
        "CPL_LOG": "/dev/null",
    }
