"""Rules that watch over coverage: which grids fall below a limit, and telling people of it.

A rule watches the grids of one level inside a scope, for one service kind or for each by itself.
What it reports becomes a notification, one at a time for a rule, a grid and a kind; that ends by
itself when the grid is within the limit again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal, LiteralString, get_args

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

from geodata import audit
from geodata.coverage import figures, history
from geodata.errors import InvalidInputError, NotFoundError
from geodata.model import GridRef, Level

# Served below so many per cent; so many households unserved or more; more percentage points fewer
# than on the first of the month before.
Measure = Literal["share", "unserved", "fall"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
LEVELS: tuple[Level, ...] = ("town", "community", "compound")
# Who is told of more is told of nothing.
MOST_REPORTS = 2_000


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


@dataclass(frozen=True, slots=True)
class Report:
    """A grid beyond the limit: its households, those served, and both as they were before.

    ``before`` values are None unless the rule compares with an earlier day.
    """

    grid: GridRef
    kind: str
    kind_zh: str
    kind_en: str
    households: int
    met: int
    households_before: int | None
    met_before: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """How many notifications were raised, and how many ended."""

    raised: int = 0
    ended: int = 0


def compared_day(day: date) -> date:
    """Return the day with which a fall is measured: the first of the month before."""
    return history.first_of_month(day, 1)


def listed(conn: Connection[Any]) -> list[Rule]:
    """List the rules, those that run longest first and those that have ended last."""
    return [_rule(row) for row in conn.execute(_RULES, {"rule_id": None}).fetchall()]


def get(conn: Connection[Any], rule_id: int) -> Rule:
    """Return a rule. Raises NotFoundError if there is none."""
    row = conn.execute(_RULES, {"rule_id": rule_id}).fetchone()
    if row is None:
        raise NotFoundError("There is no alert rule {number}.", number=rule_id)
    return _rule(row)


def reported(
    conn: Connection[Any], terms: Terms, day: date, limit: int | None = None
) -> tuple[int, list[Report]]:
    """Return how many grids a rule reports on a day, and the first of them by households unserved.

    Whether the rule is active on the day is not asked. Grids without households are never reported.
    """
    figures.ensure(conn, day)
    rows = conn.execute(
        _REPORTED,
        {
            **asdict(terms),
            "day": day,
            "before": compared_day(day),
            "limit": limit,
        },
        prepare=False,
    ).fetchall()
    reports = [Report(GridRef(*row[1:5]), *row[5:]) for row in rows]
    return (rows[0][0] if rows else 0), reports


def check(conn: Connection[Any], terms: Terms, day: date) -> None:
    """Raise InvalidInputError if a rule makes no sense, or reports more than anybody reads."""
    if terms.measure == "fall" and terms.level == "compound":
        raise InvalidInputError(
            "Figures of past months are kept for towns and communities, not for compounds.",
            hint="Choose another level or another limit.",
        )
    scope = conn.execute(
        "SELECT level::text FROM grid_version WHERE grid_id = %s AND valid @> %s",
        (terms.scope_id, day),
    ).fetchone()
    order = ("county", *LEVELS)
    if scope is None or order.index(scope[0]) > order.index(terms.level):
        raise InvalidInputError(
            "Inside the chosen place there is no grid of the chosen level.",
            hint="Choose a larger place or a finer level.",
        )
    count, _ = reported(conn, terms, day, limit=1)
    if count > MOST_REPORTS:
        raise InvalidInputError(
            "This rule would report {count:,} grids today; nobody reads so many.",
            hint="Choose a stricter limit, one service or a coarser level: up to {most:,}.",
            count=count,
            most=MOST_REPORTS,
        )


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


def evaluate(conn: Connection[Any], day: date) -> Change:
    """Let every rule report, and end what is over."""
    changes = [apply(conn, rule, day) for rule in listed(conn)]
    return Change(sum(each.raised for each in changes), sum(each.ended for each in changes))


def apply(conn: Connection[Any], rule: Rule, day: date, *, is_changed: bool = False) -> Change:
    """Let one rule report. ``is_changed`` says that the rule is what ended the rest, not the grid.

    What people have marked as done is not raised again before it was within the limit.
    """
    is_active = rule.terms.is_active(day)
    if not is_active and not rule.open:
        return Change()
    found = reported(conn, rule.terms, day)[1] if is_active else []
    now = {(report.grid.grid_id, report.kind): report for report in found}
    rows = conn.execute(
        "SELECT notification_id, grid_id, kind FROM notification"
        " WHERE rule_id = %s AND ended_at IS NULL",
        (rule.rule_id,),
    ).fetchall()
    known = {(grid_id, kind): number for number, grid_id, kind in rows}
    raised = _raise(conn, rule, day, [now[key] for key in now if key not in known])
    over = [number for key, number in known.items() if key not in now]
    conn.execute(
        """
        UPDATE notification n SET ended_at = now(), ended = CASE
            -- A grid of which nothing is known any more is not well served.
            WHEN %(watched)s AND EXISTS (
                SELECT FROM coverage_grid c JOIN coverage_stretch s USING (stretch_id)
                WHERE s.valid @> %(day)s::date AND c.grid_id = n.grid_id AND c.kind = n.kind
                  AND c.households > 0)
            THEN 'within' ELSE 'unwatched' END
        WHERE notification_id = ANY(%(over)s)
        """,
        {"over": over, "day": day, "watched": is_active and not is_changed},
    )
    # Whose it is to see follows the boundaries.
    conn.execute(
        """
        UPDATE notification n SET place = p.place
        FROM (SELECT g.grid_id, ARRAY(SELECT grid_upwards(g.grid_id, %(day)s)) AS place
              FROM (SELECT DISTINCT grid_id FROM notification
                    WHERE rule_id = %(rule_id)s AND ended_at IS NULL) g) p
        WHERE n.grid_id = p.grid_id AND n.rule_id = %(rule_id)s AND n.ended_at IS NULL
          AND n.place <> p.place
        """,
        {"rule_id": rule.rule_id, "day": day},
    )
    return Change(raised, len(over))


def _raise(conn: Connection[Any], rule: Rule, day: date, reports: list[Report]) -> int:
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO notification (subject, grid_id, place, rule_id, kind, day, payload)
            VALUES ('alert', %(grid_id)s, ARRAY(SELECT grid_upwards(%(grid_id)s, %(day)s)),
                    %(rule_id)s, %(kind)s, %(day)s, %(payload)s)
            ON CONFLICT DO NOTHING
            """,
            [
                {
                    "grid_id": report.grid.grid_id,
                    "rule_id": rule.rule_id,
                    "kind": report.kind,
                    "day": day,
                    "payload": Jsonb(_payload(rule.terms, report, day)),
                }
                for report in reports
            ],
        )
        return cursor.rowcount if reports else 0


