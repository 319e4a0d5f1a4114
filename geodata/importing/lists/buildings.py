"""Importing buildings: points with units and households."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg
from psycopg.rows import TupleRow

from geodata.importing.files.columns import Field
from geodata.importing.files.requests import Progress
from geodata.importing.lists import places, site_reports, sites
from geodata.importing.lists import reading as lists
from geodata.importing.lists.reading import ListImport
from geodata.importing.lists.sites import Site
from geodata.importing.report.report import Report
from geodata.language.phrases import Phrase

FIELDS = {
    "name": Field(("name", "名称", "楼栋", "楼栋名称", "楼号", "building", "幢号"), True),
    "code": Field(("code", "楼栋编号", "楼栋编码", "external_key"), loose=("id", "编号", "key")),
    "units": Field(("units", "单元数", "entrances"), is_amount=True, loose=("单元",)),
    "households": Field(("households", "户数", "总户数", "住户数"), is_amount=True),
    **places.POINT_FIELDS,
}

# Buildings stay where they are: farther away lies another one that is called 1号楼, too.
_ASK_M = 1000.0


def import_buildings(
    conn: psycopg.Connection[TupleRow], order: ListImport, *, progress: Progress
) -> Report:
    """Read a list of buildings and write it. Never commits.

    A building is known again by source and code; without a code by source, name and place. One of
    the same name not far away may be the same, drawn elsewhere: that is asked.

    Raises:
        FileRefusedError, InvalidInputError
    """
    lists.check_source(order.source)
    sheet = lists.open_sheet(order, FIELDS, progress)
    xy = places.points(sheet, places.county(conn), order)
    progress("checking", 0.3)
    rows: list[Site] = []
    counts: dict[int, tuple[int | None, int | None]] = {}
    seen: dict[str, int] = {}
    for row in range(len(sheet.rows)):
        name = sheet.required(row, "name")
        counts[row] = (
            sheet.count(row, "units", least=1, most=2**15 - 1),
            sheet.count(row, "households"),
        )
        lon, lat = float(xy[row][0]), float(xy[row][1])
        code = sheet.key(row, "code")
        first = seen.setdefault(code or f"{name}@{lon:.5f},{lat:.5f}", row)
        if first != row:
            sheet.fault(row, "duplicate_row", first=sheet.place(first))
        if row not in sheet.bad:
            rows.append(Site(row, "", name, code, "", lon, lat))
    stored = _stored(conn, order.source)
    before = site_reports.identify(order, sheet, rows, stored, ask_m=_ASK_M)
    report = lists.start_report(order, Phrase("Buildings"), sheet, ("name",))
    if report.is_blocked:
        return report
    progress("writing", 0.6)
    usable = [site for site in rows if site.row not in sheet.bad]
    keys = _keys(conn, order.source, usable, before, stored)
    report.counts = _write(
        conn,
        [
            (key, site.name, *counts[site.row], site.lon, site.lat, order.source)
            for key, site in zip(keys, usable, strict=True)
        ],
    )
    report.is_written = not order.is_dry_run
    return report


def _stored(conn: psycopg.Connection[TupleRow], source: str) -> list[Site]:
    """Return the buildings of a list; ``code`` is "" where the key was made of the name."""
    rows = conn.execute(
        "SELECT building_id, name, coalesce(external_key, ''), ST_X(geom), ST_Y(geom)"
        " FROM building WHERE source = %s ORDER BY building_id",
        [source],
    ).fetchall()
    found: list[Site] = []
    for number, name, key, lon, lat in rows:
        own = key.removeprefix(f"{source}:")
        code = "" if own.startswith(f"{name}@") else own
        found.append(Site(number, "", name, code, "", lon, lat, key))
    return found


def _keys(
    conn: psycopg.Connection[TupleRow],
    source: str,
    rows: Sequence[Site],
    before: Mapping[int, Site],
    stored: Sequence[Site],
) -> list[str]:
    """Return the key of each row; who gets a code later is known by it from then on."""
    taken = {site.key for site in stored}
    keys: list[str] = []
    for site in rows:
        known = before.get(site.row)
        if known is None:
            wanted = site.code or f"{site.name}@{site.lon:.5f},{site.lat:.5f}"
            keys.append(sites.free_key(f"{source}:{wanted}", taken))
            continue
        key = f"{source}:{site.code}" if site.code else known.key
        if key != known.key:
            conn.execute(
                "UPDATE building SET external_key = %s WHERE building_id = %s", [key, known.row]
            )
        keys.append(key)
    return keys


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
