"""Setting the standards of services: read, saved, taken back, each change kept and audited.

Nobody overwrites what another has saved meanwhile: anyone who saves says which definition was seen.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from psycopg import Connection, errors
from psycopg.types.json import Jsonb

from geodata.accounts import audit
from geodata.coverage.standards.definition import Course, Dated, Definition, from_plain
from geodata.coverage.standards.model import Place, Providers, Standard
from geodata.database import locks
from geodata.database.locks import Lock
from geodata.errors import GridMapError, InvalidInputError, NotFoundError

What = Literal["added", "changed", "withdrawn", "undone"]
_LONGEST = 40
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class SetMeanwhileError(GridMapError):
    """Somebody else has saved another definition since it was read."""

    code = "set_meanwhile"


@dataclass(frozen=True, slots=True)
class Change:
    """What was saved last of a kind; ``is_undone`` where it took another change back."""

    change_id: int
    at: datetime
    actor: str
    is_undone: bool


def list_definitions(conn: Connection[Any]) -> list[Definition]:
    """List all kinds in the county's order."""
    return _read(conn, None)


def get(conn: Connection[Any], kind: str) -> Definition:
    """Return one kind. Raises NotFoundError if the county has none of that code."""
    found = _read(conn, kind) if _CODE.fullmatch(kind) else []
    if not found:
        raise NotFoundError("This map has no service kind “{value}”.", value=kind[:_LONGEST])
    return found[0]


def list_roles(conn: Connection[Any]) -> list[tuple[str, str, str]]:
    """List the roles whose holders may count as providers: code, Chinese and English name."""
    return conn.execute(
        "SELECT role, name_zh, name_en FROM duty_role ORDER BY rank, role"
    ).fetchall()


def make_code(conn: Connection[Any], name_en: str) -> str:
    """Return a code for a new kind, made from its English name, that no kind has had."""
    plain = re.sub(r"[^a-z0-9]+", "_", name_en.lower()).strip("_")[:32].rstrip("_")
    stem = plain if re.match(r"[a-z]", plain) else f"kind_{plain}".rstrip("_")
    taken = {
        row[0]
        for row in conn.execute(
            "SELECT kind FROM service_kind UNION SELECT kind FROM standard_change"
        ).fetchall()
    }
    # An address of its own, where the page adds one.
    taken.add("new")
    codes = (stem, *(f"{stem}_{number}" for number in range(2, 1000)))
    return next(code for code in codes if code not in taken)


def last_rank(conn: Connection[Any]) -> int:
    """Return the last place in the county's order."""
    row = conn.execute("SELECT coalesce(max(rank), 0) FROM service_kind").fetchone()
    return row[0] if row else 0


def check_names(conn: Connection[Any], wanted: Definition) -> None:
    """Raise InvalidInputError if another kind has a name or the code of a new one."""
    for it in list_definitions(conn):
        for name, other in ((wanted.name_zh, it.name_zh), (wanted.name_en, it.name_en)):
            if wanted.kind == it.kind or name.casefold() == other.casefold():
                raise InvalidInputError("There is a kind called “{name}” already.", name=other)


def add(conn: Connection[Any], actor: str, wanted: Definition) -> None:
    """Write a kind that is not there yet.

    Raises InvalidInputError if another kind is called so.
    """
    _lock(conn)
    check_names(conn, wanted)
    _write(conn, wanted)
    _note(conn, actor, "added", None, wanted, wanted.town[0].since)


def save(
    conn: Connection[Any],
    actor: str,
    seen: str,
    wanted: Definition,
    *,
    what: Literal["changed", "withdrawn"] = "changed",
    since: date | None = None,
) -> None:
    """Put a definition in the place of the one that was seen, by its digest.

    ``since`` is the day from which it is different. Raises SetMeanwhileError if another stands
    there now, InvalidInputError if nothing differs.
    """
    _lock(conn)
    present = get(conn, wanted.kind)
    if present.digest != seen:
        raise SetMeanwhileError("Somebody else has changed this standard in the meantime.")
    if wanted == present:
        raise InvalidInputError("This standard already applies.")
    _write(conn, wanted)
    _note(conn, actor, what, present, wanted, since)


