"""Which options of a command its report may advise: those that it has and that are not on yet."""

from __future__ import annotations

import re
from collections.abc import Iterable

_READING = frozenset({"--crs", "--encoding"})
_LIST = _READING | {"--map"}
_POINTS = ("--swap", "--outside", "--frame")
_IDENTITIES = ("--same", "--different")

# By command, the options that texts in wording.py name. tests/unit/test_advice.py holds this
# against the commands themselves.
COMMANDS: dict[str, frozenset[str]] = {
    "grids": _READING
    | {
        "--name", "--parent", "--frame", "--repair", "--accept gap", "--accept outside_parent",
        "--reason", "--level", "--valid-from", "--as-plan", "--dry-run",
    },
    "members": _LIST | {"--date-order", *_IDENTITIES},
    "issues": _LIST | {"--date-order", *_POINTS},
    "facilities": _LIST | {*_POINTS, *_IDENTITIES},
    "buildings": _LIST | {*_POINTS, *_IDENTITIES},
    "roads": _READING | {"--frame", "--join-crossings", "--tolerance"},
    "check": frozenset(),
}  # fmt: skip

_NAMED = re.compile(r"--accept [a-z_]+|--[a-z][a-z-]*")


def offered(command: str, on: Iterable[str] = ()) -> frozenset[str]:
    """Return the options of a command that its report may still advise."""
    return COMMANDS[command] - frozenset(on)


def named(text: str) -> frozenset[str]:
    """Return the options that a text names; ``--accept`` together with what it accepts."""
    return frozenset(_NAMED.findall(text))
