"""Signing in, in a real browser: everybody sees theirs, and what the guide says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect
from psycopg import Connection

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
Enter = Callable[[BrowserContext, str], None]


def grid(conn: Connection[Any], name: str) -> int:
    row = conn.execute(
        "SELECT grid_id FROM grid_version WHERE name = %s AND upper_inf(valid)", [name]
    ).fetchone()
    assert row
    return row[0]


def sheet(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-painted]")
    expect(page.locator("#panel-body:not([aria-busy]) .sheet")).to_be_visible()


def fill(page: Page, username: str, password: str) -> None:
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(password)
    page.locator("main button[type=submit]").click()


def test_a_grid_leader_signs_in_lands_on_the_own_grid_and_calls(
    page: Page, live_server: str, demo_passwords: dict[str, str], demo_conn: Connection[Any]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sheet(page, live_server)
    page.locator(".account-small").click()
    fill(page, "leader", demo_passwords["leader"])
    page.wait_for_url(re.compile(r"grid="))
    expect(page.locator("#panel-body h1")).to_have_text("蔡家岭")
    page.get_by_role("button", name="显示电话").first.click()
    number = page.locator(".contact a.call").first
    expect(number).to_have_attribute("href", re.compile(r"^tel:000-"))
    seen = demo_conn.execute(
        "SELECT actor FROM audit_event WHERE action = 'contact.shown' ORDER BY event_id DESC"
    ).fetchone()
    assert seen == ("leader",)


@pytest.mark.parametrize(
    ("who", "place", "sees_issues", "calls"),
    [
        ("", "蔡家岭", False, False),
        ("leader", "蔡家岭", True, True),
        ("leader", "衡山镇", False, False),
        ("town", "衡山镇", True, True),
        ("town", "太平畈乡", False, False),
        ("official", "黄崖村", True, True),
        ("auditor", "衡山镇", False, False),
        ("admin", "衡山镇", False, False),
    ],
)
def test_everybody_sees_theirs(
    page: Page,
    context: BrowserContext,
    enter: Enter,
    live_server: str,
    demo_conn: Connection[Any],
    who: str,
    place: str,
    sees_issues: bool,
    calls: bool,
) -> None:
    if who:
        enter(context, who)
    sheet(page, f"{live_server}/?mode=issues&grid={grid(demo_conn, place)}")
    expect(page.locator("#panel-body .counts")).to_have_count(int(sees_issues))
    expect(page.locator("#panel-body .lock")).to_have_count(int(not sees_issues))
    assert (page.get_by_role("button", name="显示电话").count() > 0) == calls


def test_a_unit_sees_what_was_dispatched_to_it_and_is_told_so(
    page: Page, context: BrowserContext, enter: Enter, live_server: str
) -> None:
    enter(context, "unit")
    sheet(page, f"{live_server}/?mode=issues")
    expect(page.locator("#panel-body")).to_contain_text("仅含本辖区内或派遣给本单位的问题")
    expect(page.locator("#panel-body .items li")).not_to_have_count(0)


def test_a_visitor_is_told_and_comes_back_to_the_same_view_after_signing_in(
    page: Page, live_server: str, demo_passwords: dict[str, str]
) -> None:
    sheet(page, f"{live_server}/?mode=issues&state=overdue")
    expect(page.locator("#panel-body")).to_contain_text("问题只向负责该辖区的人员显示")
    expect(page.locator(".legend")).not_to_contain_text("逾期")
    page.locator("#panel-body a", has_text="登录").click()
    fill(page, "official", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("用户名或密码错误")
    expect(page.get_by_label("用户名")).to_have_value("official")
    fill(page, "official", demo_passwords["official"])
    page.wait_for_url(re.compile("state=overdue"))
    expect(page.locator("#panel-body .items .issue-overdue").first).to_be_visible()


def test_signing_out_everywhere_ends_the_other_browser_too(
    page: Page,
    context: BrowserContext,
    browser: Any,
    live_server: str,
    demo_passwords: dict[str, str],
) -> None:
    other = browser.new_context()
    theirs = other.new_page()
    for each in (page, theirs):
        each.goto(f"{live_server}/sign-in?next=/account")
        fill(each, "community", demo_passwords["community"])
        expect(each.get_by_role("heading", name="我的角色")).to_be_visible()
    page.reload()
    expect(page.locator(".list", has_text="本机").locator("li")).to_have_count(2)
    page.get_by_role("button", name="退出所有设备").click()
    expect(page.get_by_role("status")).to_contain_text("已退出所有设备")
    theirs.goto(f"{live_server}/account")
    expect(theirs).to_have_url(re.compile("/sign-in"))
    other.close()


def test_the_password_is_changed_and_what_is_wrong_stands_beside_the_field(
    page: Page, live_server: str, demo_passwords: dict[str, str]
) -> None:
    page.goto(f"{live_server}/sign-in?next=/account/password")
    fill(page, "building", demo_passwords["building"])

    def change(present: str, new: str, again: str) -> None:
        page.get_by_label("当前密码").fill(present)
        page.get_by_label("新密码", exact=True).fill(new)
        page.get_by_label("再次输入新密码").fill(again)
        page.locator("main button[type=submit]").click()

    new = "晴朗 楼道 清水 邮差 八月"
    change("wrong", new, new)
    expect(page.locator(".fault")).to_contain_text("当前密码不正确")
    change(demo_passwords["building"], "password2026", "password2026")
    expect(page.locator(".fault")).to_contain_text("已泄露")
    change(demo_passwords["building"], new, new + "!")
    expect(page.locator(".fault")).to_contain_text("不一致")
    change(demo_passwords["building"], new, new)
    expect(page.get_by_role("status")).to_contain_text("密码已修改")
    demo_passwords["building"] = new


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("address", ["/sign-in", "/account", "/account/password", "/rights"])
def test_axe_finds_nothing_on_the_pages(
    page: Page,
    context: BrowserContext,
    enter: Enter,
    live_server: str,
    address: str,
    lang: str,
    size: Any,
) -> None:
    if address.startswith("/account"):
        enter(context, "official")
    page.set_viewport_size(size)
    page.goto(f"{live_server}{address}?lang={lang}")
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    if lang == "zh":
        text = page.locator("main").inner_text()
        assert set(re.findall(r"[A-Za-z]{2,}", text)) <= {"Chrome", "Linux", "official", "Headless"}


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_shared_link_to_an_issue_leads_through_the_door_to_the_issue(
    page: Page,
    live_server: str,
    demo_passwords: dict[str, str],
    demo_conn: Connection[Any],
    size: Any,
) -> None:
    row = demo_conn.execute("SELECT issue_id, title FROM issue ORDER BY issue_id").fetchone()
    assert row
    page.set_viewport_size(size)
    sheet(page, f"{live_server}/?mode=issues&issue={row[0]}")
    expect(page.locator("#panel-body")).to_contain_text("没有可供您查看的")
    page.locator("#panel-body [data-sign-in]").click()
    fill(page, "official", demo_passwords["official"])
    page.wait_for_url(re.compile(rf"issue={row[0]}"))
    expect(page.locator("#panel-body h1")).to_have_text(row[1])
