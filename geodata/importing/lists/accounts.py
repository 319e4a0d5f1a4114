"""Importing accounts with their roles from a list: one row is one role of one account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection, errors

from geodata.accounts import passwords, places
from geodata.accounts.places import RolePlace
from geodata.database.rights import RoleName, is_held_in_county
from geodata.errors import GridMapError, InvalidInputError
from geodata.importing.files.process import Limits
from geodata.importing.files.requests import FileRequest
from geodata.importing.lists.account_rows import FIELDS, Step, read_row
from geodata.importing.lists.reading import read_table
from geodata.importing.values.rows import Sheet
from geodata.importing.values.times import DAYS_TO_1904
from geodata.language.phrases import Phrase
from geodata.people.privacy import masked

# At this many, row by row, a person can still look through what would be done.
MAX_ROWS = 5000
# Lists of accounts are small: what takes longer than this is no list of accounts.
_LIMITS = Limits(memory_bytes=2 << 30, cpu_s=30, wall_s=40, file_bytes=64 << 20)


@dataclass(frozen=True, slots=True)
class ListedRows:
    """The cells of a list as texts, in the order of ``FIELDS``; ``lines`` are the rows' numbers.

    ``unread`` names the columns of the file that nothing was read from.
    """

    lines: list[int]
    rows: list[list[str]]
    unread: Sequence[str | Phrase] = ()


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What has to be handed to somebody so that they can sign in."""

    username: str
    name: str
    password: str


def read(path: str) -> ListedRows:
    """Let the limited process read a list, and return the columns that are known.

    Raises:
        FileRefusedError: the file cannot be read
        InvalidInputError: a column that is needed is missing, or there are too many rows
    """
    try:
        sheet = read_table(FileRequest(path), FIELDS, _silent, limits=_LIMITS)
    except InvalidInputError as error:
        if "row" in error.data:
            # A page has no option that chooses.
            raise InvalidInputError(
                error.message, hint="Rename the others in the file, or delete them.", **error.data
            ) from error
        if "missing" not in error.data:
            raise
        raise InvalidInputError(
            "The columns of the user names and of the names were not found.",
            hint="Take the template. The first row of this file says: {columns}.",
            columns=error.data["columns"],
        ) from error
    if sheet.ways.is_1904:
        _count_from_1900(sheet)
    for finding in sheet.findings:
        raise InvalidInputError(
            "Row {row} is no row of the list: {text}.",
            hint="Delete it, or correct it.",
            row=finding.rows[0].row,
            text=masked(str(finding.data["text"])),
        )
    rows = [[sheet.text(row, name) for name in FIELDS] for row in range(len(sheet.rows))]
    if len(rows) > MAX_ROWS:
        raise InvalidInputError(
            "The list has {rows} rows; {limit} can be brought at a time.",
            hint="Send it in parts.",
            rows=len(rows),
            limit=MAX_ROWS,
        )
    return ListedRows(list(sheet.lines), rows, sheet.unread)


def _count_from_1900(sheet: Sheet) -> None:
    """Make days that are kept as numbers those of other workbooks: texts do not say which."""
    positions = [sheet.chosen[name] for name in ("since", "until") if sheet.has(name)]
    for row in sheet.rows:
        for at in positions:
            value = row[at]
            if isinstance(value, (int, float)):
                row[at] = value + DAYS_TO_1904


def plan(
    conn: Connection[Any],
    listed: ListedRows,
    today: date,
    *,
    own: str = "",
    names: Mapping[str, RoleName] | None = None,
) -> list[Step]:
    """Say row by row what an import would do, with every fault. Writes nothing.

    ``own`` is the user name of the person who imports: a change of the own roles would end the
    import. ``names`` are what readers of other languages call the roles.
    """
    columns = list(FIELDS)
    sheet = Sheet(columns, [list(row) for row in listed.rows], 0,
                  {name: at for at, name in enumerate(columns)}, lines=listed.lines)  # fmt: skip
    steps = [read_row(sheet, row, today, own, names or {}) for row in range(len(sheet.rows))]
    _settle_places(conn, steps, today)
    _compare_rows(steps)
    _compare_accounts(conn, steps)
    return [step for step in steps if step.username or step.name or step.faults]


def write(
    conn: Connection[Any], steps: Sequence[Step], *, granted_by: int | None
) -> list[NewAccount]:
    """Make the accounts of a plan without faults and give the roles; the caller commits.

    Raises InvalidInputError if somebody else was quicker with one of them.
    """
    assert not any(step.faults for step in steps)
    rules = passwords.read_rules(conn)
    names = {step.username: step.name for step in steps if step.deed == "new"}
    made = [
        NewAccount(username, name, passwords.generate(rules)) for username, name in names.items()
    ]
    try:
        with conn.transaction():
            _write_accounts(conn, made)
            _write_roles(conn, [step for step in steps if step.gives_role], granted_by)
    except errors.IntegrityError:
        raise InvalidInputError(
            "Somebody has changed these accounts or places in the meantime.",
            hint="Nothing was imported. Look at the rows again.",
        ) from None
    return made


