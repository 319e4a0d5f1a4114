"""``gridmap plan``: draw, check and publish boundaries without a browser.

Anyone who may use this command owns the database; it is nobody's account, and may do all.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import click

from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.plans import (
    advancing,
    checking,
    consequences,
    drawing,
    keeping,
    operations,
    publishing,
)
from geodata.plans.drawing import Done
from geodata.plans.model import COMMAND_LINE, STATES, Deed, Plan
from scripts.cli import references
from scripts.cli.connecting import database
from scripts.cli.language import language
from scripts.cli.language import translate as _
from scripts.cli.output import Output, written

_number = click.argument("number", type=click.IntRange(min=1))
_day = click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="From which day on; today if left out."
)


@click.group("plan")
def plan() -> None:
    """Draft other boundaries: draw, check, publish from a day on."""


@plan.command("list")
@click.option("--archived", is_flag=True, help="List archived plans instead.")
def list_(archived: bool) -> None:
    """List plans, those that wait for somebody first."""
    with database() as conn:
        found = keeping.list_plans(conn, archived=archived)
        conn.rollback()
    if not found:
        click.echo(_("There are no plans."))
    for each in found:
        click.echo(_line(each))


@plan.command()
@click.argument("title")
@click.option("--purpose", default="", help="What it is for.")
@_day
def new(title: str, purpose: str, day: datetime | None) -> None:
    """Create a plan and print its number."""
    with database() as conn:
        made = keeping.create(conn, COMMAND_LINE, title, purpose, _read_day(day))
    click.echo(_line(made))


@plan.command()
@_number
@click.option("--title", help="Another title.")
@click.option("--purpose", help="Another purpose.")
@_day
def change(number: int, title: str | None, purpose: str | None, day: datetime | None) -> None:
    """Give a plan another title, purpose or day; what is left out stays."""
    with database() as conn:
        found = keeping.take(conn, number, None)
        found = keeping.change(
            conn,
            found,
            COMMAND_LINE,
            title=found.title if title is None else title,
            purpose=found.purpose if purpose is None else purpose,
            effective_on=day.date() if day else found.effective_on,
        )
    click.echo(_line(found))


@plan.command()
@_number
def show(number: int) -> None:
    """Show what was drawn in a plan and what happened to it."""
    with database() as conn:
        found = keeping.get(conn, number)
        steps, events = drawing.list_steps(conn, number), keeping.list_events(conn, number)
        conn.rollback()
    click.echo(_line(found))
    if found.purpose:
        click.echo(found.purpose)
    for step in steps:
        title = operations.TITLES[step.operation["do"]].said(_)
        undone = f" ({_('undone')})" if step.number > found.step else ""
        click.echo(f"  {step.number}. {title}{undone}")
        if step.fault:
            reason = _(step.fault["message"]).format(**step.fault["data"])
            click.echo(f"     {_('No longer possible: {reason}').format(reason=reason)}")
    for event in events:
        who = event.actor or _("the command line")
        what = f"{event.at.astimezone(clock.zone()):%Y-%m-%d %H:%M}  {event.action}  {who}"
        click.echo(f"  {what}  {event.reason}".rstrip())


@plan.command("do")
@_number
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def do_(number: int, file: str) -> None:
    """Do the operations of a JSON file in a plan, all of them or none ("-": standard input).

    One operation or a list of them, as POST /api/plans/NUMBER/steps takes them:
    {"do": "merge", "grid": 12, "other": 13}
    """
    try:
        # Bytes: what is not UTF-8 is no JSON either.
        plain = json.loads(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    except (ValueError, RecursionError):
        raise InvalidInputError("{file} is not JSON.", file=file) from None
    todo: list[Any] = plain if isinstance(plain, list) else [plain]
    with database() as conn:
        for operation in todo:
            drawing.do(conn, number, COMMAND_LINE, operation, revision=None)
        done = keeping.get(conn, number)
    click.echo(_("{n} done; the plan has {steps} steps.").format(n=len(todo), steps=done.step))


@plan.command()
@_number
def undo(number: int) -> None:
    """Undo the last step."""
    with database() as conn:
        done = drawing.undo(conn, number, COMMAND_LINE, revision=None)
    _tell(done)


@plan.command()
@_number
def redo(number: int) -> None:
    """Redo what was undone."""
    with database() as conn:
        done = drawing.redo(conn, number, COMMAND_LINE, revision=None)
    _tell(done)


@plan.command()
@_number
def rebase(number: int) -> None:
    """Redo all steps on the boundaries that are published now."""
    with database() as conn:
        done = drawing.rebase(conn, number, COMMAND_LINE, revision=None)
        failed = [step for step in drawing.list_steps(conn, number) if step.fault]
    _tell(done)
    for step in failed:
        assert step.fault
        reason = _(step.fault["message"]).format(**step.fault["data"])
        click.echo(
            _("Step {n} is no longer possible: {reason}").format(n=step.number, reason=reason)
        )


@plan.command()
@_number
def check(number: int) -> None:
    """Say what is wrong with what a plan draws. Exit status 1 if it must be fixed."""
    with database() as conn:
        faults = checking.find(conn, keeping.get(conn, number))
        conn.rollback()
    for fault in faults:
        mark = "!" if fault.is_blocking else "-"
        where = f"  {fault.place[0]:.5f}, {fault.place[1]:.5f}" if fault.place else ""
        click.echo(f"{mark} {fault.text.said(_)}{where}  [{fault.key}]")
        if fault.accepted:
            click.echo(f"    {_('Accepted: {reason}').format(reason=fault.accepted)}")
        if fault.fix:
            click.echo(f"    {json.dumps(dict(fault.fix), ensure_ascii=False)}")
    if any(fault.is_blocking for fault in faults):
        raise click.exceptions.Exit(1)
    click.echo(_("Nothing that must be fixed."))


@plan.command()
@_number
@click.argument("fault")
@click.argument("reason")
def accept(number: int, fault: str, reason: str) -> None:
    """Accept a fault, by its key and with a reason."""
    with database() as conn:
        found = keeping.take(conn, number, None)
        checking.accept(conn, found, COMMAND_LINE, fault, reason)


@plan.command()
@_number
@click.argument("file", type=Output())
@click.option("--for", "purpose", type=click.Choice(["signing", "posting"]), default="signing")
def document(number: int, file: Path, purpose: Literal["signing", "posting"]) -> None:
    """Write what a plan changes as a PDF, to be signed or to be posted."""
    # Slow to load, and no other command needs them.
    from webmap import create_app
    from webmap.plans import paper as papers

    with written(file) as draft, database() as conn:
        app = create_app({"DATABASE_URL": conn.info.dsn})
        with app.test_request_context(f"/?lang={language()}"):
            draft.write(papers.render(conn, keeping.get(conn, number), purpose))
        conn.rollback()


@plan.command("consequences")
@_number
def consequences_(number: int) -> None:
    """Say what a plan would change for those who live and work there."""
    with database() as conn:
        found = consequences.find(conn, keeping.get(conn, number))
        conn.rollback()
    for grid in found.grids:
        before = "-" if grid.households_before is None else grid.households_before
        after = "-" if grid.households is None else grid.households
        counted = _("households {before} > {after}").format(before=before, after=after)
        code = (
            grid.code
            if grid.code_before in (None, grid.code)
            else f"{grid.code_before} > {grid.code}"
        )
        click.echo(f"{grid.what:8}  {grid.name}  {code}  {counted}")
    for passage in found.passages:
        click.echo(
            _("{giver} > {taker}: {buildings} buildings, {households} households").format(
                giver=passage.giver or "-",
                taker=passage.taker or "-",
                buildings=passage.buildings,
                households=passage.households,
            )
        )
    for issue in found.issues:
        click.echo(f"{issue.issue_id}  {issue.title}: {issue.giver or '-'} > {issue.taker or '-'}")
    for duty in found.duties:
        click.echo(
            f"{duty.member}  {duty.role_zh}  {duty.grid}: {_ground(duty.before_m2, duty.after_m2)}"
        )
    for move in found.facilities:
        click.echo(f"{move.name}  {move.kind_zh}: {move.giver or '-'} > {move.taker or '-'}")
    for area in found.areas:
        click.echo(f"{area.organisation}  {area.grid}: {_ground(area.before_m2, area.after_m2)}")
    for reach in found.coverage:
        counted = _("out of reach {before} > {after} of {all} households").format(
            before="-" if reach.unserved_before is None else reach.unserved_before,
            after=reach.unserved,
            all=reach.households,
        )
        click.echo(f"{reach.grid}  {reach.kind_zh}: {counted}")
    for name in found.unheld:
        click.echo(_("{name}: nobody is responsible yet").format(name=name))


@plan.command()
@_number
@click.argument("deed", type=click.Choice([d for d in get_args(Deed) if d != "publish"]))
@click.option("--reason", default="", help="Why; needed to return a plan.")
def advance(number: int, deed: Deed, reason: str) -> None:
    """Submit, return, approve, withdraw or reopen a plan."""
    with database() as conn:
        found = keeping.take(conn, number, None)
        if deed == "submit":
            checking.check_submittable(conn, found)
        found = advancing.advance(conn, found, COMMAND_LINE, deed, reason)
    click.echo(_line(found))


@plan.command()
@_number
def publish(number: int) -> None:
    """Publish an approved plan, in one transaction; it applies from its day."""
    with database() as conn:
        done = publishing.publish(conn, number, COMMAND_LINE, clock.today(), revision=None)
    click.echo(_line(done.plan))
    for draft_id, grid_id in done.made.items():
        click.echo(_("Grid {draft} is number {grid} now.").format(draft=draft_id, grid=grid_id))
    if done.issues:
        click.echo(_("{n} open issues have another grid.").format(n=done.issues))


@plan.command()
@_number
@click.argument("title")
@_day
def opposite(number: int, title: str, day: datetime | None) -> None:
    """Create a plan that reverts a publication."""
    with database() as conn:
        made = publishing.oppose(conn, number, COMMAND_LINE, title, _read_day(day))
    click.echo(_line(made))


def _read_day(day: datetime | None) -> date:
    return day.date() if day else clock.today()


def _line(found: Plan) -> str:
    return "  ".join(
        (
            str(found.plan_id),
            STATES[found.state].said(_),
            found.effective_on.isoformat(),
            found.title,
        )
    )


def _tell(done: Done) -> None:
    text = _("{step} of {steps} steps are done; {n} grids changed.")
    click.echo(text.format(step=done.plan.step, steps=done.plan.steps, n=len(done.changed)))


plan.add_command(references.reference)

commands: tuple[click.Command, ...] = (plan,)


def _ground(before_m2: float, after_m2: float | None) -> str:
    return _("ends") if after_m2 is None else f"{before_m2:.0f} > {after_m2:.0f} m²"
