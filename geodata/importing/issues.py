"""Importing issues from other systems' lists: CSV, GeoJSON, Open311 GeoReport."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import TupleRow

from geodata.importing import lists, places
from geodata.importing.columns import Field
from geodata.importing.lists import ListImport
from geodata.importing.report import Report
from geodata.importing.requests import Progress
from geodata.importing.rows import Sheet

FIELDS = {
    "id": Field((
        "service_request_id", "id", "编号", "案件编号",
        "事件编号", "工单编号", "任务号", "external_id",
    )),
    "category": Field((
        "service_name", "category", "小类", "类别",
        "问题类型", "事件类型", "事件类别", "service_code",
    ), True),
    "title": Field(("title", "标题", "主题", "问题描述", "事件名称", "summary")),
    "detail": Field(("detail", "description", "描述", "内容", "详情", "事件描述")),
    "reported_at": Field((
        "requested_datetime", "reported_at", "上报时间", "发生时间", "登记时间", "created", "date",
    ), True),
    "state": Field(("status_derived", "state", "status", "状态", "办理状态", "案件状态")),
    "closed_at": Field((
        "gone_at", "closed_at", "closed_datetime", "结案时间", "办结时间", "关闭时间",
    )),
    "updated_at": Field(("updated_datetime", "updated_at", "更新时间")),
    "due_at": Field(("due_at", "expected_datetime", "截止时间", "办理期限", "处理期限")),
    **places.POINT_FIELDS,
}  # fmt: skip

# The way to each state along allowed steps (issue_transition).
_WAY = ("filed", "dispatched", "handling", "fed_back", "verified")
_STEPS: dict[str, tuple[str, ...]] = {
    "reported": (),
    **{state: _WAY[: index + 1] for index, state in enumerate(_WAY)},
    "suspended": ("filed", "dispatched", "handling", "suspended"),
    "rejected": ("rejected",),
    "closed": ("closed",),
}
_ALSO = {
    "open": "reported",
    "new": "reported",
    "closed": "closed",
    "fixed": "closed",
    "resolved": "closed",
    "待受理": "reported",
    "已上报": "reported",
    "未办结": "reported",
    "已办结": "closed",
    "办结": "closed",
    "结案": "closed",
    "处理中": "handling",
    "办理中": "handling",
    "挂账": "suspended",
    "": "reported",
}
_TITLE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    external_id: str | None
    category: str
    title: str
    detail: str
    lon: float
    lat: float
    reported_at: datetime
    state: str
    closed_at: datetime | None
    due_at: datetime | None


def import_issues(
    conn: psycopg.Connection[TupleRow], order: ListImport, *, progress: Progress
) -> Report:
    """Read a list of issues and write it with the events that lead to each state. Never commits.

    An issue is known again by source and number. Categories that are not known yet are made,
    under a 大类 that carries the source's name.

    Raises:
        FileRefusedError, InvalidInputError
    """
    lists.check_source(order.source)
    sheet = lists.open_sheet(order, FIELDS, progress)
    xy = places.points(sheet, places.county(conn), crs=order.file.crs, frame=order.file.frame)
    progress("checking", 0.2)
    states = _states(conn)
    if not sheet.has("id"):
        sheet.notes.append("No column of numbers: the same list again would double its issues.")
    seen: dict[str, int] = {}
    rows: list[_Row] = []
    for number in range(len(sheet.rows)):
        place = float(xy[number][0]), float(xy[number][1])
        row = _row(sheet, number, place, states, seen)
        if row is not None:
            rows.append(row)
    report = lists.settle(order, "Issues", sheet)
    if report.is_blocked:
        return report
    progress("writing", 0.4)
    made = _make_categories(conn, order.source, sorted({row.category for row in rows}))
    if made:
        report.notes.append(f"New categories under {order.source}: {', '.join(made)}.")
    report.counts = _write(conn, order.source, rows, progress)
    report.is_written = not order.is_dry_run
    return report


def _states(conn: psycopg.Connection[TupleRow]) -> dict[str, str]:
    """Return the states by every word that means them."""
    states = dict(_ALSO)
    for state, name_zh, name_en in conn.execute("SELECT state, name_zh, name_en FROM issue_state"):
        states |= {state: state, name_zh: state, name_en.lower(): state}
    return states


def _row(
    sheet: Sheet,
    number: int,
    place: tuple[float, float],
    states: dict[str, str],
    seen: dict[str, int],
) -> _Row | None:
    """Return one row's values, None where it has a fault."""
    category = sheet.required(number, "category")
    reported_at = sheet.instant(number, "reported_at")
    if reported_at is None and not sheet.text(number, "reported_at"):
        sheet.required(number, "reported_at")
    external_id = sheet.text(number, "id") or None
    if external_id is not None:
        if external_id in seen:
            sheet.fault(number, "duplicate_row", first=seen[external_id] + sheet.first)
        seen.setdefault(external_id, number)
    text = sheet.text(number, "state")
    state = states.get(text.lower())
    if state is None:
        known = ", ".join(sorted(word for word in states if word))
        sheet.fault(number, "unknown_value", column="state", text=text, known=known)
    closed_at = sheet.instant(number, "closed_at")
    due_at = sheet.instant(number, "due_at")
    updated_at = sheet.instant(number, "updated_at")
    if number in sheet.bad or state is None or reported_at is None:
        return None
    if closed_at is not None and state != "rejected":
        state = "closed"
    if state in {"closed", "rejected"} and closed_at is None:
        closed_at = updated_at or reported_at
    if closed_at is not None and closed_at < reported_at:
        sheet.fault(
            number, "bad_value", column="closed_at", text=closed_at.isoformat(),
            reason="earlier than the report",
        )  # fmt: skip
        return None
    detail = sheet.text(number, "detail")
    title = sheet.text(number, "title") or detail.split("\n")[0] or category
    if len(title) > _TITLE_LENGTH:
        detail = detail or title
        title = title[: _TITLE_LENGTH - 1] + "…"
    # Text from outside may carry a null character, which PostgreSQL has no place for.
    title, detail = title.replace("\x00", ""), detail.replace("\x00", "")
    return _Row(
        number, external_id, category, " ".join(title.split()), detail, *place, reported_at, state,
        closed_at, due_at,
    )  # fmt: skip


