"""Importing facilities: places where a service is given."""

from __future__ import annotations

from collections import defaultdict
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
    "name": Field(
        ("name", "名称", "机构名称", "设施名称", "organisationname"), True, loose=("单位名称",)
    ),
    "kind": Field(("kind", "type", "类型", "类别", "设施类型", "服务类型", "种类"), True),
    "code": Field(("code", "编码", "代码", "organisationcode", "机构代码"), loose=("id", "编号")),
    "address": Field(("address", "地址", "详细地址", "address1"), loose=("postcode",)),
    **places.POINT_FIELDS,
}
# A facility can move across the whole county.
_ASK_M = 200_000.0
# What lists call kinds besides the names that the county gave them.
_ALSO = {
    "gp": "doctor",
    "general practice": "doctor",
    "dental": "dentist",
    "超市": "shop",
    "药房": "pharmacy",
    "诊所": "clinic",
    "养老": "elder_care",
    "学校": "school",
    "物业": "property_management",
}


def import_facilities(
    conn: psycopg.Connection[TupleRow], order: ListImport, *, progress: Progress
) -> Report:
    """Read a list of facilities and write it. Never commits.

    A facility is known again by source, kind and code; without a code by source, kind, name and
    place, and what may have moved is asked about. Branches that share a code are told apart by
    their order.

    Raises:
        FileRefusedError, InvalidInputError
    """
    lists.check_source(order.source)
    given = ("kind",) if order.kind else ()
    sheet = lists.open_sheet(order, FIELDS, progress, given=given)
    kinds, known = _kinds(conn)
    xy = places.points(sheet, places.county(conn), order)
    progress("checking", 0.3)
    rows: list[Site] = []
    seen: dict[tuple[str | None, str], list[tuple[int, str, float, float]]] = defaultdict(list)
    for row in range(len(sheet.rows)):
        name = sheet.required(row, "name")
        text = order.kind or sheet.required(row, "kind")
        kind = _kind(text, kinds)
        if text and kind is None:
            sheet.fault(row, "unknown_value", column=sheet.column("kind"), text=text, known=known)
        code = sheet.key(row, "code")
        lon, lat = float(xy[row][0]), float(xy[row][1])
        same = seen[kind, code or f"{name}@{lon:.5f},{lat:.5f}"]
        twin = next((number for number, *facts in same if facts == [name, lon, lat]), None)
        if twin is not None:
            sheet.fault(row, "duplicate_row", "warning", first=sheet.place(twin))
        same.append((row, name, lon, lat))
        if row not in sheet.bad and kind is not None:
            key = f"{code} ({len(same)})" if code and len(same) > 1 else code
            rows.append(Site(row, kind, name, key, sheet.text(row, "address"), lon, lat))
    stored = _stored(conn, order.source)
    before = site_reports.identify(order, sheet, rows, stored, ask_m=_ASK_M)
    report = lists.start_report(order, Phrase("Facilities"), sheet, ("name", "address"))
    if report.is_blocked:
        return report
    progress("writing", 0.6)
    usable = [site for site in rows if site.row not in sheet.bad]
    report.counts = _write(conn, order.source, usable, before, stored)
    report.is_written = not order.is_dry_run
    return report


def _kinds(conn: psycopg.Connection[TupleRow]) -> tuple[dict[str, str], str]:
    """Return the kinds by every name that means them, and a list of them for people."""
    rows = conn.execute("SELECT kind, name_zh, name_en FROM service_kind ORDER BY rank").fetchall()
    kinds = dict(_ALSO)
    for kind, name_zh, name_en in rows:
        kinds |= {kind: kind, name_zh: kind, name_en.lower(): kind}
    return kinds, ", ".join(row[0] for row in rows)


def _kind(text: str, kinds: dict[str, str]) -> str | None:
    """Find a kind by its code, its Chinese or English name, in the singular or plural."""
    wanted = text.strip().lower()
    return kinds.get(wanted) or kinds.get(wanted.removesuffix("s"))


def _stored(conn: psycopg.Connection[TupleRow], source: str) -> list[Site]:
    """Return the facilities of a list; ``code`` is "" where the key was made of the name."""
    rows = conn.execute(
        "SELECT facility_id, kind, name, coalesce(code, ''), address, ST_X(geom), ST_Y(geom)"
        " FROM facility WHERE source = %s ORDER BY facility_id",
        [source],
    ).fetchall()
    return [
        Site(number, kind, name, "" if key.startswith(f"{name}@") else key, address, lon, lat, key)
        for number, kind, name, key, address, lon, lat in rows
    ]


def _write(
    conn: psycopg.Connection[TupleRow],
    source: str,
    rows: Sequence[Site],
    before: Mapping[int, Site],
    stored: Sequence[Site],
) -> dict[str, int]:
    taken = {f"{site.group}/{site.key}" for site in stored}
    values: list[tuple[object, ...]] = []
    for site in rows:
        known = before.get(site.row)
        if known is None:
            wanted = site.code or f"{site.name}@{site.lon:.5f},{site.lat:.5f}"
            key = sites.free_key(f"{site.group}/{wanted}", taken).removeprefix(f"{site.group}/")
        else:
            # Who gets a code later is known by it from then on; a code never goes.
            key = site.code or known.key
            if key != known.key:
                conn.execute(
                    "UPDATE facility SET code = %s WHERE facility_id = %s", [key, known.row]
                )
        values.append((source, key, site.group, site.name, site.address, site.lon, site.lat))
    conn.execute(
        """
        CREATE TEMP TABLE facility_in (source text, code text, kind text, name text, address text,
            lon double precision, lat double precision) ON COMMIT DROP
        """
    )
    lists.fill(
        conn, values, "COPY facility_in (source, code, kind, name, address, lon, lat) FROM STDIN"
    )
    written = conn.execute(
        """
        INSERT INTO facility AS f (source, code, kind, name, address, geom)
        SELECT source, code, kind, name, address, ST_SetSRID(ST_Point(lon, lat), 4326)
        FROM facility_in
        ON CONFLICT (source, kind, code) DO UPDATE
            SET name = EXCLUDED.name, address = EXCLUDED.address, geom = EXCLUDED.geom
            WHERE (f.name, f.address, ST_AsBinary(f.geom))
                IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.address, ST_AsBinary(EXCLUDED.geom))
        RETURNING (xmax = 0)
        """
    ).fetchall()
    conn.execute("DROP TABLE facility_in")
    new = sum(row[0] for row in written)
    return {"new facilities": new, "updated facilities": len(written) - new}