def _write_accounts(conn: Connection[Any], made: Sequence[NewAccount]) -> None:
    # One statement for all: a list of thousands takes seconds.
    conn.execute(
        """
        WITH new AS (
            INSERT INTO account (username, name)
            SELECT * FROM unnest(%(usernames)s::text[], %(names)s::text[])
            RETURNING account_id, username)
        INSERT INTO account_secret (account_id, password_hash, must_change)
        SELECT new.account_id, h.password_hash, true
        FROM new JOIN unnest(%(usernames)s::text[], %(hashes)s::text[])
            AS h (username, password_hash) USING (username)
        """,
        {
            "usernames": [new.username for new in made],
            "names": [new.name for new in made],
            "hashes": [passwords.hash_password(new.password, is_generated=True) for new in made],
        },
    )


def _write_roles(conn: Connection[Any], steps: Sequence[Step], granted_by: int | None) -> None:
    conn.execute(
        """
        INSERT INTO account_role (account_id, role, grid_id, organisation_id, term, granted_by)
        SELECT a.account_id, g.role, g.grid_id, g.organisation_id, daterange(g.since, g.until),
               %(granted_by)s
        FROM unnest(%(usernames)s::text[], %(roles)s::text[], %(grids)s::bigint[],
                    %(organisations)s::bigint[], %(sinces)s::date[], %(untils)s::date[])
            AS g (username, role, grid_id, organisation_id, since, until)
        JOIN account a USING (username)
        """,
        {
            "usernames": [step.username for step in steps],
            "roles": [step.role for step in steps],
            "grids": [step.place and step.place.grid_id for step in steps],
            "organisations": [step.place and step.place.organisation_id for step in steps],
            "sinces": [step.since for step in steps],
            "untils": [step.until for step in steps],
            "granted_by": granted_by,
        },
    )


def _silent(_stage: str, _share: float) -> None:
    """Tell nobody: it takes two seconds."""


def _settle_places(conn: Connection[Any], steps: Sequence[Step], today: date) -> None:
    texts = {step.place_text for step in steps if step.role and step.place_text}
    known = places.find_named(conn, texts, today)
    county: RolePlace | None = None
    for step in steps:
        if step.role is None:
            continue
        try:
            if not step.place_text and is_held_in_county(step.role):
                step.place = county = county or places.get_county(conn, today)
            else:
                found = known.get(step.place_text, ())
                step.place = places.choose(step.role, step.place_text, found)
        except GridMapError as error:
            step.faults.append(error)


def _compare_rows(steps: Sequence[Step]) -> None:
    """Find rows that repeat or contradict one above."""
    names: dict[str, Step] = {}
    roles: dict[tuple[object, ...], list[Step]] = defaultdict(list)
    for step in steps:
        if not step.username:
            continue
        first = names.setdefault(step.username, step)
        if step.name != first.name:
            step.faults.append(
                InvalidInputError(
                    "Row {row} gives this user name to {name}.",
                    hint="Two people need two user names.",
                    row=first.row,
                    name=first.name,
                )
            )
            continue
        same = roles[step.username, step.role, step.place and step.place.key]
        if step.faults:
            continue
        twin = next((other for other in same if _overlap(step, other)), None)
        if twin:
            step.faults.append(
                InvalidInputError(
                    "Row {row} says the same.", hint="Delete one of the two.", row=twin.row
                )
            )
        same.append(step)


def _compare_accounts(conn: Connection[Any], steps: Sequence[Step]) -> None:
    """Find accounts that are there already, and roles that they hold."""
    known = {
        username: (name, is_disabled)
        for username, name, is_disabled in conn.execute(
            "SELECT username, name, is_disabled FROM account WHERE username = ANY (%s)",
            [[step.username for step in steps]],
        )
    }
    held: dict[tuple[object, ...], list[tuple[date, date | None]]] = defaultdict(list)
    for username, role, grid_id, organisation_id, since, until in conn.execute(
        """
        SELECT a.username, r.role, r.grid_id, r.organisation_id, lower(r.term), upper(r.term)
        FROM account a JOIN account_role r USING (account_id)
        WHERE a.username = ANY (%s)
        """,
        [list(known)],
    ):
        held[username, role, grid_id, organisation_id].append((since, until))
    for step in steps:
        if step.username not in known:
            continue
        name, is_disabled = known[step.username]
        step.deed = "role" if step.role else "known"
        if name != step.name:
            step.faults.append(
                InvalidInputError(
                    "The account “{username}” belongs to {name}.",
                    hint="Choose another user name, or write the name as it is there.",
                    username=step.username,
                    name=name,
                )
            )
        elif is_disabled:
            step.faults.append(
                InvalidInputError(
                    "The account “{username}” is disabled.",
                    hint="Enable it first.",
                    username=step.username,
                )
            )
        elif step.role and step.place and step.since:
            place = step.place
            terms = held[step.username, step.role, place.grid_id, place.organisation_id]
            if any(since <= step.since and until == step.until for since, until in terms):
                # The same list sent again.
                step.deed = "known"
            elif any(_meet(step.since, step.until, *term) for term in terms):
                step.faults.append(
                    InvalidInputError("The account holds this role here already in that time.")
                )


def _overlap(one: Step, other: Step) -> bool:
    assert one.since is not None
    assert other.since is not None
    return _meet(one.since, one.until, other.since, other.until)


def _meet(since: date, until: date | None, other: date, other_until: date | None) -> bool:
    return (other_until is None or since < other_until) and (until is None or other < until)
