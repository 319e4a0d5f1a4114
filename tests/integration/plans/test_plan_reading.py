"""What a plan reads: its neighbourhood, by place and by number, never a level or a county."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import shapely
from psycopg.rows import TupleRow

from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.plans import advancing, checking, consequences, drawing, keeping, publishing
from geodata.plans.model import COMMAND_LINE

# What grows with the county.
LARGE = ("grid_version", "grid_shape", "grid_border", "building", "facility", "coverage_grid")
# True of half the county.
COARSE = re.compile(r"\((?:\w+\.)?(level|kind|max_zoom) = [^()]*\)| AND |[()]")


class Watching(psycopg.Cursor[TupleRow]):
    """Has every statement explained before it runs, and notes what would read too much."""

    faults: list[str]
    explained: int

    def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
        text = query if isinstance(query, str) else ""
        if re.match(r"\s*(SELECT|WITH|UPDATE|DELETE)\b", text):
            plain: Any = psycopg.Cursor(self.connection)
            row = plain.execute(f"EXPLAIN (FORMAT JSON) {text}", params).fetchone()
            assert row
            type(self).explained += 1
            for node in scans(row[0][0]["Plan"]):
                type(self).faults.append(f"{node}\n{text}")
        statement: Any = query
        return super().execute(statement, params, **how)


def scans(node: dict[str, Any]) -> Iterator[str]:
    """Yield the scans of a plan whose cost follows the county."""
    about = node.get("Relation Name") or node.get("Index Name", "")
    # Whether there is any: it stops at the first.
    is_probe = node.get("Parent Relationship") in ("SubPlan", "InitPlan") and not node.get(
        "Subplan Name", ""
    ).startswith("CTE")
    if about.startswith(LARGE) and not is_probe and "Scan" in node["Node Type"]:
        condition = node.get("Index Cond") or node.get("Recheck Cond") or ""
        if node["Node Type"] == "Seq Scan" or not COARSE.sub("", condition):
            yield f"{node['Node Type']} {node.get('Index Name', about)}: {condition}"
    for child in node.get("Plans", []):
        yield from scans(child)


@pytest.fixture
def watched(demo_conn: psycopg.Connection[TupleRow]) -> psycopg.Connection[TupleRow]:
    Watching.faults, Watching.explained = [], 0
    demo_conn.cursor_factory = Watching
    return demo_conn


def corners(conn: psycopg.Connection[TupleRow], level: str) -> list[tuple[float, float]]:
    rows = conn.execute(
        "SELECT ST_AsBinary(geom) FROM grid_version WHERE level = %s::grid_level"
        " AND valid @> current_date ORDER BY md5(grid_id::text) LIMIT 12",
        [level],
    )
    shapes = [shapely.from_wkb(bytes(row[0])) for row in rows.fetchall()]
    return [tuple(shapely.get_coordinates(shape)[3].tolist()) for shape in shapes]


@pytest.mark.parametrize("level", ["community", "compound"])
def test_no_statement_of_a_plan_reads_a_level(
    watched: psycopg.Connection[TupleRow], level: str
) -> None:
    places = corners(watched, level)
    Watching.faults.clear()
    for corner in places:
        plan = keeping.create(watched, COMMAND_LINE, "Move", "", clock.today())
        move = {"do": "move", "corner": corner, "to": [corner[0] + 2e-5, corner[1] + 2e-5]}
        try:
            plan = drawing.do(watched, plan.plan_id, COMMAND_LINE, move, revision=None).plan
        except InvalidInputError:
            # A compound stands in the way.
            continue
        checking.find(watched, plan)
        consequences.find(watched, plan)
        plan = advancing.advance(watched, plan, COMMAND_LINE, "submit")
        plan = advancing.advance(watched, plan, COMMAND_LINE, "approve")
        publishing.publish(watched, plan.plan_id, COMMAND_LINE, clock.today(), revision=None)
        break
    else:
        pytest.fail("nothing was published")
    assert Watching.explained > 60
    assert not Watching.faults, "\n\n".join(Watching.faults)
