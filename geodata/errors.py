"""Failures that geodata reports, each carrying the data that a message in any language needs.

A failure's ``message`` is an English template and ``data`` its values: the web and the command
line translate the template and then fill it in. Catch ``GridMapError`` to catch them all.
"""

from __future__ import annotations

import errno
from typing import ClassVar

from geodata.language.phrases import Phrase, Translate, english


class GridMapError(Exception):
    """Something that the reader can act on went wrong.

    ``message`` says what is wrong and where, ``hint`` what to do; both are ``str.format`` templates
    over ``data``. ``code`` is stable for machines.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "", **data: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.data = data

    def said(self, translate: Translate = english) -> str:
        """Return the text in the reader's language: what is wrong, then what to do."""
        text = Phrase(self.message, self.data)
        if self.hint:
            text = Phrase("{text} {hint}", {"text": text, "hint": Phrase(self.hint, self.data)})
        return text.said(translate)

    def __str__(self) -> str:
        """Return the English text."""
        return self.said()


class NotFoundError(GridMapError):
    """What was asked for does not exist, or not on that date."""

    code = "not_found"


class HiddenError(NotFoundError):
    """What does not exist, or is not the reader's to see: which of the two is told to nobody."""

    code = "hidden"


class AbsentError(NotFoundError):
    """A grid that exists, but not on that day.

    ``data``: grid_id, name and level of the version nearest to the day, on; first, its first day,
    and last, its last day (None if it exists still).
    """


class InvalidInputError(GridMapError):
    """A value that a person or a program sent cannot be used."""

    code = "invalid_input"


class StaleError(GridMapError):
    """What is to be changed was changed since it was seen. ``data``: its present revision."""

    code = "stale"


class SetupError(GridMapError):
    """The machine lacks something that GridMap needs: a package, a right, space."""

    code = "setup"


class StorageFullError(SetupError):
    """There is no room left to write; with room again the same request succeeds."""

    code = "storage_full"

    @classmethod
    def of_files(cls) -> StorageFullError:
        """Return the failure of a disk on which files are kept for as long as they are read."""
        return cls(
            "The disk for temporary files is full.",
            hint="Nothing was saved. Once there is space again, the same will succeed.",
        )


class UnavailableError(GridMapError):
    """The database is not there at the moment; the same request may succeed later."""

    code = "unavailable"


# What the system says of a disk, a quota or the largest file that it lets us write.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_full(error: OSError) -> bool:
    """Tell whether something could not be written for want of room."""
    return error.errno in _FULL
