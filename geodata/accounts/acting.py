"""Who is signed in, and what that lets them see: read from the session, set for a transaction.

The application checks rights to say what is there and what is not; the database's policies
(database/migrations/0006.accounts.sql) hold whatever the application forgets.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from psycopg import Connection

from geodata.database.rights import ROLES, Right, RoleName
from geodata.database.roles import TaskRole
from geodata.model import Level

# All of a grid's land is one's own to see, some of it, none.
Reach = Literal["all", "part", "none"]


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that an account holds in a grid or an organisation; ``until`` is exclusive."""

    account_role_id: int
    role: RoleName
    grid_id: int | None
    level: Level | None
    organisation_id: int | None
    place: str
    since: date
    until: date | None

    @property
    def last_day(self) -> date | None:
        """The last day of the term, None while it is open."""
        return self.until - timedelta(days=1) if self.until else None

    def is_current(self, today: date) -> bool:
        """Tell whether the term runs today."""
        return self.since <= today and (self.until is None or today < self.until)


@dataclass(frozen=True, slots=True)
class Acting:
    """An account with its session; ``roles`` are those whose term runs today."""

    account_id: int
    username: str
    name: str
    member_id: int | None
    roles: tuple[HeldRole, ...]
    must_change_password: bool
    token_hash: bytes

    def may(self, right: Right) -> bool:
        """Tell whether something may be done at all, be it only somewhere."""
        return any(right in ROLES[held.role].rights for held in self.roles)

    def everywhere(self, right: Right) -> bool:
        """Tell whether something may be done in the whole county."""
        return any(
            held.level == "county" and right in ROLES[held.role].rights for held in self.roles
        )

    @property
    def smallest_territory(self) -> HeldRole | None:
        """The territory to begin with: the smallest one that is held."""
        order = ("compound", "community", "town", "county")
        held = [role for role in self.roles if role.level is not None]
        return min(held, key=lambda role: order.index(role.level or "county"), default=None)


def act(conn: Connection[Any], token_hash: bytes | None, request_id: str) -> None:
    """See what the account of a session may see, until the transaction ends.

    The database says which of its roles that is (``acting_scope``): that of anybody, without a
    session or with one that has ended. Raises RuntimeError outside a transaction.
    """
    _name_session(conn, token_hash, request_id)
    conn.execute("SELECT set_config('role', acting_scope(), true)")


def take_role(
    conn: Connection[Any], role: TaskRole, token_hash: bytes | None, request_id: str
) -> None:
    """Take a role of the database for a task until the transaction ends.

    Raises RuntimeError outside a transaction.
    """
    _name_session(conn, token_hash, request_id)
    conn.execute("SELECT set_config('role', %s, true)", [role])


def name_username(conn: Connection[Any], username: str) -> None:
    """Say whose account is asked for at sign-in, by user name as it is stored.

    Of accounts, the role for signing in sees the one that is named or whose session it is.
    """
    conn.execute("SELECT set_config('gridmap.username', %s, true)", [username])


def name_identity(conn: Connection[Any], issuer: str, subject: str) -> None:
    """Say whose account is asked for at sign-in, by whom a provider vouches for."""
    conn.execute(
        "SELECT set_config('gridmap.issuer', %s, true), set_config('gridmap.subject', %s, true)",
        [issuer, subject],
    )


def look_at(conn: Connection[Any], bounds: tuple[float, float, float, float]) -> None:
    """Say that the transaction asks about one place only: west, south, east, north in degrees.

    It spares comparing every issue of a large territory with the whole of its boundary, and reading
    every issue of the county.
    """
    conn.execute(
        "SELECT set_config('gridmap.box', %s, true)", [",".join(repr(each) for each in bounds)]
    )


@contextmanager
def looking_at(conn: Connection[Any], grid_id: int, on: date) -> Generator[None]:
    """Say that what is asked meanwhile is about one grid only, see ``look_at``."""
    conn.execute(
        """
        SELECT set_config('gridmap.box', concat_ws(',', ST_XMin(around), ST_YMin(around),
                                                   ST_XMax(around), ST_YMax(around)), true)
        -- Ten metres more: where a territory is cut, its edge is rounded.
        FROM (SELECT ST_Expand(geom, 0.0001) AS around FROM grid_version
              WHERE grid_id = %s AND valid @> %s::date) grid
        """,
        [grid_id, on],
    )
    yield
    # After an error there is no transaction left in which it could be said.
    conn.execute("SELECT set_config('gridmap.box', '', true)")


def reach(
    conn: Connection[Any], acting: Acting | None, right: Right, grid_id: int, on: date
) -> Reach:
    """Say how much of a grid's land is the acting account's to see."""
    if acting is None:
        return "none"
    if acting.everywhere(right):
        return "all"
    held = [role for role in acting.roles if right in ROLES[role.role].rights]
    mine = [role.grid_id for role in held if role.grid_id is not None]
    row = conn.execute(
        """
        SELECT EXISTS (SELECT FROM grid_upwards(%(grid_id)s, %(on)s) up WHERE up = ANY (%(mine)s)),
               EXISTS (SELECT FROM unnest(%(mine)s::bigint[]) m, grid_upwards(m, %(on)s) up
                       WHERE up = %(grid_id)s)
        """,
        {"grid_id": grid_id, "on": on, "mine": mine},
    ).fetchone()
    assert row is not None
    if row[0]:
        return "all"
    # What was handed to a unit may lie anywhere.
    return "part" if row[1] or len(held) > len(mine) else "none"


def _name_session(conn: Connection[Any], token_hash: bytes | None, request_id: str) -> None:
    # Outside a transaction it would not last until the next statement.
    if conn.autocommit and conn.info.transaction_status == conn.info.transaction_status.IDLE:
        raise RuntimeError("nobody can act outside a transaction")
    conn.execute(
        "SELECT set_config('gridmap.session', %s, true), set_config('gridmap.request', %s, true),"
        " set_config('gridmap.box', '', true), set_config('gridmap.username', '', true),"
        " set_config('gridmap.issuer', '', true), set_config('gridmap.subject', '', true)",
        [token_hash.hex() if token_hash else "", request_id],
    )
