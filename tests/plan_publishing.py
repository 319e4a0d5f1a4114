"""Plans on their way to publication, as the command line takes them."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
from county import TODAY
from psycopg.rows import TupleRow

from geodata.plans import advancing, checking, drawing, keeping, publishing
from geodata.plans.model import COMMAND_LINE, Plan

Conn = psycopg.Connection[TupleRow]


def begin(conn: Conn, *operations: dict[str, Any], day: date = TODAY) -> Plan:
    plan = keeping.create(conn, COMMAND_LINE, "调整", "", day)
    for operation in operations:
        plan = drawing.do(conn, plan.plan_id, COMMAND_LINE, operation, revision=None).plan
    return plan


def approve(conn: Conn, plan: Plan) -> Plan:
    plan = advancing.advance(conn, keeping.get(conn, plan.plan_id), COMMAND_LINE, "submit")
    return advancing.advance(conn, plan, COMMAND_LINE, "approve")


def publish(conn: Conn, plan: Plan) -> publishing.Published:
    return publishing.publish(conn, approve(conn, plan).plan_id, COMMAND_LINE, TODAY, revision=None)


def let_stand(conn: Conn, plan: Plan) -> None:
    for each in checking.find(conn, plan):
        if each.is_blocking and each.kind == "multipart":
            checking.accept(conn, plan, COMMAND_LINE, each.key, "飞地")
