"""Revisions: a number per subject that grows with every change of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from psycopg import Connection

Subject = Literal["grids", "members", "issues", "services"]


def read_current(conn: Connection[Any], subjects: Sequence[Subject]) -> int:
    """Return one number that grows whenever one of the subjects changes: the sum of theirs."""
    row = conn.execute(
        "SELECT sum(number)::bigint FROM revision WHERE subject = ANY(%(subjects)s)",
        {"subjects": list(subjects)},
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
