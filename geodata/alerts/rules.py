"""Alert rules: what each says, and writing it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Literal, LiteralString, get_args

from psycopg import Connection
from psycopg.types.range import Range

from geodata.accounts import audit
from geodata.errors import NotFoundError
from geodata.language.phrases import Phrase
from geodata.model import Level

# Served below so many per cent; so many households unserved or more; more percentage points fewer
# than on the first of the month before.
Measure = Literal["share", "unserved", "fall"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
MEASURE_TITLES: Mapping[Measure, Phrase] = MappingProxyType(
    {
        "share": Phrase("Share served below (%)"),
        "unserved": Phrase("Households unserved at least"),
        "fall": Phrase("Share fallen by more than (points)"),
    }
)
WATCHED: Mapping[Level, Phrase] = MappingProxyType(
    {
        "town": Phrase("every town"),
        "community": Phrase("every community"),
        "compound": Phrase("every compound"),
    }
)
LEVELS: tuple[Level, ...] = tuple(WATCHED)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule says. ``kind`` is None for every kind; ``until`` is exclusive, None: open."""

    kind: str | None
    level: Level
    scope_id: int
    measure: Measure
    amount: int
    since: date
    until: date | None

    def is_active(self, day: date) -> bool:
        """Tell whether it watches on a day."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its number, its scope by name, and what of it is open."""

    rule_id: int
    terms: Terms
    scope: str
    kind_zh: str | None
    kind_en: str | None
    changed_by: str
    changed_at: datetime
    open: int


def describe_limit(measure: Measure, amount: int) -> Phrase:
    """Say what a rule reports, to follow "where" or "limit"."""
    if measure == "share":
        return Phrase("fewer than {share} of the households are served", {"share": f"{amount}%"})
    if measure == "unserved":
        return Phrase("{n:,} households or more are unserved", {"n": amount})
    return Phrase(
        "the share served is more than {n} points lower than on the first of the month before",
        {"n": amount},
    )


def listed(conn: Connection[Any]) -> list[Rule]:
    """List the rules, those that run longest first and those that have ended last."""
    return [_rule(row) for row in conn.execute(_RULES, {"rule_id": None}).fetchall()]


def get(conn: Connection[Any], rule_id: int) -> Rule:
    """Return a rule. Raises NotFoundError if there is none."""
    row = conn.execute(_RULES, {"rule_id": rule_id}).fetchone()
    if row is None:
        raise NotFoundError("There is no alert rule {number}.", number=rule_id)
    return _rule(row)


def take(conn: Connection[Any], rule_id: int) -> Rule:
    """Return a rule and keep others from changing it until the transaction ends. Raises as get."""
    conn.execute("SELECT FROM alert_rule WHERE rule_id = %s FOR UPDATE", [rule_id])
    return get(conn, rule_id)


def create(conn: Connection[Any], terms: Terms, actor: str) -> int:
    """Write a rule down and return its number; the trail says who did it."""
    row = conn.execute(
        """
        INSERT INTO alert_rule (kind, level, scope_id, measure, amount, active, changed_by)
        VALUES (%(kind)s, %(level)s, %(scope_id)s, %(measure)s, %(amount)s, %(active)s, %(actor)s)
        RETURNING rule_id
        """,
        _values(terms, actor),
    ).fetchone()
    assert row is not None
    _note(conn, "alert.created", row[0], terms)
    return row[0]


def change(conn: Connection[Any], rule_id: int, terms: Terms, actor: str) -> None:
    """Let a rule say something else; the trail says what it says now."""
    conn.execute(
        """
        UPDATE alert_rule
        SET kind = %(kind)s, level = %(level)s, scope_id = %(scope_id)s, measure = %(measure)s,
            amount = %(amount)s, active = %(active)s, changed_by = %(actor)s, changed_at = now()
        WHERE rule_id = %(rule_id)s
        """,
        {**_values(terms, actor), "rule_id": rule_id},
    )
    _note(conn, "alert.changed", rule_id, terms)


def _values(terms: Terms, actor: str) -> dict[str, object]:
    return {**asdict(terms), "active": Range(terms.since, terms.until), "actor": actor}


def _note(conn: Connection[Any], action: str, rule_id: int, terms: Terms) -> None:
    names = conn.execute(
        "SELECT name_zh, name_en FROM service_kind WHERE kind = %s", (terms.kind,)
    ).fetchone()
    audit.record(
        conn,
        action,
        subject="alert",
        subject_id=rule_id,
        detail={
            **({"service_zh": names[0], "service_en": names[1]} if names else {}),
            "level": terms.level,
            "grid_id": terms.scope_id,
            "measure": terms.measure,
            "amount": terms.amount,
            "term": f"[{terms.since},{terms.until or ''})",
        },
    )


def _rule(row: tuple[Any, ...]) -> Rule:
    return Rule(row[0], Terms(*row[1:8]), *row[8:])


_RULES: LiteralString = """
    SELECT r.rule_id, r.kind, r.level::text, r.scope_id, r.measure, r.amount,
           lower(r.active), upper(r.active),
           coalesce((SELECT v.name FROM grid_version v WHERE v.grid_id = r.scope_id
                     ORDER BY lower(v.valid) DESC LIMIT 1), ''),
           k.name_zh, k.name_en, r.changed_by, r.changed_at,
           (SELECT count(*) FROM notification n
            WHERE n.rule_id = r.rule_id AND n.ended_at IS NULL)
    FROM alert_rule r LEFT JOIN service_kind k USING (kind)
    WHERE %(rule_id)s::bigint IS NULL OR r.rule_id = %(rule_id)s
    ORDER BY upper(r.active) DESC NULLS FIRST, r.rule_id
"""
