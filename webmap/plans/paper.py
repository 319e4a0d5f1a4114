"""Documents for paper: what a plan changes, to be signed or to be posted, as PDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from flask import Blueprint, Response, render_template
from psycopg import Connection
from pydantic import BeforeValidator, Field

from geodata.database import settings
from geodata.errors import InvalidInputError
from geodata.language.phrases import Phrase
from geodata.plans import checking, consequences, drafts, keeping, sharing, sheets
from geodata.plans.model import STATES, Plan
from geodata.plans.sheets import Sheet
from layers import paper
from layers.paper import Drawing
from webmap.core import acting, asking, downloads, i18n
from webmap.core.asking import Query, asks

bp = Blueprint("papers", __name__, url_prefix="/plans")

Purpose = Literal["signing", "posting"]
# Two maps beside each other on A4 with margins of 16 mm.
_SIZE = paper.Size(87.0, 105.0)
# A table that is longer is for a screen.
MOST_ROWS = 400


@dataclass(frozen=True, slots=True)
class Pair:
    """One place on paper, before and after."""

    before: Drawing
    after: Drawing


def _purpose(text: str) -> str:
    if text not in get_args(Purpose):
        raise InvalidInputError(
            "“{value}” is not a kind of document.",
            hint="Write signing or posting.",
            value=text[:40],
        )
    return text


class PaperIn(Query):
    """What the document is for."""

    purpose: Annotated[Purpose, BeforeValidator(_purpose)] = Field("signing", alias="for")


@bp.get("/<int:plan_id>/consequences.pdf")
@asks(PaperIn)
def plan_consequences(asked: PaperIn, plan_id: int) -> Response:
    """Return what a plan changes as PDF."""
    with acting.drawing_connection() as (conn, _actor):
        plan = keeping.get(conn, plan_id)
        body = render(conn, plan, asked.purpose)
    return downloads.send(body, "application/pdf", f"gridmap-plan-{plan_id}-{asked.purpose}.pdf")


def render(conn: Connection[Any], plan: Plan, purpose: Purpose) -> bytes:
    """Return the document of a plan as PDF, in the reader's language.

    Raises InvalidInputError if the plan changes nothing.
    """
    from webmap.core import printing

    return printing.pdf(page(conn, plan, purpose))


def page(conn: Connection[Any], plan: Plan, purpose: Purpose) -> str:
    """Return the same as HTML. Raises InvalidInputError if the plan changes nothing."""
    if not drafts.touched(conn, plan):
        raise InvalidInputError("This plan changes nothing yet: there is nothing to be printed.")
    people = sharing.read_names(conn, {plan.owner_id} if plan.owner_id else set())
    return render_template(
        "plans/paper.html",
        plan=plan,
        purpose=purpose,
        state=STATES[plan.state],
        county=_county(conn),
        owner=people[plan.owner_id][1] if plan.owner_id in people else plan.owner,
        changes=consequences.find(conn, plan),
        pairs=[_pair(sheet) for sheet in sheets.find(conn, plan)],
        accepted=_accepted(conn, plan),
        most_rows=MOST_ROWS,
        printed_at=asking.now(),
        language=i18n.language(),
    )


def _county(conn: Connection[Any]) -> str:
    names = settings.read(conn).get("county_name")
    return i18n.pick(names.get("zh", ""), names.get("en", "")) if isinstance(names, dict) else ""


def _accepted(conn: Connection[Any], plan: Plan) -> list[tuple[Phrase, str]]:
    """Return the faults that were let stand, with the reason."""
    if plan.state == "published":
        return []
    return [(fault.text, fault.accepted) for fault in checking.find(conn, plan) if fault.accepted]


def _pair(sheet: Sheet) -> Pair:
    before, after = (
        paper.draw(
            sheet.box,
            [
                paper.Area(piece.level, draft.facts[id_].name, piece.shape, id_ in sheet.changed)
                for id_, piece in draft.ground.pieces.items()
            ],
            _SIZE,
            paper.Overlay(moved=moved, hatched=sheet.changing, dots=sheet.buildings),
        )
        for draft, moved in ((sheet.before, sheet.lost), (sheet.after, sheet.won))
    )
    return Pair(before, after)
