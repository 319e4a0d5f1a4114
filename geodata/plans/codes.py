"""Codes by the numbering rule: the parent's code and three digits, never used twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from geodata.errors import InvalidInputError
from geodata.model import Level

_DIGITS = 3


def next_free(conn: Connection[Any], level: Level, prefix: str, taken: Sequence[str]) -> str:
    """Return the code after the highest that was ever given below a parent's code.

    ``taken`` are codes of drafts, which count as given. A code is never reused, so gaps in the
    numbering stay. Raises InvalidInputError when all numbers are used up.
    """
    # The range is found through the index of codes; what follows leaves only the rule's own.
    row = conn.execute(
        """
        SELECT max(right(code, %(digits)s)::int) FROM grid_version
        WHERE level = %(level)s::grid_level
          AND code >= %(prefix)s AND code < %(prefix)s || ':'
          AND length(code) = length(%(prefix)s) + %(digits)s AND starts_with(code, %(prefix)s)
          AND right(code, %(digits)s) ~ '^[0-9]+$'
        """,
        {"digits": _DIGITS, "level": level, "prefix": prefix},
    ).fetchone()
    used = [row[0] if row and row[0] is not None else 0]
    used += [
        int(code[-_DIGITS:])
        for code in taken
        if len(code) == len(prefix) + _DIGITS
        and code.startswith(prefix)
        and code[-_DIGITS:].isdecimal()
    ]
    number = max(used) + 1
    if number >= 10**_DIGITS:
        raise InvalidInputError(
            "All numbers below {prefix} have been used.", hint="Enter a code.", prefix=prefix
        )
    return f"{prefix}{number:0{_DIGITS}d}"
