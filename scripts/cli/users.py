"""``gridmap user``: accounts from the command line, the first administrator's above all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any

import click
import psycopg
from psycopg.rows import TupleRow

from geodata.accounts import administrators, audit, passwords, places, sessions
from geodata.accounts import keeping as accounts
from geodata.accounts import secrets as account_secrets
from geodata.accounts.keeping import Account
from geodata.database import clock, settings
from geodata.database.rights import ROLE_NAMES, TITLES, RoleName
from geodata.errors import InvalidInputError
from scripts.cli.connecting import database
from scripts.cli.language import translate as _

Conn = psycopg.Connection[TupleRow]
_Command = Callable[..., None]

_role = click.option("--role", type=click.Choice(ROLE_NAMES), required=True, help="The role.")
_place = click.option(
    "--place",
    default="",
    metavar="CODE|NAME",
    help="Code of the grid or name of the unit. Roles of the county need none.",
)
_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


@click.group("user")
def user() -> None:
    """Manage accounts: make them, give roles and passwords, set the rules for passwords."""


@user.command()
@click.argument("username")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", type=click.Choice(ROLE_NAMES), help="A first role.")
@_place
@_stdin
def add(username: str, name: str, role: RoleName | None, place: str, password_stdin: bool) -> None:
    """Make an account, with a role if one is named.

    Without --password-stdin a password is generated, printed once, and has to be changed at the
    first sign-in.
    """
    given = _read_password() if password_stdin else None
    if place and not role:
        raise click.UsageError(_("--place needs --role."))
    with database() as conn:
        password = given or passwords.generate(passwords.read_rules(conn))
        account_id = accounts.create(
            conn, username, name, password=password, must_change=given is None
        )
        if role:
            _give(conn, account_id, role, place, clock.today(), None)
        found = accounts.get(conn, account_id)
    click.echo(_("The account {username} has been created.").format(username=found.username))
    if given is None:
        _tell(password)


@user.command("list")
@click.option("--text", default="", help="Part of the user name, the name or a place.")
@click.option("--role", type=click.Choice(ROLE_NAMES), default=None, help="Only with this role.")
def list_(text: str, role: RoleName | None) -> None:
    """List the accounts with the roles that they hold today."""
    with database() as conn:
        total = accounts.count(conn, text=text, role=role or "")
        found = accounts.list_accounts(conn, text=text, role=role or "", limit=max(total, 1))
    if not found:
        click.echo(_("There are no such accounts."))
    for account in found:
        click.echo(_line(account))


@user.command()
@click.argument("username")
@_stdin
def password(username: str, password_stdin: bool) -> None:
    """Give an account a new password; it is signed out everywhere.

    Without --password-stdin one is generated, printed once, and has to be changed at the next
    sign-in.
    """
    given = _read_password() if password_stdin else None
    with database() as conn:
        found = accounts.get_by_username(conn, username)
        new = given or passwords.generate(passwords.read_rules(conn))
        known = (found.username, found.name)
        account_secrets.set_password(
            conn, found.account_id, new, known=known, must_change=given is None
        )
        sessions.end_all(conn, found.account_id)
    click.echo(_("The account {username} has a new password.").format(username=found.username))
    if given is None:
        _tell(new)


@user.command()
@click.argument("username")
@_role
@_place
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="First day of the term; today if left out."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of the term.")
def grant(
    username: str, role: RoleName, place: str, since: datetime | None, until: datetime | None
) -> None:
    """Give an account a role in a grid or a unit."""
    with database() as conn:
        found = accounts.get_by_username(conn, username)
        begin = since.date() if since else clock.today()
        end = until.date() + timedelta(days=1) if until else None
        where = _give(conn, found.account_id, role, place, begin, end)
    click.echo(
        _("{username} now has the role: {role}, {place}.").format(
            username=found.username, role=TITLES[role].said(_), place=where
        )
    )


@user.command()
@click.argument("username")
@_role
@_place
def end(username: str, role: RoleName, place: str) -> None:
    """End a role of an account as of today."""
    with database() as conn:
        found = accounts.get_by_username(conn, username)
        today = clock.today()
        held = [
            each
            for each in sessions.list_roles(conn, found.account_id)
            if each.role == role and (each.until is None or each.until > today)
        ]
        if place or len(held) != 1:
            where = places.find(conn, role, place, today)
            held = [
                each
                for each in held
                if (each.grid_id, each.organisation_id) == (where.grid_id, where.organisation_id)
            ]
        if not held:
            raise InvalidInputError(
                "{username} does not have this role there.", username=found.username
            )
        for each in held:
            administrators.keep_one(conn, without_role=each.account_role_id)
            accounts.end_role(conn, found.account_id, each.account_role_id, today)
    click.echo(
        _("{username} no longer has the role: {role}, {place}.").format(
            username=found.username, role=TITLES[role].said(_), place=held[0].place
        )
    )


@user.command()
@click.argument("username")
def disable(username: str) -> None:
    """Keep an account from signing in; what it did stays in the audit trail."""
    _switch(username, is_disabled=True)
    click.echo(_("The account {username} is disabled.").format(username=username.lower()))


@user.command()
@click.argument("username")
def enable(username: str) -> None:
    """Let a disabled account sign in again."""
    _switch(username, is_disabled=False)
    click.echo(_("The account {username} is enabled.").format(username=username.lower()))


@user.command()
@click.option("--min-length", type=click.IntRange(8, 64), help="Least number of characters.")
@click.option(
    "--complexity/--no-complexity", default=None, help="Ask for three kinds of characters."
)
@click.option(
    "--expires-days", type=click.IntRange(0, 3650), help="Days until it must be changed; 0: never."
)
@click.option(
    "--breach-list/--no-breach-list", default=None, help="Refuse passwords that were leaked."
)
def rules(**changes: Any) -> None:
    """Show the rules for new passwords, or change those that are named."""
    named = {key: value for key, value in changes.items() if value is not None}
    with database() as conn:
        current = passwords.read_rules(conn)
        if named:
            current = replace(current, **named)
            settings.write(conn, passwords.SETTING, asdict(current))
            audit.record(conn, "password_rules.changed", detail=asdict(current))
    on, off = _("yes"), _("no")
    days = current.expires_days
    for line in (
        _("At least {n} characters").format(n=current.min_length),
        _("Three kinds of characters: {answer}").format(answer=on if current.complexity else off),
        _("Refuse leaked passwords: {answer}").format(answer=on if current.breach_list else off),
        _("Must be changed after {n} days").format(n=days) if days else _("Never expires"),
    ):
        click.echo(line)


def _give(
    conn: Conn, account_id: int, role: RoleName, place: str, since: date, until: date | None
) -> str:
    """Give a role and return the name of its place."""
    where = places.find(conn, role, place, clock.today())
    accounts.grant(
        conn,
        account_id,
        role,
        grid_id=where.grid_id,
        organisation_id=where.organisation_id,
        since=since,
        until=until,
    )
    return where.name


def _switch(username: str, *, is_disabled: bool) -> None:
    with database() as conn:
        found = accounts.get_by_username(conn, username)
        if is_disabled:
            administrators.keep_one(conn, without_account=found.account_id)
        accounts.change(conn, found.account_id, is_disabled=is_disabled)


def _line(account: Account) -> str:
    held = [
        f"{TITLES[role].said(_)} ({place})"
        for role, place in zip(account.roles, account.places, strict=True)
    ]
    words = [account.username, account.name, _(", ").join(held) or _("no role")]
    if account.is_disabled:
        words.append(_("disabled"))
    return "\t".join(words)


def _read_password() -> str:
    """Return the first line of standard input."""
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise InvalidInputError("There is no password on standard input.")
    return text


def _tell(new: str) -> None:
    click.echo(_("First password: {password}").format(password=new))
    click.echo(_("It is shown only this once, and has to be changed at the first sign-in."))


commands: tuple[click.Command, ...] = (user,)
