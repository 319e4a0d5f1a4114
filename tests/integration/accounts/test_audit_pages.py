"""The audit trail over HTTP: who gets in, what it says, and the files that leave it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from county import add_duty, build

from geodata.accounts import keeping as accounts
from webmap import create_app

PASSWORD = "violet-harbour-kettle-moss"
PHONE = "13812345678"
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def county(conn):
    """A county with an auditor, a town official, an administrator, and a duty holder's number."""
    county = build(conn)
    for username, name, role, grid_id in (
        ("auditor", "审计员", "auditor", county.county),
        ("wang", "王镇长", "town_official", county.towns[0]),
        ("admin", "管理员", "administrator", county.county),
    ):
        account_id = accounts.create(conn, username, name, password=PASSWORD)
        accounts.grant(conn, account_id, role, grid_id=grid_id, since=date(2024, 1, 1))
    add_duty(conn, county.compounds[0], "李网格", "grid_worker", "[2024-01-01,)")
    conn.execute("INSERT INTO member_contact (member_id, phone) SELECT member_id, %s FROM member",
                 [PHONE])  # fmt: skip
    conn.commit()
    return county


@pytest.fixture
def app(database_url, county):
    return create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 40})


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def signed_in(app, username: str):
    client = app.test_client()
    form = {
        "csrf_token": token(client.get("/sign-in").text),
        "username": username,
        "password": PASSWORD,
    }
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def show_contact(client) -> None:
    csrf = token(client.get("/account").text)
    answer = client.post("/panel/member/1/contact", data={"csrf_token": csrf})
    assert PHONE in answer.text


def export(client, **form: str):
    form["csrf_token"] = token(client.get("/audit").text)
    return client.post("/audit/export", data=form)


def rows_of(answer) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_only_auditors_get_in(app):
    assert app.test_client().get("/audit").status_code == 302
    for username in ("wang", "admin"):
        client = signed_in(app, username)
        assert client.get("/audit").status_code == 404
        csrf = token(client.get("/account").text)
        form = {"csrf_token": csrf, "format": "csv"}
        assert client.post("/audit/export", data=form).status_code == 404
    assert signed_in(app, "auditor").get("/audit").status_code == 200


def test_says_who_saw_whose_number_and_shows_none(app):
    show_contact(signed_in(app, "wang"))
    client = signed_in(app, "auditor")
    page = client.get("/audit?lang=en&action=contact.shown").text
    assert "Duty holder&#39;s number shown" in page
    assert "王镇长" in page
    assert "李网格" in page
    assert "1 entry" in page
    everything = client.get("/audit").text
    for kind in ("csv", "excel"):
        assert PHONE.encode() not in export(client, format=kind).data
    assert PHONE not in everything


def test_each_number_of_a_contact_is_called_by_itself(app, conn):
    conn.execute("UPDATE member_contact SET phone = %s", [f"{PHONE}、0564-5022345转8012、短号"])
    conn.commit()
    client = signed_in(app, "wang")
    csrf = token(client.get("/account").text)
    page = client.post("/panel/member/1/contact", data={"csrf_token": csrf}).text
    assert re.findall(r'href="tel:([^"]*)"', page) == [PHONE, "0564-5022345;ext=8012"]
    assert "0564-5022345转8012" in page
    assert "短号" in page


def test_phone_numbers_stay_closed_to_auditors(app):
    client = signed_in(app, "auditor")
    csrf = token(client.get("/account").text)
    answer = client.post("/panel/member/1/contact", data={"csrf_token": csrf})
    assert answer.status_code == 404
    assert PHONE not in answer.text


def test_a_user_name_finds_what_was_done_by_it_and_to_it(app, conn):
    show_contact(signed_in(app, "wang"))
    client = app.test_client()
    form = {"csrf_token": token(client.get("/sign-in").text), "username": "wang", "password": "x"}
    assert client.post("/sign-in", data=form).status_code == 422
    page = signed_in(app, "auditor").get("/audit?lang=en&username=WANG").text
    assert re.findall(r'class="what">([^<]+)<', page) == [
        "Sign-in refused",
        "Duty holder&#39;s number shown",
        "Signed in",
        "Role given",
        "Account created",
    ]
    assert "Not signed in" in page
    assert "Command line" in page
    assert "Town official · 衡山镇 · since 1 Jan 2024" in page
    assert "审计员" not in page.split("<tbody>")[1]


def test_days_are_the_countys_and_the_last_one_is_included(app, conn):
    conn.execute(
        "INSERT INTO audit_event (at, action, actor) VALUES (%s, 'test.early', 'old'),"
        " (%s, 'test.late', 'old')",
        [
            datetime(2026, 3, 1, 0, 0, 1, tzinfo=ZONE),
            datetime(2026, 3, 1, 23, 59, 59, tzinfo=ZONE),
        ],
    )
    conn.commit()
    client = signed_in(app, "auditor")
    page = client.get("/audit?lang=en&since=2026-03-01&until=2026-03-01").text
    assert "2 entries" in page
    assert "1 Mar 2026, 00:00:01" in page
    for query in ("until=2026-02-28&since=2026-02-01", "since=2026-03-02&until=2026-03-03"):
        empty = client.get(f"/audit?lang=en&{query}")
        assert "No entry matches" in empty.text
    # What nobody has words for is shown, and can be chosen, by its code.
    assert '<option value="test.early">test.early</option>' in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=yesterday", "Write year-month-day"),
        ("until=9999-99-99", "Write year-month-day"),
        ("since=2026-03-02&until=2026-03-01", "before the first one"),
    ],
)
def test_days_that_are_none_are_named_beside_the_field(app, query, said):
    client = signed_in(app, "auditor")
    answer = client.get(f"/audit?lang=en&{query}")
    assert answer.status_code == 422
    assert said in answer.text
    assert "<tbody>" not in answer.text
    csrf = token(answer.text) if "csrf_token" in answer.text else token(client.get("/audit").text)
    form = dict(pair.split("=") for pair in query.split("&"))
    form |= {"csrf_token": csrf, "format": "csv"}
    assert client.post("/audit/export", data=form).status_code == 400