def _make_categories(
    conn: psycopg.Connection[TupleRow], source: str, names: Sequence[str]
) -> list[str]:
    """Make categories that no code or name of the list matches, and return their names."""
    rows = conn.execute("SELECT code, name_zh, lower(name_en) FROM issue_category").fetchall()
    known = {word for row in rows for word in row}
    missing = [name for name in names if name not in known and name.lower() not in known]
    if not missing:
        return []
    code = f"import:{source}"
    conn.execute(
        "INSERT INTO issue_category (code, name_zh, name_en, kind) VALUES (%s, %s, %s, 'event')"
        " ON CONFLICT (code) DO NOTHING",
        [code, source, source],
    )
    for name in missing:
        small = f"{code}:{hashlib.sha256(name.encode()).hexdigest()[:12]}"
        conn.execute(
            "INSERT INTO issue_category (parent_id, code, name_zh, name_en, kind)"
            " SELECT category_id, %s, %s, %s, 'event' FROM issue_category WHERE code = %s",
            [small, name, name, code],
        )
    return missing


def _write(
    conn: psycopg.Connection[TupleRow], source: str, rows: Sequence[_Row], progress: Progress
) -> dict[str, int]:
    conn.execute(
        """
        CREATE TEMP TABLE issue_in (number integer, external_id text, category text, title text,
            detail text, lon double precision, lat double precision, reported_at timestamptz,
            state text, closed_at timestamptz, due_at timestamptz, category_id bigint,
            geom geometry(Point, 4326), grid_id bigint, issue_id bigint, is_new boolean,
            old_state text) ON COMMIT DROP
        """
    )
    lists.fill(
        conn,
        [
            (
                row.number, row.external_id, row.category, row.title, row.detail, row.lon, row.lat,
                row.reported_at, row.state, row.closed_at, row.due_at,
            )
            for row in rows
        ],
        "COPY issue_in (number, external_id, category, title, detail, lon, lat, reported_at,"
        " state, closed_at, due_at) FROM STDIN",
    )  # fmt: skip
    _resolve(conn, source)
    progress("writing", 0.6)
    new, updated = _upsert(conn, source)
    progress("writing the history", 0.75)
    moved = _append_events(conn)
    conn.execute("DROP TABLE issue_in")
    return {"new issues": new, "updated issues": updated, "issues that changed state": moved}


