"""``gridmap check``: does the ground in the database keep the partition law?"""

from __future__ import annotations

from datetime import datetime
from typing import cast

import click

from geodata.database import clock
from geodata.importing.grids.checking import check as check_ground
from geodata.model import LEVELS, Level
from scripts.cli.connecting import database
from scripts.cli.language import translate as _


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

    Exit status 1 when something must be fixed; recorded exceptions do not count.
    """
    on = day.date() if day else clock.today()
    with database() as conn:
        reports = check_ground(conn, cast("tuple[Level, ...]", levels) or LEVELS, on=on)
        conn.rollback()
    if not reports:
        click.echo(_("There are no grids on {day}.").format(day=on.isoformat()))
        return
    for report in reports:
        click.echo(report.to_text(None if show_all else 10, verdict=False, translate=_))
        click.echo()
    blocking = sum(f.severity == "blocking" for report in reports for f in report.findings)
    if blocking:
        one, several = _("1 to fix."), _("{number:,} to fix.")
        click.echo(several.format(number=blocking) if blocking > 1 else one)
        raise click.exceptions.Exit(1)
    click.echo(_("Nothing that must be fixed."))


commands: tuple[click.Command, ...] = (check,)