def last_change(conn: Connection[Any], kind: str) -> Change | None:
    """Return the change of a kind that can be taken back, None where there is none."""
    row = conn.execute(
        "SELECT change_id, at, actor, what = 'undone', after FROM standard_change"
        " WHERE kind = %s ORDER BY change_id DESC LIMIT 1",
        [kind],
    ).fetchone()
    if row is None or row[4] is None:
        return None
    present = _read(conn, kind)
    # What was written by other hands since is not undone unseen.
    is_last = bool(present) and present[0].digest == from_plain(row[4]).digest
    return Change(*row[:4]) if is_last else None


def undo(conn: Connection[Any], actor: str, kind: str, change_id: int) -> Definition | None:
    """Take a change back, the last one of its kind; return what holds then, None if it is gone.

    Taking that back in turn does it again, which is a change like any other. Raises
    SetMeanwhileError if something else was saved since, InvalidInputError if facilities are of the
    kind that would go.
    """
    _lock(conn)
    row = conn.execute(
        "SELECT before FROM standard_change WHERE kind = %s AND change_id = %s", [kind, change_id]
    ).fetchone()
    if row is None:
        raise NotFoundError("There is no such change.")
    last = last_change(conn, kind)
    if last is None or last.change_id != change_id:
        raise SetMeanwhileError("Something else was saved since: this can no longer be undone.")
    present, before = get(conn, kind), from_plain(row[0]) if row[0] else None
    if before is None:
        _remove(conn, kind)
    else:
        _write(conn, before)
    _note(conn, actor, "changed" if last.is_undone else "undone", present, before)
    return before


def _lock(conn: Connection[Any]) -> None:
    locks.take(conn, Lock.STANDARDS)


def _read(conn: Connection[Any], kind: str | None) -> list[Definition]:
    courses: dict[tuple[str, str], Course[Standard]] = {}
    for code, place, since, until, *values in conn.execute(
        """
        SELECT kind, place, coalesce(lower(valid), '0001-01-01'), upper(valid), reach, unit, detour,
               capacity, minimum
        FROM service_standard WHERE %(kind)s::text IS NULL OR kind = %(kind)s
        ORDER BY kind, place, lower(valid)
        """,
        {"kind": kind},
    ):
        former = courses.get((code, place), ())
        courses[code, place] = (*former, Dated(since, until, Standard(*values)))
    rows = conn.execute(
        """
        SELECT kind, name_zh, name_en, rank FROM service_kind
        WHERE %(kind)s::text IS NULL OR kind = %(kind)s ORDER BY rank, kind
        """,
        {"kind": kind},
    ).fetchall()
    providers = _read_providers(conn, kind)
    return [
        Definition(
            code,
            name_zh,
            name_en,
            rank,
            courses.get((code, "town"), ()),
            courses.get((code, "village"), ()),
            providers.get(code, ()),
        )
        for code, name_zh, name_en, rank in rows
    ]


def _read_providers(conn: Connection[Any], kind: str | None) -> dict[str, Course[Providers]]:
    """Return who counts as a provider of each kind, from day to day."""
    rows = conn.execute(
        """
        WITH bound AS (
            SELECT DISTINCT kind, day FROM service_provider,
                LATERAL (VALUES (coalesce(lower(valid), '0001-01-01')), (upper(valid))) b (day)
            WHERE day IS NOT NULL AND (%(kind)s::text IS NULL OR kind = %(kind)s)),
        stretch AS (
            SELECT kind, day, lead(day) OVER (PARTITION BY kind ORDER BY day) AS until FROM bound)
        SELECT s.kind, s.day, s.until, bool_or(p.via = 'facility'),
               coalesce(array_agg(p.what ORDER BY p.what) FILTER (WHERE p.via = 'area'), '{}'),
               coalesce(array_agg(p.what ORDER BY p.what) FILTER (WHERE p.via = 'duty'), '{}')
        FROM stretch s JOIN service_provider p ON p.kind = s.kind AND p.valid @> s.day
        GROUP BY s.kind, s.day, s.until ORDER BY s.kind, s.day
        """,
        {"kind": kind},
    ).fetchall()
    found: dict[str, Course[Providers]] = {}
    for code, since, until, by_facility, areas, duties in rows:
        by = Providers(by_facility, tuple(areas), tuple(duties))
        found[code] = (*found.get(code, ()), Dated(since, until, by))
    return found


