"""``gridmap worker`` and ``gridmap jobs``: doing what stands in the queue, and looking at it."""

from __future__ import annotations

import logging

import click

from geodata.database import clock
from geodata.database import connecting as db
from geodata.jobs import listing, running
from geodata.jobs.listing import Listed
from geodata.jobs.tasks import TASKS
from scripts.cli.connecting import address, database
from scripts.cli.language import translate as _


@click.command()
def worker() -> None:
    """Do the jobs in the queue until Ctrl-C: coverage, past months, alert rules, documents.

    ./scripts/run starts one. As many as are wanted can run beside it, on other machines with
    GRIDMAP_DATABASE_URL: each job is done once, by one of them.
    """
    # What procrastinate tells of each job is of no interest; what fails is, and is told without
    # what the database says of rows.
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    with address() as url:
        db.migrate(url)
        running.run(url, TASKS, begun=lambda: click.echo(_("Doing jobs; Ctrl-C ends it.")))


@click.command()
@click.option("--retry", "again", type=int, metavar="NUMBER", help="Try one again, given up.")
def jobs(again: int | None) -> None:
    """List the jobs that wait, are being done, or were given up.

    Exit status 1 if any was given up.
    """
    with database() as conn:
        if again is not None:
            listing.retry(conn, again)
        found = listing.listed(conn)
        counts = listing.count(conn)
    click.echo("  ".join(f"{listing.STATES[key].said(_)}: {n:,}" for key, n in counts.items()))
    for each in found:
        click.echo(_line(each))
    if counts["failed"]:
        raise SystemExit(1)


def _line(job: Listed) -> str:
    title = listing.TITLES.get(job.task)
    parts = [
        str(job.job_id),
        listing.STATES[job.state].said(_),
        title.said(_) if title else job.task,
        *([job.day] if job.day else []),
        *([f"{job.since.astimezone(clock.zone()):%Y-%m-%d %H:%M:%S}"] if job.since else []),
    ]
    if job.attempts:
        parts.append(_("attempts: {n}").format(n=job.attempts))
    if job.reason:
        parts.append(job.reason.said(_))
    return "  ".join(parts)


commands: tuple[click.Command, ...] = (worker, jobs)
