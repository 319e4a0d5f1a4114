"""What alert rules report: the grids beyond a limit on a day, told once and taken back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.types.json import Jsonb

from geodata.alerts import rules
from geodata.alerts.rules import LEVELS, Rule, Terms
from geodata.coverage.figures import history
from geodata.coverage.figures import keeping as figures
from geodata.errors import InvalidInputError
from geodata.model import GridRef

# Who is told of more is told of nothing.
MOST_REPORTS = 2_000


@dataclass(frozen=True, slots=True)
class Report:
    """A grid beyond the limit: its households, those served, and both as they were before.

    ``before`` values are None unless the rule compares with an earlier day. ``place`` holds the
    grid and all that it lies in.
    """

    grid: GridRef
    place: list[int]
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


def reported(
    conn: Connection[Any], terms: Terms, day: date, limit: int | None = None
) -> tuple[int, list[Report]]:
    """Return how many grids a rule reports on a day, and the first of them by households unserved.

    Whether the rule is active on the day is not asked. Grids without households are never reported.
    """
    figures.standing(conn, day)
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
            "This rule would report {count:,} grids today, too many to read.",
            hint="Choose a stricter limit, one service or a coarser level: up to {most:,}.",
            count=count,
            most=MOST_REPORTS,
        )


def evaluate(conn: Connection[Any], day: date) -> Change:
    """Let every rule report by figures that are up to date, and end what is over; for the owner."""
    figures.ensure(conn, day)
    changes = [apply(conn, rule, day) for rule in rules.listed(conn)]
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
        "SELECT notification_id, grid_id, kind, place FROM notification"
        " WHERE rule_id = %s AND ended_at IS NULL",
        (rule.rule_id,),
    ).fetchall()
    known = {(grid_id, kind): (number, place) for number, grid_id, kind, place in rows}
    raised = _raise(conn, rule, day, [now[key] for key in now if key not in known])
    over = [number for key, (number, _) in known.items() if key not in now]
    conn.execute(
        """
        UPDATE notification n SET ended_at = now(), ended = CASE
            -- A grid of which nothing is known any more is not well served.
            WHEN %(watched)s AND EXISTS (
                SELECT FROM coverage_grid c JOIN coverage_stretch s USING (stretch_id)
                WHERE s.valid @> %(day)s::date AND c.grid_id = n.grid_id AND c.kind = n.kind
                  AND c.households > 0 AND NOT c.is_rounded)
            THEN 'within' ELSE 'unwatched' END
        WHERE notification_id = ANY(%(over)s)
        """,
        {"over": over, "day": day, "watched": is_active and not is_changed},
    )
    for key, (number, place) in known.items():
        # Whose it is to see follows the boundaries.
        if key in now and set(place) != set(now[key].place):
            conn.execute(
                "UPDATE notification SET place = %s WHERE notification_id = %s",
                (now[key].place, number),
            )
    return Change(raised, len(over))


def _raise(conn: Connection[Any], rule: Rule, day: date, reports: list[Report]) -> int:
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO notification (subject, grid_id, place, rule_id, kind, day, payload)
            VALUES ('alert', %(grid_id)s, %(place)s, %(rule_id)s, %(kind)s, %(day)s, %(payload)s)
            ON CONFLICT DO NOTHING
            """,
            [
                {
                    "grid_id": report.grid.grid_id,
                    "place": report.place,
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


# The grids below the scope are found first: they are few where the scope is small.
_REPORTED: LiteralString = """
    WITH RECURSIVE below AS (
        SELECT grid_id, level, name, code,
               ARRAY(SELECT grid_upwards(%(scope_id)s, %(day)s)) AS place
        FROM grid_version
        WHERE grid_id = %(scope_id)s AND valid @> %(day)s::date
        UNION ALL
        SELECT v.grid_id, v.level, v.name, v.code, b.place || v.grid_id
        FROM below b JOIN grid_version v ON v.parent_id = b.grid_id AND v.valid @> %(day)s::date
        WHERE b.level < %(level)s::grid_level)
    SELECT count(*) OVER (), b.grid_id, b.level::text, b.name, b.code, b.place, k.kind,
           k.name_zh, k.name_en,
           c.households, c.met, r.households, r.met
    FROM below b
    JOIN coverage_stretch s ON s.valid @> %(day)s::date
    JOIN coverage_grid c ON c.stretch_id = s.stretch_id AND c.grid_id = b.grid_id
        AND NOT c.is_rounded
    JOIN service_kind k USING (kind)
    LEFT JOIN coverage_record r ON %(measure)s = 'fall' AND r.grid_id = b.grid_id
        AND r.kind = c.kind AND r.day = %(before)s AND NOT r.is_rounded
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
