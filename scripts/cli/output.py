"""Files that commands write: refused before any work if they cannot be, and whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

from geodata.errors import SetupError
from scripts.cli.language import translate as _


class Output(click.ParamType[Path]):
    """A file to be written, named as an option or argument.

    ``endings`` are those that its name may have, any if empty. ``makes_folders``: those that are
    not there are made when it is written.
    """

    name = "file"

    def __init__(self, endings: Sequence[str] = (), *, makes_folders: bool = False) -> None:
        self._endings = endings
        self._makes_folders = makes_folders

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, or refuse it with the reason."""
        path = Path(value)
        if self._endings and path.suffix.lower() not in self._endings:
            told = _("“{file}” does not end in one of: {endings}.")
            self.fail(told.format(file=path.name, endings=_(", ").join(self._endings)), param, ctx)
        reason = reason_against(path, makes_folders=self._makes_folders)
        if reason is not None:
            self.fail(reason, param, ctx)
        return path


def reason_against(path: Path, *, makes_folders: bool = False) -> str | None:
    """Return why a file cannot be written, None if it seems that it can."""
    try:
        target = path.resolve()
        if target.is_dir():
            return _("{path} is a folder: name a file in it.").format(path=path)
        if target.exists():
            # Root may write into anything; that it is marked is reason enough.
            is_marked = not target.stat().st_mode & 0o222
            if is_marked or not os.access(target, os.W_OK):
                return _("{path} is read-only.").format(path=path)
            return None
        folder = target.parent
        while makes_folders and not folder.exists():
            folder = folder.parent
        if not folder.exists():
            return _("The folder {folder} is not there: make it first.").format(folder=folder)
        if not folder.is_dir():
            return _("{folder} is no folder.").format(folder=folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            return _("Nothing may be written into the folder {folder}.").format(folder=folder)
    # A loop of links is a RuntimeError.
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return _("{path} cannot be written: {reason}.").format(path=path, reason=reason)
    return None


def refuse_input(target: Path | None, *given: Path | None) -> None:
    """Refuse a file to be written that is one of those to be read."""
    for each in given:
        if target is None or each is None or not (target.exists() and each.exists()):
            continue
        if target.samefile(each):
            told = _("{path} is the file that is read: it would be lost.")
            raise click.BadParameter(told.format(path=target))


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is being written: ``path`` until it is whole, then ``target``."""

    target: Path
    path: Path

    def write(self, content: bytes) -> None:
        """Write the whole of it.

        Raises:
            SetupError: the disk is full, or the file cannot be written for another reason
        """
        with _failures(self.target):
            self.path.write_bytes(content)

    def copy(self, content: IO[bytes]) -> None:
        """Write the whole of it from a file. Raises as ``write`` does."""
        with _failures(self.target), self.path.open("wb") as out:
            shutil.copyfileobj(content, out)


@contextmanager
def written(target: Path) -> Generator[Draft]:
    """Give a file to write into, which takes the place of ``target`` when the block ends well.

    It is made at the start, in the same folder: what cannot be written is known before the work.

    Raises:
        SetupError: it cannot be written
    """
    with _failures(target):
        place = target.resolve()
        # A pipe or a device; and a file that may be changed in a folder that may not.
        is_direct = place.exists() and not (place.is_file() and os.access(place.parent, os.W_OK))
        draft = (
            place if is_direct else place.with_name(f".gridmap-{os.getpid()}-{place.name[-40:]}")
        )
        if not is_direct:
            draft.touch()
    try:
        yield Draft(target, draft)
        with _failures(target):
            if not is_direct and place.exists():
                shutil.copymode(place, draft)
            if not is_direct:
                draft.replace(place)
    finally:
        if not is_direct:
            draft.unlink(missing_ok=True)


@contextmanager
def _failures(target: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(
            "{path} cannot be written: {reason}.", path=target, reason=error.strerror
        ) from error
