"""Lists of accounts: checked row by row, imported as a whole, first passwords handed out once."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from typing import Any

import openpyxl
import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from geodata.accounts import keeping as accounts
from geodata.accounts import passwords
from geodata.accounts.passwords import Rules
from geodata.database.rights import ROLES
from geodata.importing.lists.account_rows import role_of
from tests.county import County
from tests.office import Browser, add, enter, fault, furnish, give, words
from webmap import create_app

Conn = psycopg.Connection[Any]
HEADER = ["用户名", "姓名", "角色", "网格代码或单位", "起", "止"]
GOOD = [
    ["wang.fang", "王芳", "网格员", "341525100001001", "2026-01-01", "2026年12月31日"],
    ["Wang.Fang", "王芳", "社区干部", "城南社区", "", ""],
    ["li.qiang", "李强", "Town official", "衡山镇", "", ""],
    ["007", "赵敏", "unit_user", "县城市管理局", "", ""],
    ["=1+1", "陈静", "审计人员", "", "", ""],
    ["no.role", "无角色", "", "", "", ""],
    ["old", "李四", "县干部", "", "2024-01-01", ""],
    ["", "", "", "", "", ""],
]


@pytest.fixture
def county(conn: Conn) -> County:
    return furnish(conn)


@pytest.fixture
def app(database_url: str, county: County) -> Flask:
    return create_app({"DATABASE_URL": database_url})


@pytest.fixture
def chief(app: Flask, conn: Conn) -> Browser:
    return enter(app, conn)


def as_csv(rows: list[list[str]], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *rows])
    return out.getvalue().encode(encoding)


def as_workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in [HEADER, *rows]:
        sheet.append(row)
    for cell in sheet["A"]:
        # Somebody typed '=1+1.
        cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send(browser: Browser, content: bytes, name: str = "名单.csv") -> TestResponse:
    browser.get("/accounts/import")
    return browser.post("/accounts/import", file=(io.BytesIO(content), name))


def payload(answer: TestResponse) -> str:
    found = re.search(r'name="list"\s+value="([^"]+)"', answer.text)
    return found[1] if found else ""


def rows_of(answer: TestResponse) -> dict[int, str]:
    """Return what the table says by the number of the row."""
    found: dict[int, str] = {}
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", answer.text, re.DOTALL):
        text = " ".join(re.sub(r"<[^>]*>", " ", row).split())
        if match := re.match(r"Row (\d+) (.*)", text):
            found[int(match[1])] = match[2]
    return found


@pytest.mark.parametrize("kind", ["utf-8", "gbk", "xlsx"])
def test_a_list_is_shown_first_and_imported_when_told(
    app: Flask,
    chief: Browser,
    conn: Conn,
    county: County,
    kind: str,
) -> None:
    old = add(conn, "old")
    give(conn, "old", "county_official", county.county)
    conn.commit()
    content = as_workbook(GOOD) if kind == "xlsx" else as_csv(GOOD, kind)
    checked = send(chief, content)
    assert checked.status_code == 200, words(checked)
    assert checked.headers["Cache-Control"] == "no-store"
    shown = words(checked)
    assert "create 5 accounts" in shown
    assert "give 5 roles" in shown
    assert "leave 1 row unchanged" in shown
    rows = rows_of(checked)
    assert list(rows) == [2, 3, 4, 5, 6, 7, 8]
    assert "城南社区甲小区 1 Jan 2026 to 31 Dec 2026 new account with this role" in rows[2]
    assert rows[8].endswith("nothing: already so")
    # Nothing is written by looking.
    assert accounts.count(conn) == 2

    done = chief.post("/accounts/import", list=payload(checked))
    assert "5 new accounts 5 roles given" in words(done).replace("· ", "")
    assert done.headers["Cache-Control"] == "no-store"
    conn.commit()
    fang = accounts.get_by_username(conn, "wang.fang")
    assert sorted(zip(fang.roles, fang.places, strict=True)) == [
        ("community_staff", "城南社区"),
        ("grid_leader", "城南社区甲小区"),
    ]
    assert accounts.get_by_username(conn, "007").places == ["县城市管理局"]
    assert accounts.get(conn, old).roles == ["county_official"]
    boss = accounts.get_by_username(conn, "chief").account_id
    entries = conn.execute(
        "SELECT action, count(*) FROM audit_event WHERE account_id = %s"
        " AND action NOT LIKE 'session%%' GROUP BY action ORDER BY action", [boss]
    ).fetchall()  # fmt: skip
    assert entries == [("account.created", 5), ("role.granted", 5)]

    file = chief.post("/accounts/import/passwords", list=payload(done))
    assert file.headers["Cache-Control"] == "no-store"
    assert file.headers["Content-Disposition"].startswith("attachment;")
    sheet: Any = openpyxl.load_workbook(io.BytesIO(file.data)).active
    cells = list(sheet.iter_rows(min_row=2))
    assert [row[0].value for row in cells] == ["wang.fang", "li.qiang", "007", "=1+1", "no.role"]
    # Texts, whatever they look like: no spreadsheet computes them or drops their zeros.
    assert {cell.data_type for row in cells for cell in row} == {"s"}
    other = Browser(app.test_client())
    assert other.sign_in("007", cells[2][2].value).location == "/account/password"


def test_every_fault_is_named_with_its_row_and_what_to_do(
    chief: Browser,
    conn: Conn,
    county: County,
) -> None:
    add(conn, "old")
    give(conn, "old", "grid_leader", county.compounds[0])
    off = add(conn, "off", "停用")
    accounts.change(conn, off, is_disabled=True)
    conn.commit()
    answer = send(chief, as_csv([
        ["wang fang", "王芳", "网格员", "341525100001001", "", ""],
        ["", "王芳", "网格员", "341525100001001", "", ""],
        ["li", "", "国王", "衡山镇", "", ""],
        ["qian", "钱力", "镇干部", "城南社区", "2026-13-01", ""],
        ["sun", "孙武", "镇干部", "", "", ""],
        ["zhou", "周好", "镇干部", "不存在", "2026-02-02", "2026-02-01"],
        ["wu", "吴用", "", "衡山镇", "", ""],
        ["zheng", "郑重", "县干部", "", "", ""],
        ["zheng", "郑轻", "县干部", "", "", ""],
        ["zheng", "郑重", "County official", "霍山县", "", ""],
        ["old", "别人", "县干部", "", "", ""],
        ["old", "李四", "网格员", "城南社区甲小区", "2025-01-01", "2026-01-01"],
        ["off", "停用", "县干部", "", "", ""],
        ["chief", "张三", "审计人员", "", "", ""],
        ["good", "好人", "审计人员", "", "", ""],
    ]))  # fmt: skip
    assert answer.status_code == 422
    assert "13 rows must be corrected. Nothing has been imported." in words(answer)
    assert payload(answer) == ""
    rows = rows_of(answer)
    for row, said in {
        2: "cannot be a user name",
        3: "The user name is missing.",
        4: "“国王” is not a role. Roles are: Grid leader or grid worker, Building lead",
        5: "“2026-13-01” is not a day (there is no month 13). Write year-month-day",
        6: "The role Town official needs a place. It is held in: Town.",
        7: "There is no place “不存在” today.",
        8: "The row has a place or a term, but no role. Name the role.",
        10: "Row 9 gives this user name to 郑重.",
        11: "Row 9 says the same. Delete one of the two.",
        12: "The account “old” belongs to 李四.",
        13: "The account holds this role here already in that time.",
        14: "The account “off” is disabled. Enable it first.",
        15: "This is your own account.",
    }.items():
        assert said in rows[row], rows[row]
    assert "The name is missing." in rows[4]
    assert "The role Town official is not held in “城南社区”. It is held in: Town." in rows[5]
    assert "The term ends before it begins." in rows[7]
    assert rows[16].endswith("new account with this role")
    assert accounts.count(conn) == 3


def test_what_changed_after_the_check_is_shown_and_nothing_is_written(
    chief: Browser,
    conn: Conn,
) -> None:
    checked = send(chief, as_csv(GOOD))
    add(conn, "li.qiang", "别人")
    answer = chief.post("/accounts/import", list=payload(checked))
    assert answer.status_code == 422
    assert "belongs to 别人" in rows_of(answer)[4]
    assert accounts.count(conn) == 2


def test_a_list_that_was_not_checked_here_is_refused(
    app: Flask,
    chief: Browser,
    conn: Conn,
    county: County,
) -> None:
    checked = send(chief, as_csv(GOOD))
    forged = payload(checked)[:-3] + "abc"
    for path in ("/accounts/import", "/accounts/import/passwords"):
        for content in (forged, "", "x"):
            answer = chief.post(path, list=content)
            assert answer.status_code == 422
            assert "nothing was done" in words(answer)
    # One kind of page is not taken for the other, nor one reader for another.
    assert chief.post("/accounts/import/passwords", list=payload(checked)).status_code == 422
    add(conn, "second")
    give(conn, "second", "administrator", county.county)
    conn.commit()
    second = Browser(app.test_client())
    second.sign_in("second")
    second.get("/accounts/import")
    assert second.post("/accounts/import", list=payload(checked)).status_code == 422
    assert accounts.count(conn) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7 \x00\x01", "The file"),
        ("姓名,角色\n王芳,网格员\n".encode(), "The columns of the user names and of the names"),
        ("用户名,姓名\n".encode(), "The file holds no rows."),
        ("用户名,姓名\n,\n".encode(), "no rows"),
        (b"PK\x03\x04 damaged", ""),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_words(
    chief: Browser,
    content: bytes,
    said: str,
) -> None:
    answer = send(chief, content)
    assert answer.status_code == 422
    assert said in fault(answer, "file")
    # Options of the command line help nobody here.
    assert "--" not in fault(answer, "file")


def test_no_file_and_too_many_rows(
    chief: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chief.get("/accounts/import")
    assert fault(chief.post("/accounts/import"), "file") == "Choose a file."
    many = as_csv([[f"u{i}", "某人", "", "", "", ""] for i in range(5001)])
    assert "5001 rows; 5000 can be brought" in fault(send(chief, many), "file")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_can_be_filled_in_and_sent(
    chief: Browser,
    conn: Conn,
    language: str,
) -> None:
    answer = chief.get(f"/accounts/import/template?lang={language}")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    sheet = book.worksheets[0]
    roles = [cell.value for cell in book.worksheets[1]["A"]]
    assert len(roles) == len(ROLES)
    sheet.append(["wang.fang", "王芳", roles[0], "城南社区甲小区", "2026-01-01", "2026-12-31"])
    sheet.append(["li.qiang", "李强", roles[-1], "", date(2026, 1, 1), None])
    out = io.BytesIO()
    book.save(out)
    # Anyone who sends it may read another language than anyone who took it.
    chief.get("/accounts/import?lang=en")
    checked = send(chief, out.getvalue())
    assert checked.status_code == 200, words(checked)
    assert "1 Jan 2026 to 31 Dec 2026" in rows_of(checked)[2]
    assert "Administrator" in rows_of(checked)[3]


def test_roles_are_known_by_their_names_and_codes() -> None:
    for name in ROLES:
        assert role_of(name, {}) == name
    assert role_of(" town  Official ", {}) == "town_official"
    assert role_of("网格长", {}) == "grid_leader"
    assert role_of("村长", {"村长": "community_staff"}) == "community_staff"
    assert role_of("国王", {}) is None


def test_generated_passwords_keep_the_strictest_rules_and_are_rehashed() -> None:
    rules = Rules(min_length=64, complexity=True)
    for _ in range(200):
        passwords.check(passwords.generate(rules), rules, known=("wang.fang", "王芳"))
    assert len({passwords.generate(Rules()) for _ in range(200)}) == 200
    quick = passwords.hash_password("abcde-fghjk-mnpq2", is_generated=True)
    assert passwords.is_right(quick, "abcde-fghjk-mnpq2")
    assert not passwords.is_right(quick, "abcde-fghjk-mnpq3")
    assert passwords.is_weakly_hashed(quick)
    assert not passwords.is_right("nonsense", "x")


def test_columns_of_accounts_that_are_not_read_are_named(chief: Browser) -> None:
    rows = ["用户名,姓名,角色,网格,有效期", "wang.fang,王芳,县业务人员,,三年"]
    checked = send(chief, "\n".join(rows).encode())
    assert "Not read: 有效期." in words(checked)


def test_two_columns_of_accounts_for_one_thing(chief: Browser) -> None:
    rows = ["用户名,账号,姓名", "wang.fang,wangfang,王芳"]
    checked = send(chief, "\n".join(rows).encode())
    assert checked.status_code == 422
    said = words(checked)
    assert "用户名, 账号" in said
    assert "Rename the others in the file, or delete them." in said
    assert "--map" not in said
