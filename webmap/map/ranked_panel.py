"""The fragment of the ranked list of grids: asked for again whenever the map shows others."""

from __future__ import annotations

from flask import Blueprint, Response

from geodata.coverage.figures import reading
from geodata.errors import NotFoundError
from geodata.grids import reading as grids
from webmap.core import acting
from webmap.core.asking import asks
from webmap.core.fragments import fragment
from webmap.map import ranking
from webmap.map.ranking import RankedIn

bp = Blueprint("gaps", __name__, url_prefix="/panel")


@bp.get("/ranked")
@asks(RankedIn)
def ranked(asked: RankedIn) -> Response:
    """List the grids in which most households lack a service: a page of ?level=, in ?box=."""
    with acting.connection() as conn:
        county = grids.find_county(conn, asked.on)
        if county is None:
            raise NotFoundError("There are no boundaries on this day.")
        least = acting.least_count(conn, county.grid_id, asked.on)
        return fragment(
            "map/_ranked.html",
            mode="coverage",
            on=asked.on,
            ranked=ranking.ranked(conn, asked, asked.kind, is_rounded=least > 0),
            names=reading.list_names(conn),
            least=least,
        )