def _payload(terms: Terms, report: Report, day: date) -> dict[str, object]:
    """Return all that a sender needs, whatever becomes of the rule and the grid."""
    return {
        "grid": report.grid.name,
        "code": report.grid.code,
        "level": report.grid.level,
        "kind_zh": report.kind_zh,
        "kind_en": report.kind_en,
        "measure": terms.measure,
        "amount": terms.amount,
        "households": report.households,
        "met": report.met,
        **(
            {
                "before": compared_day(day).isoformat(),
                "households_before": report.households_before,
                "met_before": report.met_before,
            }
            if terms.measure == "fall"
            else {}
        ),
    }


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

# The grids below the scope are found first: they are few where the scope is small.
_REPORTED: LiteralString = """
    WITH RECURSIVE below AS (
        SELECT grid_id, level, name, code FROM grid_version
        WHERE grid_id = %(scope_id)s AND valid @> %(day)s::date
        UNION ALL
        SELECT v.grid_id, v.level, v.name, v.code
        FROM below b JOIN grid_version v ON v.parent_id = b.grid_id AND v.valid @> %(day)s::date
        WHERE b.level < %(level)s::grid_level)
    SELECT count(*) OVER (), b.grid_id, b.level::text, b.name, b.code, k.kind, k.name_zh, k.name_en,
           c.households, c.met, r.households, r.met
    FROM below b
    JOIN coverage_stretch s ON s.valid @> %(day)s::date
    JOIN coverage_grid c ON c.stretch_id = s.stretch_id AND c.grid_id = b.grid_id
    JOIN service_kind k USING (kind)
    LEFT JOIN coverage_record r ON %(measure)s = 'fall' AND r.grid_id = b.grid_id
        AND r.kind = c.kind AND r.day = %(before)s
    WHERE b.level = %(level)s::grid_level AND c.households > 0
      AND (%(kind)s::text IS NULL OR c.kind = %(kind)s)
      AND CASE %(measure)s
          WHEN 'share' THEN c.met * 100::bigint < %(amount)s * c.households::bigint
          WHEN 'unserved' THEN c.households - c.met >= %(amount)s
          -- In whole numbers: the shares differ by more than so many hundredths.
          ELSE 100::numeric * (r.met::numeric * c.households - c.met::numeric * r.households)
               > %(amount)s::numeric * c.households * r.households END
    ORDER BY c.households - c.met DESC, b.code, k.rank LIMIT %(limit)s
"""
