"""The database's own roles: the application connects as one that owns nothing.

``APP`` is who the running application is. It may take the others, one for a transaction; what
each of them sees is in migrations/0006.accounts.sql.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from psycopg import Connection, errors, sql

from geodata.errors import SetupError

APP = "gridmap_app"
# By what the person who is signed in may see: land, what was handed to a unit, both, everything.
Scope = Literal["gridmap_territory", "gridmap_unit", "gridmap_several", "gridmap_county"]
# Signing in; administration of accounts; reading the audit trail; drawing boundaries; planning
# services.
TaskRole = Literal[
    "gridmap_door", "gridmap_accounts", "gridmap_audit", "gridmap_draw", "gridmap_services"
]
TAKEN_ROLES: tuple[Scope | TaskRole, ...] = (*get_args(Scope), *get_args(TaskRole))


def statements(owner: str) -> list[sql.Composed]:
    """Return what makes the roles, for a superuser or anyone who may create roles."""
    app = sql.Identifier(APP)
    others = [sql.Identifier(name) for name in TAKEN_ROLES]
    return [
        # Without INHERIT it has none of their rights until it takes one on.
        sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(app),
        *(sql.SQL("CREATE ROLE {} NOLOGIN").format(name) for name in others),
        sql.SQL("GRANT {} TO {}").format(sql.SQL(", ").join(others), app),
        # So that one address, the owner's, is enough: the application steps down from it.
        sql.SQL("GRANT {} TO {}").format(app, sql.Identifier(owner)),
    ]


def ensure(conn: Connection[Any], owner: str | None = None) -> None:
    """Make the roles that are missing; ``owner`` is who may become the application.

    Raises ``SetupError`` with the statements to run if this user may not.
    """
    owner = owner or conn.info.user
    wanted = {APP, *TAKEN_ROLES}
    found = conn.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [sorted(wanted)]
    ).fetchall()
    missing = wanted - {row[0] for row in found}
    may_become = not missing and conn.execute(
        "SELECT pg_has_role(%s, %s, 'MEMBER')", [owner, APP]
    ).fetchone() == (True,)
    if may_become:
        return
    every = statements(owner)
    names = [APP, *TAKEN_ROLES]
    needed = [
        statement for name, statement in zip(names, every, strict=False) if name in missing
    ] + every[len(names) :]
    try:
        with conn.transaction():
            for statement in needed:
                conn.execute(statement)
    except errors.DuplicateObject:
        # Another database of the same server is being set up at this moment: its roles serve.
        ensure(conn, owner)
    except errors.InsufficientPrivilege as error:
        raise SetupError(
            "The database lacks the roles that the application takes on, and {owner} may not"
            " create them.",
            hint="Have a superuser run there: {statements}",
            owner=owner,
            statements="; ".join(statement.as_string(conn) for statement in needed) + ";",
        ) from error
