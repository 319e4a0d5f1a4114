"""``gridmap check``: does the ground in the database keep the partition law?"""

from __future__ import annotations

from datetime import datetime
from typing import cast

import click

from geodata.importing.checking import check as check_ground
from geodata.model import LEVELS, Level
from scripts.cli.connecting import database


@click.command()
@click.option(
    "--level",
    "levels",
    type=click.Choice(LEVELS),
    multiple=True,
    help="Only this level. Repeatable.",
)
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day; today if left out.")
@click.option("--all", "show_all", is_flag=True, help="Show every line.")
def check(levels: tuple[str, ...], day: datetime | None, show_all: bool) -> None:
    """Check overlaps, gaps, slivers and nesting of what is in the database.

    Exit status 1 when something must be put right; recorded exceptions do not count.
    """
    on = (day or datetime.now().astimezone()).date()
    with database() as conn:
        reports = check_ground(conn, cast("tuple[Level, ...]", levels) or LEVELS, on=on)
        conn.rollback()
    if not reports:
        click.echo(f"There are no grids on {on.isoformat()}.")
    for report in reports:
        click.echo(report.to_text(None if show_all else 10, verdict=False))
        click.echo()
    blocking = sum(f.severity == "blocking" for report in reports for f in report.findings)
    if blocking:
        click.echo(f"{blocking:,} to put right." if blocking > 1 else "One to put right.")
        raise click.exceptions.Exit(1)
    click.echo("Nothing that must be put right.")


commands: tuple[click.Command, ...] = (check,)
