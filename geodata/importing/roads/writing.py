"""Importing roads: file and what stays go to the child, the network that comes back is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import shapely
from psycopg.rows import TupleRow

from geodata.errors import InvalidInputError
from geodata.importing.files import exchange, process
from geodata.importing.files.process import Limits, Outcome
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import Progress
from geodata.importing.findings import options
from geodata.importing.findings.finding import Finding, RowRef
from geodata.importing.lists import reading as lists
from geodata.importing.report.report import Report
from geodata.importing.roads import requests as orders
from geodata.importing.roads.reading import is_osm
from geodata.importing.roads.requests import Kept, RoadImport, RoadRequest
from geodata.language.phrases import Phrase
from geodata.roads import keeping
from geodata.roads.keeping import Facts
from geodata.roads.network import Network

OSM_LICENCE = "ODbL 1.0, © OpenStreetMap contributors"
# An extract cannot be read in pieces: of a larger one only the county's box can be taken.
OSM_WHOLE_LIMIT = 300 * 1024 * 1024
# The nodes of a whole country have to be looked through for those of the county.
_OSM_LIMITS = Limits(memory_bytes=6 << 30, cpu_s=3600, wall_s=5400)
_MOST_TOLERANCE_M = 50.0
# Raised when more is read of the same extract: it may then be imported again. 2: areas, nodes.
_OSM_READING = 2


def import_roads(
    conn: psycopg.Connection[TupleRow],
    order: RoadImport,
    *,
    progress: Progress,
    limits: Limits | None = None,
) -> Report:
    """Survey a file of roads and write the network of them and those that stay. Never commits.

    Raises:
        FileRefusedError: the file cannot be read
        InvalidInputError: an option makes no sense
    """
    lists.check_source(order.source)
    if not 0 <= order.tolerance_m <= _MOST_TOLERANCE_M:
        raise InvalidInputError(
            "--tolerance takes metres from 0 to {most:g}.", most=_MOST_TOLERANCE_M
        )
    keeping.lock(conn)
    path = Path(order.file.path)
    request = _request(conn, order, is_osm(path))
    if request.is_osm and request.county_box is None and path.stat().st_size > OSM_WHOLE_LIMIT:
        raise FileRefusedError(
            "too_large",
            "The extract is too large to be read whole.",
            hint="Import the county first: then only its surroundings are taken.",
        )
    report = Report(Phrase("Roads"), path.name, is_dry_run=order.is_dry_run)
    report.options = options.offered("roads", ["--join-crossings"] * order.join_crossings)
    digest = _digest(order, request)
    if any(source.name == order.source and source.digest == digest for source in
           keeping.sources(conn)) and not order.is_replacing:  # fmt: skip
        return report
    with process.opened(
        "osm" if request.is_osm else "roads",
        orders.to_plain(request),
        {"kept.wkb": _kept_shapes(conn, order)},
        progress,
        limits or (_OSM_LIMITS if request.is_osm else Limits()),
    ) as done:
        _tell(report, done.result)
        if report.is_blocked:
            return report
        _write(conn, order, request, done, report, digest)
    report.is_written = not order.is_dry_run
    return report


def _request(conn: psycopg.Connection[TupleRow], order: RoadImport, osm: bool) -> RoadRequest:
    box = conn.execute(
        """
        SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)
        FROM (SELECT ST_Extent(geom) AS e FROM grid_version WHERE level = 'county') AS extent
        WHERE e IS NOT NULL
        """
    ).fetchone()
    rows: list[tuple[Any, ...]] = []
    if not order.is_replacing:
        rows = conn.execute(
            """
            SELECT e.source_id, e.layer, s.by_node, e.length_m, e.forward_m, e.backward_m,
                   e.climb_m, e.descent_m, e.source, e.target
            FROM road_edge e JOIN road_source s USING (source_id)
            WHERE s.name <> %s ORDER BY e.edge_id
            """,
            [order.source],
        ).fetchall()
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    return RoadRequest(
        file=order.file,
        class_column=order.class_column,
        tolerance_m=order.tolerance_m,
        join_crossings=order.join_crossings,
        heights=order.heights,
        heights_crs=order.heights_crs,
        county_box=(box[0], box[1], box[2], box[3]) if box else None,
        is_osm=osm,
        kept=Kept(*columns) if columns else Kept(),
    )


def _kept_shapes(conn: psycopg.Connection[TupleRow], order: RoadImport) -> Iterator[bytes]:
    """Yield the shapes of the edges that stay, in the order of the request."""
    if order.is_replacing:
        return
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            """
            SELECT ST_AsBinary(e.geom) FROM road_edge e JOIN road_source s USING (source_id)
            WHERE s.name <> %s ORDER BY e.edge_id
            """,
            [order.source],
        )
        for row in cursor:
            yield row[0]


def _digest(order: RoadImport, request: RoadRequest) -> str:
    """Return what tells one import from another: the files, and how they are read."""

    def parts() -> Iterator[bytes]:
        told = (order.file, order.class_column, order.tolerance_m, order.join_crossings,
                order.heights_crs, order.licence, request.county_box)  # fmt: skip
        yield repr(told).encode()
        if request.is_osm:
            yield f"reading {_OSM_READING}".encode()
        for name in (order.file.path, order.heights):
            if name is None:
                continue
            path = Path(name)
            beside = sorted(path.parent.glob(f"{path.stem}.*")) if path.suffix == ".shp" else []
            for each in (path, *(side for side in beside if side != path)):
                with each.open("rb") as file:
                    while chunk := file.read(1 << 20):
                        yield chunk

    return keeping.digest(parts())


def _tell(report: Report, result: dict[str, Any]) -> None:
    """Put what the child found into the report."""
    report.notes = list(result["notes"])
    report.findings += [
        Finding("not_finite", "blocking", (RowRef(row + 1),)) for row in result["bad"]
    ]
    severity = "blocking" if not result["ways"] else "warning"
    report.findings += [
        Finding("not_a_line", severity, (RowRef(row + 1),)) for row in result["odd"]
    ]
    report.findings += [
        Finding("crossing", "warning", place=(lon, lat)) for lon, lat in result.get("crossings", ())
    ]
    report.findings += [
        Finding("island", "warning", place=(lon, lat), data={"edges": edges, "metres": metres})
        for edges, metres, lon, lat in result.get("islands", ())
    ]


def _write(
    conn: psycopg.Connection[TupleRow],
    order: RoadImport,
    request: RoadRequest,
    done: Outcome,
    report: Report,
    digest: str,
) -> None:
    with np.load(done.work / "network.npz", allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    new = found["owner"] == 0
    row = conn.execute(
        """
        SELECT count(*) FROM road_edge e JOIN road_source s USING (source_id)
        WHERE s.name = %s OR %s
        """,
        [order.source, order.is_replacing],
    ).fetchone()
    report.counts = {
        "new road edges": int(new.sum()),
        "removed road edges": int(row[0]) if row else 0,
    }
    if order.is_dry_run:
        return
    keeping.clear(conn)
    if order.is_replacing:
        conn.execute("DELETE FROM road_source WHERE name <> %s", [order.source])
    number = keeping.add_source(
        conn,
        name=order.source,
        file=Path(order.file.path).name,
        licence=order.licence or (OSM_LICENCE if request.is_osm else ""),
        by_node=request.is_osm,
        ways=int(done.result["ways"]),
        heights=Path(order.heights).name if order.heights else "",
        digest=digest,
    )
    lines = exchange.load(done.work / "edges.wkb")
    network = Network(
        found["nodes"], found["source"], found["target"], found["length_m"], found["forward_m"],
        found["backward_m"], np.asarray(shapely.force_2d(lines), dtype=object),
    )  # fmt: skip
    facts = Facts(
        np.where(new, number, found["owner"]), found["layer"], found["climb_m"],
        found["descent_m"], found["part"], found["is_island"],
    )  # fmt: skip
    keeping.write(conn, network, facts)
