"""Coverage: households in reach of a service kind, grid by grid, and the facilities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, LiteralString

from psycopg import Connection

from geodata.coverage.figures import classes, reading
from geodata.grids.tiles import Source
from geodata.places import facilities as places
from layers.layer import AREA, BOX, MAX_ZOOM, Layer, Read, grids_in_tile, level_at, mvt, statement

# Facilities are shown from here on; before, they would hide the grids.
FACILITY_ZOOM = 11
# Whichever figures stand are drawn: their number counts with the revision, so newer ones have
# another address.
_FIGURES: LiteralString = "(SELECT number FROM coverage_stretch WHERE valid @> %(on)s::date)"


def _query(z: int) -> LiteralString:
    grids = mvt(
        "grid",
        # A tile is for everybody: of the rounded households (geodata/disclosure.py).
        "SELECT g.grid_id AS id, g.name,"
        # Rounded down: 100 means everybody. Of all kinds, the one that is worst in the grid.
        " c.kind, c.met * 100 / c.households AS share, g.geom"
        " FROM (" + grids_in_tile(level_at(z), z) + ") g"
        " LEFT JOIN LATERAL ("
        " SELECT c.kind, c.met, c.households FROM coverage_grid c JOIN service_kind k USING (kind)"
        " WHERE c.grid_id = g.grid_id AND c.households > 0 AND c.is_rounded"
        " AND (c.kind = %(kind)s OR %(kind)s = 'worst')"
        " AND c.stretch_id = (SELECT stretch_id FROM coverage_stretch WHERE valid @> %(on)s::date)"
        " ORDER BY c.met::float8 / c.households, k.rank, c.kind LIMIT 1) c ON true",
    )
    if z < FACILITY_ZOOM:
        return statement(grids, computed=_FIGURES)
    facilities = mvt(
        "facility",
        "SELECT f.facility_id AS id, f.name,"
        # Those over the county's edge serve border households, and are drawn as what they are.
        " CASE WHEN NOT EXISTS (SELECT FROM grid_version c WHERE c.level = 'county'"
        " AND c.valid @> %(on)s::date AND c.geom && f.geom AND ST_Covers(c.geom, f.geom))"
        " THEN 1 END AS outside,"
        " ST_AsMVTGeom(ST_Transform(f.geom, 3857), " + BOX + ", 4096, 64, true) AS geom"
        " FROM facility f"
        " WHERE f.geom && " + AREA + " AND f.kind = %(kind)s AND f.valid @> %(on)s::date",
    )
    return statement(grids, facilities, computed=_FIGURES)


def _read(args: Mapping[str, str], _on: date, _now: datetime) -> Read:
    kind = _kind(args)
    return {"kind": kind}, {"kind": kind}


def _describe(conn: Connection[Any], args: Mapping[str, str], on: date) -> dict[str, object]:
    kind = _kind(args)
    found: dict[str, object] = {"kind": kind, "kinds": reading.list_names(conn)}
    if places.has_any_outside(conn, kind, on):
        found["outside"] = True
    # Not a part of a tile's address: other classes are other colours for the same tiles.
    if (text := args.get("classes")) and classes.read(text).way == "quantile":
        found["quantiles"] = classes.quantiles(conn, kind, on)
    return found


def _kind(args: Mapping[str, str]) -> str:
    return reading.read_kind(args.get("kind") or reading.DEFAULT_KIND)


LAYER = Layer(
    name="coverage",
    source=Source(
        {z: _query(z) for z in range(MAX_ZOOM + 1)},
        subjects=("grids", "services", "members"),
        is_prepared=True,
    ),
    fields={
        "grid": {
            "id": "Number",
            "name": "String",
            "kind": "String",
            "share": "Number",
        },
        "facility": {"id": "Number", "name": "String", "outside": "Number"},
    },
    read=_read,
    describe=_describe,
    needs_coverage=True,
)
