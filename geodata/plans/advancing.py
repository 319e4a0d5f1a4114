"""The way of a plan through the office: submitted, returned, approved, withdrawn, reopened."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from psycopg import Connection

from geodata.errors import InvalidInputError
from geodata.plans import keeping
from geodata.plans.model import STATES, Actor, Deed, Plan, PlanStateError, State

# From which state a deed leads where.
WAYS: Mapping[tuple[State, Deed], State] = MappingProxyType(
    {
        ("draft", "submit"): "submitted",
        ("submitted", "return"): "draft",
        ("submitted", "approve"): "approved",
        ("approved", "return"): "draft",
        ("approved", "publish"): "published",
        ("draft", "withdraw"): "withdrawn",
        ("submitted", "withdraw"): "withdrawn",
        ("approved", "withdraw"): "withdrawn",
        ("withdrawn", "reopen"): "draft",
    }
)
_EVENT: Mapping[Deed, str] = MappingProxyType(
    {
        "submit": "submitted",
        "return": "returned",
        "approve": "approved",
        "publish": "published",
        "withdraw": "withdrawn",
        "reopen": "changed",
    }
)


def advance(conn: Connection[Any], plan: Plan, actor: Actor, deed: Deed, reason: str = "") -> Plan:
    """Take a plan one step on its way. Publishing itself is done by ``publishing.publish``.

    Raises PlanStateError if the step is not this person's to take or not from this state,
    InvalidInputError if the reason is missing or too long.
    """
    target = WAYS.get((plan.state, deed))
    if target is None:
        raise PlanStateError(
            "The plan is {state}: this cannot be done with it now.", state=STATES[plan.state]
        )
    _check_deed(plan, actor, deed)
    reason = keeping.read_reason(reason)
    if deed == "return" and not reason:
        raise InvalidInputError("Say why the plan is returned.")
    # Whatever goes on is in the way again: a draft among those put away would be forgotten.
    conn.execute(
        "UPDATE plan SET state = %s, is_archived = false WHERE plan_id = %s",
        [target, plan.plan_id],
    )
    keeping.note(conn, plan.plan_id, actor, _EVENT[deed], reason=reason)
    return keeping.count_change(conn, plan)


def list_deeds(plan: Plan, actor: Actor) -> list[Deed]:
    """Return the steps that this person may take with a plan now."""
    found: list[Deed] = []
    for state, deed in WAYS:
        if state != plan.state:
            continue
        try:
            _check_deed(plan, actor, deed)
        except PlanStateError:
            continue
        found.append(deed)
    return found


def _check_deed(plan: Plan, actor: Actor, deed: Deed) -> None:
    match deed:
        case "submit" | "withdraw" | "reopen":
            keeping.check_own(plan, actor)
        case "approve":
            if not actor.may_approve:
                raise PlanStateError("Plans are approved by people who have the right to approve.")
            if actor.account_id is not None and plan.is_drawn_by(actor):
                raise PlanStateError("Nobody approves a plan of their own.")
        case "return":
            if not actor.may_approve:
                keeping.check_own(plan, actor)
        case "publish":
            if not actor.may_draw:
                raise PlanStateError("Plans are published by those who draw.")
