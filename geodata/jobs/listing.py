"""How jobs fare: those that wait, are being done, or were given up; trying one again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from psycopg import Connection
from psycopg.rows import class_row

from geodata.errors import NotFoundError
from geodata.language.phrases import Phrase

State = Literal["todo", "doing", "failed"]
STATES: Mapping[State, Phrase] = {
    "todo": Phrase("Waiting"),
    "doing": Phrase("Being done"),
    "failed": Phrase("Given up"),
}
assert set(STATES) == set(get_args(State))
# What people call the kinds of jobs.
TITLES: Mapping[str, Phrase] = {
    "refresh_coverage": Phrase("Coverage of today after a change"),
    "refresh_coverage_of_other_days": Phrase("Coverage of other days after a change"),
    "compute_coverage": Phrase("Coverage of a day"),
    "check_alerts": Phrase("Alert rules"),
    "record_months": Phrase("Past months: which are missing"),
    "record_month": Phrase("Coverage of a past month"),
    "tidy": Phrase("Tidying up"),
}
# Jobs that were given up are shown for so long.
_FAILED_KEPT = "30 days"


@dataclass(frozen=True, slots=True)
class Listed:
    """A job; ``since`` is when it came into its state, ``next_at`` when it is tried again.

    ``message`` and ``data`` are the phrase that says why the last attempt failed.
    """

    job_id: int
    task: str
    day: str | None
    state: State
    attempts: int
    since: datetime | None
    next_at: datetime | None
    message: str | None
    data: dict[str, str]

    @property
    def reason(self) -> Phrase | None:
        """Why the last attempt failed, None if none did."""
        return Phrase(self.message, self.data) if self.message else None


def listed(conn: Connection[Any], limit: int = 200) -> list[Listed]:
    """List the jobs that are not done: given up, being done, waiting; in each the oldest first."""
    with conn.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute("SELECT * FROM jobs_listed() LIMIT %s", (limit,)).fetchall()


def count(conn: Connection[Any]) -> dict[State, int]:
    """Count the jobs that are not done, by state."""
    found = dict(conn.execute("SELECT state, count(*) FROM jobs_listed() GROUP BY 1").fetchall())
    return {state: found.get(state, 0) for state in STATES}


def retry(conn: Connection[Any], job_id: int) -> None:
    """Let a job that was given up be tried again at once.

    Raises NotFoundError if there is none of this number that was given up.
    """
    row = conn.execute("SELECT job_retried(%s)", (job_id,)).fetchone()
    if not row or not row[0]:
        raise NotFoundError(
            "There is no job {number} that was given up.",
            hint="It may have been tried again already.",
            number=job_id,
        )


def forget(conn: Connection[Any]) -> None:
    """Remove jobs given up long ago, and the notes that jobs are done which are gone."""
    conn.execute(
        """
        DELETE FROM procrastinate_jobs j WHERE status IN ('failed', 'cancelled', 'aborted')
            AND NOT EXISTS (SELECT FROM procrastinate_events e WHERE e.job_id = j.id
                            AND e.at > now() - %s::interval)
        """,
        (_FAILED_KEPT,),
    )
    conn.execute(
        """
        DELETE FROM job_done d
        WHERE NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.id = d.job_id)
        """
    )