def _write(conn: Connection[Any], it: Definition) -> None:
    conn.execute(
        """
        INSERT INTO service_kind (kind, name_zh, name_en, rank) VALUES (%s, %s, %s, %s)
        ON CONFLICT (kind) DO UPDATE
        SET name_zh = EXCLUDED.name_zh, name_en = EXCLUDED.name_en, rank = EXCLUDED.rank
        """,
        [it.kind, it.name_zh, it.name_en, it.rank],
    )
    conn.execute("DELETE FROM service_standard WHERE kind = %s", [it.kind])
    conn.execute("DELETE FROM service_provider WHERE kind = %s", [it.kind])
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO service_standard
                (kind, place, valid, reach, unit, detour, capacity, minimum)
            VALUES (%s, %s, daterange(%s, %s), %s, %s, %s, %s, %s)
            """,
            [
                (
                    it.kind, place, each.since, each.until, each.value.reach,
                    each.value.unit, each.value.detour, each.value.capacity,
                    each.value.minimum,
                )
                for place, course in (("town", it.town), ("village", it.village))
                for each in course
            ],
        )  # fmt: skip
        cursor.executemany(
            "INSERT INTO service_provider (kind, via, what, valid)"
            " VALUES (%s, %s, %s, daterange(%s, %s))",
            [
                (it.kind, via, what, each.since, each.until)
                for each in it.providers
                for via, what in _ways(each.value)
            ],
        )


def _ways(by: Providers) -> list[tuple[str, str]]:
    return [
        *([("facility", "")] if by.by_facility else []),
        *(("area", what) for what in by.areas),
        *(("duty", what) for what in by.duties),
    ]


def _remove(conn: Connection[Any], kind: str) -> None:
    try:
        with conn.transaction():
            conn.execute("DELETE FROM service_kind WHERE kind = %s", [kind])
    except errors.ForeignKeyViolation:
        raise InvalidInputError(
            "Facilities of this kind have been entered, so it cannot be withdrawn."
        ) from None


def _note(
    conn: Connection[Any],
    actor: str,
    what: What,
    before: Definition | None,
    after: Definition | None,
    since: date | None = None,
) -> None:
    it = after or before
    assert it is not None
    plain = [each.to_plain() if each else None for each in (before, after)]
    conn.execute(
        "INSERT INTO standard_change (kind, actor, what, before, after)"
        " VALUES (%s, %s, %s, %s, %s)",
        [it.kind, actor, what, *(Jsonb(each) if each else None for each in plain)],
    )
    detail: dict[str, object] = {"kind_zh": it.name_zh, "kind_en": it.name_en}
    if since is not None:
        detail["since"] = since.isoformat()
        for place in ("town", "village"):
            old, new = (each.on(since, place) if each else None for each in (before, after))
            if old != new:
                detail[place] = [_brief(each, since, place) for each in (before, after)]
    if before and after and before.providers != after.providers:
        by = after.providers_on(since or _first_difference(before, after))
        detail["providers"] = {
            "facility": by.by_facility,
            "area": list(by.areas),
            "duty": [each[1:] for each in list_roles(conn) if each[0] in by.duties],
        }
    audit.record(conn, f"standard.{what}", subject="service_kind", detail=detail)


def _first_difference(before: Definition, after: Definition) -> date:
    """Return the first day on which others give a service; the courses differ."""
    days = {each.since for it in (before, after) for each in it.providers}
    days |= {each.until for it in (before, after) for each in it.providers if each.until}
    # Courses may differ in where they are cut alone.
    return next(
        (day for day in sorted(days) if before.providers_on(day) != after.providers_on(day)),
        date.max,
    )


def _brief(it: Definition | None, day: date, place: Place) -> dict[str, object] | None:
    standard = it.on(day, place) if it else None
    if standard is None or it is None:
        return None
    plain = {key: value for key, value in asdict(standard).items() if key != "m_per_min"}
    return {"by_facility": it.providers_on(day).by_facility, **plain}
