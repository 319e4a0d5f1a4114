"""What jobs do: figures of coverage, past months, alert rules, tidying."""

from __future__ import annotations

from datetime import UTC, date, datetime

from geodata.alerts import reporting
from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures import recording
from geodata.database import clock
from geodata.installation import housekeeping
from geodata.jobs import listing, queue
from geodata.jobs.queue import Task, Work

# What readers wait for comes first; the day of today before others.
_PRIORITY_TODAY = 10
# One at a time: each would wait for the other's figures.
_COVERAGE = "coverage"


def _refresh_coverage(work: Work) -> None:
    """Bring today's figures up to date, then have the rest seen to that hangs on them."""
    if figures.ensure(work.conn, clock.today()):
        queue.ask(work.conn, CHECK_ALERTS, is_once=CHECK_ALERTS.name)
    _refresh_others(work)


def _refresh_coverage_of_other_days(work: Work) -> None:
    """Bring the figures of one other day up to date; the next is a job of its own.

    So today's, where they change meanwhile, wait for one day at the most.
    """
    if outdated := figures.outdated(work.conn):
        figures.ensure(work.conn, outdated[0])
    _refresh_others(work)


def _refresh_others(work: Work) -> None:
    if figures.outdated(work.conn):
        name = REFRESH_COVERAGE_OF_OTHER_DAYS.name
        queue.ask(work.conn, REFRESH_COVERAGE_OF_OTHER_DAYS, is_once=name)


def _compute_coverage(work: Work, day: str) -> None:
    """Compute the figures of a day that somebody asked for."""
    figures.ensure(work.conn, date.fromisoformat(day))


def _record_months(work: Work) -> None:
    """Have the past months written down that are missing, each by a job of its own."""
    for day, _ in recording.due(work.conn, clock.today()):
        name = f"{RECORD_MONTH.name} {day}"
        queue.ask(work.conn, RECORD_MONTH, {"day": day.isoformat()}, is_once=name)


def _record_month(work: Work, day: str) -> None:
    """Write down the figures of the first of a month."""
    for due, kinds in recording.due(work.conn, clock.today()):
        if due.isoformat() == day:
            recording.record(work.conn, due, kinds)


def _check_alerts(work: Work) -> None:
    """Let the alert rules report as of today."""
    reporting.evaluate(work.conn, clock.today())


def _tidy(work: Work) -> None:
    """Remove what has served its time."""
    housekeeping.tidy(work.conn, datetime.now(UTC))
    listing.forget(work.conn)


# The database asks for the first two itself (migration 0029): when something changes that figures
# rest on, and when somebody looks at a day that has none. The first comes every minute as well, so
# that midnight brings the figures of the day that begins.
REFRESH_COVERAGE = Task(
    "refresh_coverage", _refresh_coverage, "coverage", _COVERAGE, cron="* * * * *"
)
COMPUTE_COVERAGE = Task("compute_coverage", _compute_coverage, "coverage", _COVERAGE)
REFRESH_COVERAGE_OF_OTHER_DAYS = Task(
    "refresh_coverage_of_other_days", _refresh_coverage_of_other_days, "coverage", _COVERAGE
)
CHECK_ALERTS = Task("check_alerts", _check_alerts, "coverage", _COVERAGE, cron="17 * * * *")
RECORD_MONTHS = Task("record_months", _record_months, "upkeep", "upkeep", cron="27 * * * *")
RECORD_MONTH = Task("record_month", _record_month, "upkeep", "upkeep")
TIDY = Task("tidy", _tidy, "upkeep", "upkeep", cron="37 * * * *")

TASKS: tuple[Task, ...] = (
    REFRESH_COVERAGE,
    COMPUTE_COVERAGE,
    REFRESH_COVERAGE_OF_OTHER_DAYS,
    CHECK_ALERTS,
    RECORD_MONTHS,
    RECORD_MONTH,
    TIDY,
)