def _resolve(conn: psycopg.Connection[TupleRow], source: str) -> None:
    """Find category, grid and the issue that each row is already."""
    conn.execute("ANALYZE issue_in")
    conn.execute(
        """
        UPDATE issue_in SET geom = ST_SetSRID(ST_Point(lon, lat), 4326), category_id = (
            SELECT category_id FROM issue_category c
            WHERE issue_in.category IN (c.code, c.name_zh)
               OR lower(issue_in.category) = lower(c.name_en)
            ORDER BY (c.code = issue_in.category) DESC, (c.parent_id IS NOT NULL) DESC LIMIT 1)
        """
    )
    # The finest grid of the day of the report; of the oldest known day for reports before it.
    # Level by level, because each has an index of its own.
    conn.execute(
        """
        WITH first_day AS (SELECT min(lower(valid)) AS day FROM grid_version),
        placed AS (
            SELECT number, geom, greatest(reported_at::date, first_day.day) AS day
            FROM issue_in, first_day)
        UPDATE issue_in SET grid_id = coalesce(
            (SELECT v.grid_id FROM grid_version v WHERE v.level = 'compound'
               AND ST_Intersects(v.geom, i.geom) AND v.valid @> i.day LIMIT 1),
            (SELECT v.grid_id FROM grid_version v WHERE v.level = 'community'
               AND ST_Intersects(v.geom, i.geom) AND v.valid @> i.day LIMIT 1),
            (SELECT v.grid_id FROM grid_version v WHERE v.level = 'town'
               AND ST_Intersects(v.geom, i.geom) AND v.valid @> i.day LIMIT 1),
            (SELECT v.grid_id FROM grid_version v WHERE v.level = 'county'
               AND ST_Intersects(v.geom, i.geom) AND v.valid @> i.day LIMIT 1))
        FROM placed i WHERE i.number = issue_in.number
        """
    )
    conn.execute(
        """
        UPDATE issue_in i SET issue_id = s.issue_id, old_state = s.state, is_new = false
        FROM issue s WHERE s.source = %s AND s.external_id = i.external_id
        """,
        [source],
    )


def _upsert(conn: psycopg.Connection[TupleRow], source: str) -> tuple[int, int]:
    updated = conn.execute(
        """
        -- A list without descriptions takes none away.
        UPDATE issue s SET category_id = i.category_id, title = i.title,
            detail = coalesce(nullif(i.detail, ''), s.detail), geom = i.geom,
            due_at = coalesce(i.due_at, s.due_at)
        FROM issue_in i WHERE i.issue_id = s.issue_id
          AND (s.category_id, s.title, s.detail, ST_AsBinary(s.geom), s.due_at) IS DISTINCT FROM
              (i.category_id, i.title, coalesce(nullif(i.detail, ''), s.detail),
               ST_AsBinary(i.geom), coalesce(i.due_at, s.due_at))
        """
    ).rowcount
    # Numbers are drawn first, so that rows without a number of their own are known again too.
    conn.execute(
        """
        UPDATE issue_in SET is_new = true,
            issue_id = nextval(pg_get_serial_sequence('issue', 'issue_id'))
        WHERE issue_id IS NULL
        """
    )
    new = conn.execute(
        """
        INSERT INTO issue (issue_id, source, external_id, category_id, title, detail, geom, grid_id,
                           reported_at, due_at)
        OVERRIDING SYSTEM VALUE
        SELECT i.issue_id, %s, i.external_id, i.category_id, i.title, i.detail, i.geom, i.grid_id,
               i.reported_at, coalesce(i.due_at, i.reported_at + c.time_limit)
        FROM issue_in i JOIN issue_category c USING (category_id) WHERE i.is_new ORDER BY number
        """,
        [source],
    ).rowcount
    return new, updated


def _append_events(conn: psycopg.Connection[TupleRow]) -> int:
    """Append the steps that lead each issue to its state. Returns how many old ones moved."""
    conn.execute(
        """
        INSERT INTO issue_event (issue_id, at, from_state, to_state)
        SELECT issue_id, reported_at, NULL, 'reported' FROM issue_in WHERE is_new ORDER BY number
        """
    )
    for state, steps in _STEPS.items():
        before = "reported"
        for step in steps:
            conn.execute(
                """
                INSERT INTO issue_event (issue_id, at, from_state, to_state)
                SELECT issue_id, coalesce(closed_at, reported_at), %s, %s FROM issue_in
                WHERE is_new AND state = %s ORDER BY number
                """,
                [before, step, state],
            )
            before = step
    return _follow(conn)


def _follow(conn: psycopg.Connection[TupleRow]) -> int:
    """Close or reopen issues that were known already, where the list says so now."""
    closed = conn.execute(
        """
        INSERT INTO issue_event (issue_id, at, from_state, to_state)
        SELECT i.issue_id, coalesce(i.closed_at, now()), i.old_state, 'closed' FROM issue_in i
        WHERE NOT i.is_new AND i.state = 'closed' AND EXISTS (
            SELECT FROM issue_transition t
            WHERE t.from_state = i.old_state AND t.to_state = 'closed')
        """
    ).rowcount
    reopened = conn.execute(
        """
        INSERT INTO issue_event (issue_id, at, from_state, to_state, note)
        SELECT i.issue_id, now(), 'closed', 'handling', '' FROM issue_in i
        WHERE NOT i.is_new AND i.old_state = 'closed' AND i.state NOT IN ('closed', 'rejected')
        """
    ).rowcount
    return closed + reopened
