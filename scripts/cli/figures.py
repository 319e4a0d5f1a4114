"""``gridmap coverage-history`` and ``gridmap alerts``, as the running server does every hour."""

from __future__ import annotations

from datetime import datetime

import click

from geodata.alerts import notifications, reporting
from geodata.alerts.notifications import Notification, NotificationFilter
from geodata.coverage.figures import recording
from geodata.database import clock
from scripts.cli.connecting import database
from scripts.cli.language import language
from scripts.cli.language import translate as _

# As many as a screen and its scrolling bear.
LISTED = 200


@click.command("coverage-history")
@click.option(
    "--again-from",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Recompute the months from this day on, from what is known today.",
)
def coverage_history(again_from: datetime | None) -> None:
    """Record coverage on the first of each of the last 24 months, where it is missing.

    The running server does it every hour. What stands stays as it was known then, unless
    --again-from says otherwise.
    """
    today = clock.today()
    with database() as conn:
        count = 0
        for day, kinds in recording.due(conn, today, again_from.date() if again_from else None):
            is_again = again_from is not None and day >= again_from.date()
            if recording.record(conn, day, kinds, is_again=is_again):
                click.echo(_("{day}: {n} services").format(day=day.isoformat(), n=len(kinds)))
                count += 1
            # Each month stands by itself: what interrupts loses one.
            conn.commit()
    if not count:
        click.echo(_("Nothing was missing."))


@click.command()
def alerts() -> None:
    """Let the alert rules report as of today, and list what is open.

    The running server does it every hour.
    """
    chosen = NotificationFilter()
    with database() as conn:
        change = reporting.evaluate(conn, clock.today())
        total = notifications.count(conn, chosen)
        found = notifications.listed(conn, chosen, limit=LISTED)
    text = _("{raised} raised, {ended} over, {open} open")
    click.echo(text.format(raised=change.raised, ended=change.ended, open=total))
    for each in found:
        click.echo(_line(each))
    if total > len(found):
        click.echo(_("… and {n} more").format(n=total - len(found)))


def _line(each: Notification) -> str:
    share = each.payload["met"] * 100 // each.payload["households"]
    unserved = each.payload["households"] - each.payload["met"]
    return "  ".join(
        (
            each.day.isoformat(),
            each.grid if each.town is None else f"{each.town} {each.grid}",
            each.payload[f"kind_{language()}"],
            _("served: {share} %, households unserved: {n}").format(share=share, n=unserved),
        )
    )


commands: tuple[click.Command, ...] = (coverage_history, alerts)
