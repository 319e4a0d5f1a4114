"""The fragment of the ranked list of grids: asked for again whenever the map shows others."""

from __future__ import annotations

from flask import Blueprint, Response, request

from geodata.coverage.figures import reading
from geodata.errors import NotFoundError
from geodata.grids import reading as grids
from webmap.core import acting, asking
from webmap.core.fragments import fragment
from webmap.map import ranking

bp = Blueprint("gaps", __name__, url_prefix="/panel")


@bp.get("/ranked")
def ranked() -> Response:
    """List the grids in which most households lack a service: a page of ?level=, in ?box=."""
    on, kind = asking.asked_day(request.args), reading.read_kind(request.args)
    with acting.connection() as conn:
        county = grids.find_county(conn, on)
        if county is None:
            raise NotFoundError("There are no boundaries on this day.")
        least = acting.least_count(conn, county.grid_id, on)
        return fragment(
            "map/_ranked.html",
            mode="coverage",
            on=on,
            ranked=ranking.ranked(conn, kind, on, is_rounded=least > 0),
            names=reading.list_names(conn),
            least=least,
        )
