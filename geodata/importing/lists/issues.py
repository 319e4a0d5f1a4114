"""Importing issues from other systems' lists: CSV, GeoJSON, Open311 GeoReport."""

from __future__ import annotations

from datetime import UTC, datetime, time

import psycopg
from psycopg.rows import TupleRow

from geodata.database import clock
from geodata.importing.files.columns import Field
from geodata.importing.files.requests import Progress
from geodata.importing.lists import places
from geodata.importing.lists import reading as lists
from geodata.importing.lists.issue_writing import IssueRow, make_categories, write
from geodata.importing.lists.reading import ListImport
from geodata.importing.report.report import Report
from geodata.importing.values.rows import Sheet
from geodata.language.phrases import Phrase
from geodata.people import privacy

FIELDS = {
    "id": Field((
        "service_request_id", "案件编号", "事件编号", "工单编号", "任务号", "external_id",
    ), loose=("id", "编号")),
    "category": Field((
        "service_name", "category", "小类", "类别",
        "问题类型", "事件类型", "事件类别",
    ), True, loose=("service_code",)),
    "title": Field(("title", "标题", "主题", "事件名称", "summary"), loose=("问题描述",)),
    "detail": Field(("detail", "描述", "内容", "详情", "事件描述"), loose=("description",)),
    "reported_at": Field((
        "requested_datetime", "reported_at", "上报时间", "发生时间", "登记时间", "created", "date",
    ), True),
    "state": Field(
        ("status_derived",), loose=("state", "status", "状态", "办理状态", "案件状态")
    ),
    "closed_at": Field((
        "gone_at", "closed_at", "closed_datetime", "结案时间", "办结时间", "关闭时间",
    )),
    "updated_at": Field(("updated_datetime", "updated_at", "更新时间")),
    "due_at": Field(("due_at", "expected_datetime", "截止时间", "办理期限", "处理期限")),
    **places.POINT_FIELDS,
}  # fmt: skip

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
# Systems of issues are younger; what is older is mostly an empty time of a program (1900, 1970).
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)


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
    xy = places.points(sheet, places.county(conn), order)
    progress("checking", 0.2)
    states = _states(conn)
    if not sheet.has("id"):
        sheet.notes.append(
            Phrase("No column of numbers: the same list again would double its issues.")
        )
    seen: dict[str, int] = {}
    now = clock.now()
    rows: list[IssueRow] = []
    for number in range(len(sheet.rows)):
        place = float(xy[number][0]), float(xy[number][1])
        row = _row(sheet, number, place, states, seen, now)
        if row is not None:
            rows.append(row)
    zone = {"zone": str(sheet.ways.zone)}
    sheet.notes.append(
        Phrase("Times without a zone are those of {zone}.", zone)
        if order.zone
        else Phrase("Times without a zone are those of {zone} (--zone).", zone)
    )
    if assumed := sum(row.closed_at == row.reported_at for row in rows):
        sheet.notes.append(
            Phrase(
                "Closed issues without a later time of closing: {number:,}. They count as closed"
                " when they were reported.",
                {"number": assumed},
            )
        )
    report = lists.start_report(order, Phrase("Issues"), sheet, ("category", "title", "detail"))
    if report.is_blocked:
        return report
    progress("writing", 0.4)
    made = make_categories(conn, order.source, sorted({row.category for row in rows}))
    if made:
        names = [privacy.masked(name) for name in made]
        report.notes.append(
            Phrase(
                "New categories under {source}: {names}.", {"source": order.source, "names": names}
            )
        )
    report.counts = write(conn, order.source, rows, progress)
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
    now: datetime,
) -> IssueRow | None:
    """Return one row's values, None where it has a fault; ``now`` is the import's moment."""
    category = sheet.required(number, "category")
    reported_at = sheet.instant(number, "reported_at")
    if reported_at is None and not sheet.text(number, "reported_at"):
        sheet.required(number, "reported_at")
    external_id = sheet.key(number, "id") or None
    if external_id is not None:
        if external_id in seen:
            sheet.fault(number, "duplicate_row", first=sheet.place(seen[external_id]))
        seen.setdefault(external_id, number)
    text = sheet.text(number, "state")
    state = states.get(text.lower())
    if state is None:
        known = ", ".join(sorted(word for word in states if word))
        if sheet.fault(
            number, "unknown_value", column=sheet.column("state"), text=text, known=known
        ):
            state = states[""]
    closed_at = sheet.instant(number, "closed_at")
    if reported_at is not None:
        reported_at = _not_after(sheet, number, "reported_at", reported_at, now)
    closed_at = _not_after(sheet, number, "closed_at", closed_at, now)
    due_at = sheet.instant(number, "due_at", day_ends=True)
    updated_at = sheet.instant(number, "updated_at")
    if number in sheet.bad or state is None or reported_at is None:
        return None
    closed_at = _not_before(sheet, number, "closed_at", closed_at, reported_at)
    if reported_at < _OLDEST:
        data = {"column": sheet.column("reported_at"), "text": reported_at.date().isoformat()}
        sheet.fault(number, "very_old", "warning", **data)
    if closed_at is not None and state != "rejected":
        if text and state != "closed":
            sheet.fault(
                number, "closed_nevertheless", "warning", state=text,
                closed_at=closed_at.date().isoformat(),
            )  # fmt: skip
        state = "closed"
    if state in {"closed", "rejected"} and closed_at is None:
        closed_at = _not_before(sheet, number, "updated_at", updated_at, reported_at)
        closed_at = closed_at or reported_at
    if number in sheet.bad:
        return None
    detail = sheet.text(number, "detail")
    title = sheet.text(number, "title") or detail.split("\n")[0] or category
    if len(title) > _TITLE_LENGTH:
        detail = detail or title
        title = title[: _TITLE_LENGTH - 1] + "…"
    return IssueRow(
        number, external_id, category, " ".join(title.split()), detail, *place, reported_at, state,
        closed_at, due_at,
    )  # fmt: skip


def _not_after(
    sheet: Sheet, number: int, name: str, instant: datetime | None, now: datetime
) -> datetime | None:
    """Return an instant that is past, None after noting a fault."""
    if instant is None or instant <= now:
        return instant
    reason = Phrase("later than now; see whether the time zone is right (--zone)")
    sheet.fault(
        number, "bad_value", column=sheet.column(name), text=instant.isoformat(), reason=reason
    )
    return None


def _is_day_of(closed_at: datetime, reported_at: datetime) -> bool:
    """Whether a closing time is no more than the day of the report, without a time of its own."""
    day = reported_at.astimezone(closed_at.tzinfo).date()
    return closed_at.time() == time() and closed_at.date() == day


def _not_before(
    sheet: Sheet, number: int, name: str, instant: datetime | None, reported_at: datetime
) -> datetime | None:
    """Return an instant at which an issue can be closed, None after noting a fault."""
    if instant is None or instant >= reported_at:
        return instant
    if _is_day_of(instant, reported_at):
        return reported_at
    reason = Phrase("earlier than the report")
    sheet.fault(
        number, "bad_value", column=sheet.column(name), text=instant.isoformat(), reason=reason
    )
    return None