def test_fifty_on_a_page(app, conn):
    conn.execute(
        "INSERT INTO audit_event (action, actor) SELECT 'test.many', 'n' || i"
        " FROM generate_series(1, 120) i"
    )
    conn.commit()
    client = signed_in(app, "auditor")
    seen: list[str] = []
    for page in (1, 2, 3):
        text = client.get(f"/audit?lang=en&action=test.many&page={page}").text
        assert f"Page {page} of 3" in text
        assert "120 entries" in text
        seen += re.findall(r'<td class="who"><a href="/audit\?username=n(\d+)"', text)
    assert seen == [str(number) for number in range(120, 0, -1)]
    # Beyond the last page lies the last page.
    assert "Page 3 of 3" in client.get("/audit?lang=en&action=test.many&page=99").text
    assert "Page 1 of 3" in client.get("/audit?lang=en&action=test.many&page=²").text


def test_files_hold_what_the_filter_lets_through_and_leave_an_entry(app, conn):
    client = signed_in(app, "auditor")
    show_contact(signed_in(app, "wang"))
    head, *rows = rows_of(export(client, format="csv", username="wang", lang="en"))
    assert len(head) == 8
    assert [row[4] for row in rows] == [
        "contact.shown",
        "session.opened",
        "role.granted",
        "account.created",
    ]
    assert rows[0][1:3] == ["wang", "王镇长"]
    assert rows[0][5] == "李网格"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", rows[0][0])
    [event] = conn.execute(
        "SELECT actor, detail FROM audit_event WHERE action = 'audit.exported'"
    ).fetchall()
    assert event[0] == "auditor"
    assert event[1]["count"] == 4
    assert event[1]["account"] == "wang"
    page = client.get("/audit?lang=en&action=audit.exported").text
    assert "Audit trail exported" in page
    assert "wang · 4 entries · CSV" in page


def test_excel_file_opens_with_times_as_times(app):
    client = signed_in(app, "auditor")
    answer = export(client, format="excel", since="2020-01-01")
    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    sheet: Any = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][1] == "auditor"
    now = datetime.now(ZONE).replace(tzinfo=None)
    assert now - timedelta(minutes=10) < rows[1][0] <= now + timedelta(seconds=1)


def test_no_cell_is_a_formula(app, conn):
    for username in ("=cmd|x", "+1", "-1", "@sum"):
        accounts.create(conn, username, "=2+5")
        conn.execute(
            "INSERT INTO audit_event (account_id, actor, action, detail)"
            " SELECT account_id, username, 'test.done', '{}' FROM account WHERE username = %s",
            [username],
        )
    conn.commit()
    client = signed_in(app, "auditor")
    rows = rows_of(export(client, format="csv"))
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]
    assert "'=cmd|x" in {row[1] for row in rows}
    sheet: Any = openpyxl.load_workbook(io.BytesIO(export(client, format="excel").data)).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert "=cmd|x" in {cell.value for cell in cells}


def test_too_many_for_one_file_are_refused_in_words(app, monkeypatch):
    monkeypatch.setattr("webmap.accounts.audit_page.EXPORTED", 2)
    client = signed_in(app, "auditor")
    csrf = token(client.get("/account").text)
    assert 'value="csv"' not in client.get("/audit").text
    form = {"csrf_token": csrf, "format": "csv"}
    answer = client.post("/audit/export?lang=en", data=form)
    assert answer.status_code == 400
    assert "up to 2 entries" in answer.text


def test_export_asks_for_its_own_form(app):
    client = signed_in(app, "auditor")
    assert client.post("/audit/export", data={"format": "csv"}).status_code == 400
    csrf = token(client.get("/audit").text)
    for kind in ("", "pdf"):
        form = {"csrf_token": csrf, "format": kind}
        assert client.post("/audit/export", data=form).status_code == 400
    assert client.get("/audit/export").status_code == 405


def test_accounts_that_are_gone_keep_their_names(app, conn):
    gone = accounts.create(conn, "gone", "离任者")
    conn.execute("DELETE FROM account WHERE account_id = %s", [gone])
    conn.execute("SELECT audit('contact.shown', 'member', 4711, '{}')")
    conn.execute("SELECT audit('reporter.shown', 'issue', 4712, '{}')")
    conn.commit()
    page = signed_in(app, "auditor").get("/audit?lang=en").text
    assert page.count(">gone<") == 2
    assert "Duty holder 4711" in page
    assert "Issue 4712" in page


def test_access_to_accounts_is_by_name_alone(app, database_url, conn):
    """The auditor's role reads names of accounts, no hash, no session, no link to a person."""
    client = signed_in(app, "auditor")
    assert client.get("/audit").status_code == 200
    conn.execute("SET ROLE gridmap_audit")
    # Without an auditor's session it sees nothing.
    assert conn.execute("SELECT username FROM account").fetchall() == []
    assert conn.execute("SELECT action FROM audit_event").fetchall() == []
    for query in (
        "SELECT member_id FROM account",
        "SELECT 1 FROM account_secret",
        "SELECT 1 FROM session",
        "SELECT 1 FROM member_contact",
        "SELECT 1 FROM issue",
    ):
        with pytest.raises(Exception, match="permission denied"), conn.transaction():
            conn.execute(query)
