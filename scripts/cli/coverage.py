"""``gridmap coverage``: how many households are served, and why the others are not."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import click
from psycopg import Connection

from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures import tables
from geodata.coverage.standards import defining
from geodata.coverage.standards.definition import Definition, describe
from geodata.database import clock
from geodata.errors import InvalidInputError, NotFoundError
from geodata.grids import reading as grids
from geodata.model import LEVELS, REASON_TITLES, Coverage, GridRef, Level
from geodata.roads import keeping
from scripts.cli.connecting import database
from scripts.cli.language import language
from scripts.cli.language import translate as _


@click.command("coverage")
@click.option("--grid", metavar="NAME|CODE", help="A grid; the county if left out.")
@click.option("--kind", metavar="CODE", help="Only this kind of service, for example clinic.")
@click.option("--level", type=click.Choice(LEVELS), help="The grids of this level in it instead.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day; today if left out.")
@click.option("--standards", is_flag=True, help="List the standards instead.")
@click.option("--wait", is_flag=True, help="Until the figures rest on all that has changed.")
@click.option("--recompute", is_flag=True, help="Compute the figures of the day again first.")
@click.option("--json", "as_json", is_flag=True, help="As /api/coverage and /api/standards answer.")
def coverage(
    grid: str | None,
    kind: str | None,
    level: Level | None,
    day: datetime | None,
    standards: bool,
    wait: bool,
    recompute: bool,
    as_json: bool,
) -> None:
    """List the households served by each kind of service, and the reasons of the gaps.

    Counts are exact here. Exit status 1 if there is no such grid or kind. Figures follow a change
    within moments where a worker runs (./scripts/run, gridmap worker); --wait sees to it here.

    gridmap coverage --grid 341525100 --kind clinic --level community
    """
    on = day.date() if day else clock.today()
    with database() as conn:
        if kind:
            defining.get(conn, kind)
        if standards:
            found = [each for each in defining.list_definitions(conn) if kind in (None, each.kind)]
            _tell_standards(conn, found, on, as_json)
            return
        ref = _grid(conn, grid, on)
        if recompute:
            figures.compute(conn, on)
        elif wait or figures.find(conn, on) is None:
            figures.ensure(conn, on)
        is_current = figures.standing(conn, on).is_current
        rows = tables.find(conn, on, ref.grid_id, is_rounded=False, level=level, kind=kind)
        has_roads = keeping.has_any(conn)
    if as_json:
        _print(
            {
                "on": on,
                "is_current": is_current,
                "method": "roads" if has_roads else "straight_line",
                "grids": [
                    {**asdict(it), "kinds": [tables.to_plain(each) for each in kinds]}
                    for it, kinds in rows
                ],
            }
        )
        return
    for it, kinds in rows:
        click.echo(f"{it.code}  {it.name}")
        for each in kinds:
            click.echo(f"  {_line(each)}")
    if not is_current:
        click.echo(_("Something has changed since these were computed; --wait computes them."))
    if not rows:
        click.echo(_("Nothing is known of any kind of service."))
    elif has_roads:
        click.echo(_("Measured along the known roads."))
    else:
        click.echo(_("Measured in a straight line, times the detour: no roads are known."))


def _grid(conn: Connection[Any], text: str | None, on: date) -> GridRef:
    if text is None:
        found = grids.read_extent(conn, on)
        if found is None:
            raise NotFoundError("There are no grids on {day}.", day=on)
        return found[0]
    named = grids.find_named(conn, text, on)
    if not named:
        raise NotFoundError(
            "No grid on {day} has the name or code “{value}”.", day=on, value=text[:40]
        )
    if len(named) > 1:
        raise InvalidInputError(
            "Several grids are called “{value}”.",
            hint="Give the code of one: {codes}.",
            value=text[:40],
            codes=[each.code for each in named],
        )
    return named[0]


def _line(it: Coverage) -> str:
    name = it.kind_zh if language() == "zh" else it.kind_en
    if it.share is None:
        return f"{name}  {_('no data')}"
    served = _("{met:,} of {all:,} households served").format(met=it.met, all=it.households)
    reasons = [f"{REASON_TITLES[key].said(_)} {count:,}" for key, count in it.reasons]
    if it.estimated:
        reasons.append(_("counted by area {n:,}").format(n=it.estimated))
    # Rounded down: 100 % means everybody.
    return "  ".join([name, f"{int(it.share * 100)}%", served, *reasons])


def _tell_standards(
    conn: Connection[Any], found: list[Definition], on: date, as_json: bool
) -> None:
    if as_json:
        speed = keeping.walking_km_h(conn)
        kinds = [tables.standard_to_plain(each, on) for each in found]
        _print({"on": on, "walking_km_h": speed, "kinds": kinds})
        return
    for it in found:
        click.echo(f"{it.kind}  {it.name_zh if language() == 'zh' else it.name_en}")
        for title, dated in (
            (_("In towns"), it.dated(on, "town")),
            (_("In villages"), it.dated(on, "village")),
        ):
            if dated is None:
                text = _("nothing is said")
            else:
                words = describe(dated.value, by_facility=it.providers_on(on).by_facility).said(_)
                last = f" {dated.until - timedelta(days=1)}" if dated.until else ""
                text = f"{words}  ({dated.since} –{last})"
            click.echo(f"  {title}{_(': ')}{text}")


def _print(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False, default=str))


commands: tuple[click.Command, ...] = (coverage,)
