"""``gridmap changes``: when did the boundaries change, and what differs between two days?"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import click

from geodata.errors import InvalidInputError
from geodata.grids import comparing
from geodata.grids.changes import TITLES
from geodata.grids.comparing import ChangeDay, Difference
from scripts.cli.connecting import database
from scripts.cli.language import translate as _

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("changes")
@click.argument("days", nargs=-1, type=_DAY, metavar="[DAY DAY]")
@click.option("--grid", type=click.IntRange(min=1), help="Only this grid and what lay in it.")
@click.option("--json", "as_json", is_flag=True, help="As /api/changes answers.")
def changes(days: tuple[datetime, ...], grid: int | None, as_json: bool) -> None:
    """List what differs between two days, or the days on which anything changed.

    gridmap changes 2025-12-31 2026-01-01
    """
    if len(days) not in (0, 2):
        raise InvalidInputError(
            "Two days are compared, or none is given.",
            hint="Write them year-month-day, for example 2025-12-31 2026-01-01.",
        )
    with database() as conn:
        if days:
            before, after = sorted(day.date() for day in days)
            found = comparing.find(conn, before, after, grid)
            conn.rollback()
            _tell_differences(before, after, found, as_json)
        else:
            listed = comparing.list_days(conn, grid)
            conn.rollback()
            _tell_days(listed, as_json)


def _tell_days(days: list[ChangeDay], as_json: bool) -> None:
    if as_json:
        _print({"days": [asdict(each) for each in days]})
        return
    if not days:
        click.echo(_("There are no boundaries on this map yet."))
    for each in days:
        if each.is_first:
            text = _("oldest boundaries")
        else:
            text = _("grids changed: {n:,}").format(n=each.grids)
        click.echo(f"{each.day}  {text}")


def _tell_differences(before: date, after: date, found: list[Difference], as_json: bool) -> None:
    if as_json:
        _print(
            {
                "before": before,
                "after": after,
                "grids": [comparing.to_plain(each) for each in found],
            }
        )
        return
    if not found:
        click.echo(_("Nothing differs between these days"))
    town = ""
    for each in found:
        if each.town and each.town.name != town:
            town = each.town.name
            click.echo(town)
        click.echo(f"  {_line(each)}")


def _line(each: Difference) -> str:
    it = each.change
    parts = [
        TITLES[it.what].said(_),
        _(it.level),
        _pair(it.name_before, it.name),
        _pair(it.code_before, it.code),
    ]
    if it.parent_before not in (None, it.parent):
        parts.append(_pair(it.parent_before, it.parent))
    if it.households != it.households_before:
        counted = _pair(it.households_before, it.households, absent="-")
        parts.append(_("households {n}").format(n=counted))
    if it.area_m2 != it.area_before_m2:
        areas = [None if m2 is None else f"{m2:.0f}" for m2 in (it.area_before_m2, it.area_m2)]
        parts.append(f"{_pair(*areas, absent='-')} m²")
    return "  ".join(parts)


def _pair(before: object, after: object, absent: str | None = None) -> str:
    """Write what was and what is; what was not there is left out, or written as ``absent``."""
    if before == after or (before is None and absent is None):
        return str(after)
    was, now = (absent if value is None else value for value in (before, after))
    return f"{was} > {now}"


def _print(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False, default=str))


commands: tuple[click.Command, ...] = (changes,)
