"""Issues: counted by place at small scales, one by one when close."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import LiteralString

from geodata.grids.tiles import EXTENT, Source
from geodata.issues import reading as issues
from layers.layer import AREA, BOX, MAX_ZOOM, Layer, Read, mvt, statement

# Clusters are cells of a fixed lattice: an eighth of a tile, 64 CSS pixels where a tile covers 512.
CELL = EXTENT // 8
# From here on each issue stands for itself, unless several share one spot.
SINGLE_ZOOM = 16


def _query(cell: LiteralString) -> LiteralString:
    # The search area is the tile and exactly one ring of cells around it, so a cell is counted
    # whole in every tile that draws it, and a circle is never cut at a tile's edge.
    hits = (
        "SELECT i.issue_id, c.code AS category, i.is_open, i.is_overdue, i.is_suspended,"
        " ST_Transform(i.geom, 3857) AS point"
        " FROM (" + issues.MATCHING + ") i JOIN issue_category c USING (category_id)"
        " WHERE i.geom && " + AREA
    )
    cells = (
        "SELECT count(*) AS n, min(issue_id) AS id, min(category) AS category,"
        " count(*) FILTER (WHERE is_overdue) AS overdue,"
        " count(*) FILTER (WHERE is_suspended AND NOT is_overdue) AS suspended,"
        " count(*) FILTER (WHERE NOT is_open) AS closed,"
        " ST_SetSRID(ST_MakePoint(avg(ST_X(point)), avg(ST_Y(point))), 3857) AS point"
        " FROM (" + hits + ") h"
        " GROUP BY floor((ST_X(point) - %(west_m)s) / (%(side_m)s::float8 / " + cell + ")),"
        " floor((ST_Y(point) - %(south_m)s) / (%(side_m)s::float8 / " + cell + "))"
    )
    features = (
        "SELECT k.n, k.overdue, k.suspended, k.closed,"
        " CASE WHEN k.n = 1 THEN k.id END AS id, CASE WHEN k.n = 1 THEN k.category END AS category,"
        " CASE WHEN k.n > 1 THEN NULL WHEN k.closed > 0 THEN 'closed'"
        " WHEN k.suspended > 0 THEN 'suspended' ELSE 'open' END AS state,"
        " ST_AsMVTGeom(k.point, " + BOX + ", 4096, 512, true) AS geom"
        " FROM (" + cells + ") k"
        # The larger are drawn first, the smaller stay visible on top.
        " ORDER BY k.n DESC"
    )
    return statement(mvt("issue", features))


def _read(args: Mapping[str, str], on: date, now: datetime) -> Read:
    chosen = issues.read_filter(args, on, now)
    return chosen.values(), chosen.address()


LAYER = Layer(
    name="issues",
    source=Source(
        {
            **{z: _query("8.0") for z in range(SINGLE_ZOOM)},
            # Two metres and less: only what lies on one spot is counted together.
            **{z: _query("256.0") for z in range(SINGLE_ZOOM, MAX_ZOOM + 1)},
        },
        subjects=("issues",),
        margin=CELL / EXTENT,
    ),
    fields={
        "issue": {
            "n": "Number",
            "overdue": "Number",
            "suspended": "Number",
            "closed": "Number",
            "id": "Number",
            "category": "String",
            "state": "String",
        }
    },
    read=_read,
    is_own=True,
)
