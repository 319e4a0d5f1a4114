"""Importing buildings: points with units and households."""

from __future__ import annotations

import psycopg
from psycopg.rows import TupleRow

from geodata.importing import lists, places
from geodata.importing.columns import Field
from geodata.importing.lists import ListImport
from geodata.importing.report import Report
from geodata.importing.requests import Progress
from geodata.phrases import Phrase

FIELDS = {
    "name": Field(("name", "名称", "楼栋", "楼栋名称", "楼号", "building", "幢号"), True),
    "code": Field(("code", "id", "编号", "楼栋编号", "楼栋编码", "key", "external_key")),
    "units": Field(("units", "单元数", "单元", "entrances"), is_amount=True),
    "households": Field(("households", "户数", "总户数", "住户数"), is_amount=True),
    **places.POINT_FIELDS,
}


def import_buildings(
    conn: psycopg.Connection[TupleRow], order: ListImport, *, progress: Progress
) -> Report:
    """Read a list of buildings and write it. Never commits.

    A building is known again by source and code; without a code by source, name and place.

    Raises:
        FileRefusedError, InvalidInputError
    """
    lists.check_source(order.source)
    sheet = lists.open_sheet(order, FIELDS, progress)
    xy = places.points(sheet, places.county(conn), crs=order.file.crs, frame=order.file.frame)
    progress("checking", 0.3)
    values: list[tuple[object, ...]] = []
    seen: dict[str, int] = {}
    for row in range(len(sheet.rows)):
        name = sheet.required(row, "name")
        units = sheet.count(row, "units", least=1)
        households = sheet.count(row, "households")
        lon, lat = float(xy[row][0]), float(xy[row][1])
        code = sheet.text(row, "code") or f"{name}@{lon:.5f},{lat:.5f}"
        if code in seen:
            sheet.fault(row, "duplicate_row", first=sheet.place(seen[code]))
        seen.setdefault(code, row)
        if row not in sheet.bad:
            key = f"{order.source}:{code}"
            values.append((key, name, units, households, lon, lat, order.source))
    report = lists.settle(order, Phrase("Buildings"), sheet, ("name",))
    if report.is_blocked:
        return report
    progress("writing", 0.6)
    report.counts = _write(conn, values)
    report.is_written = not order.is_dry_run
    return report


def _write(conn: psycopg.Connection[TupleRow], values: list[tuple[object, ...]]) -> dict[str, int]:
    conn.execute(
        """
        CREATE TEMP TABLE building_in (key text, name text, units smallint, households integer,
            lon double precision, lat double precision, source text) ON COMMIT DROP
        """
    )
    lists.fill(
        conn, values, "COPY building_in (key, name, units, households, lon, lat, source) FROM STDIN"
    )
    rows = conn.execute(
        """
        INSERT INTO building AS b (external_key, name, units, households, geom, source)
        SELECT key, name, units, households, ST_SetSRID(ST_Point(lon, lat), 4326), source
        FROM building_in
        ON CONFLICT (external_key) DO UPDATE
            SET name = EXCLUDED.name, units = EXCLUDED.units, households = EXCLUDED.households,
                geom = EXCLUDED.geom
            WHERE (b.name, b.units, b.households, ST_AsBinary(b.geom)) IS DISTINCT FROM
                (EXCLUDED.name, EXCLUDED.units, EXCLUDED.households, ST_AsBinary(EXCLUDED.geom))
        RETURNING (xmax = 0)
        """
    ).fetchall()
    conn.execute("DROP TABLE building_in")
    new = sum(row[0] for row in rows)
    return {"new buildings": new, "updated buildings": len(rows) - new}
