"""``gridmap tidy``: remove what has served its time, as the running server does every hour."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from geodata.installation import housekeeping
from scripts.cli.connecting import database
from scripts.cli.language import translate as _


@click.command()
def tidy() -> None:
    """Remove what has served its time: sessions, attempts, reporters, old audit entries.

    The running server does it every hour. How long things are kept is set by audit_kept_days (365,
    never less than 183) and reporters_kept_days (90).
    """
    with database() as conn:
        removed = housekeeping.tidy(conn, datetime.now(UTC))
    words = {
        "sessions": _("Sessions removed that had run out: {number:,}"),
        "devices": _("Devices removed that were not seen for a year: {number:,}"),
        "attempts": _("Counts removed of failed sign-ins: {number:,}"),
        "reporters": _("Reporters removed of issues closed long ago: {number:,}"),
        "audit_entries": _("Audit entries removed: {number:,}"),
    }
    for kind, number in removed.items():
        if number:
            click.echo(words[kind].format(number=number))
    if not any(removed.values()):
        click.echo(_("Nothing had to go."))


commands: tuple[click.Command, ...] = (tidy,)
