"""Accounts in a real browser: made by an administrator, taken over by the person they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from geodata.database import connecting as db
from scripts import serve
from tests.browser.watching import SIZES, fits, sign_in
from tests.office import furnish

# An answer that says what is wrong with a form is one of 422.
EXPECTED = ("422",)


@pytest.fixture
def office(database_url: str) -> Iterator[str]:
    """The base URL of a server on a county of its own, with the administrator "chief"."""
    with db.connect(database_url) as conn:
        furnish(conn)
    with serve.listen("127.0.0.1", 0) as listener, serve.Server(database_url, listener) as server:
        server.wait_until_ready()
        yield server.url.rstrip("/")


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_an_account_is_made_and_taken_over(
    page: Page, browser: Browser, office: str, complaints: list[str], size: ViewportSize
) -> None:
    page.set_viewport_size(size)
    sign_in(page, office, "chief", "/accounts")
    expect(page.get_by_role("heading", name="Accounts", level=1)).to_be_visible()
    fits(page)
    page.get_by_role("link", name="New account").click()
    expect(page.get_by_role("heading", name="New account")).to_be_visible()
    fits(page)
    page.get_by_label("Name", exact=True).fill("王芳")
    page.get_by_label("User name").fill("wang.fang")
    # Places are asked for only where there is a choice, and found while one types.
    expect(page.get_by_label("Place", exact=True)).to_be_hidden()
    page.get_by_label("Role", exact=True).select_option("auditor")
    expect(page.get_by_text("This role is held in the whole county.")).to_be_visible()
    page.get_by_label("Role", exact=True).select_option("community_staff")
    page.get_by_label("Place", exact=True).press_sequentially("cnsq")
    expect(page.get_by_role("radio", name=re.compile("城南社区"))).to_be_checked()
    page.get_by_label("Place", exact=True).fill("社区")
    expect(page.get_by_role("radio")).to_have_count(2)
    # Enter makes the account rather than searching again; it says what is missing.
    page.get_by_label("User name").press("Enter")
    expect(page.get_by_text("Several places match.")).to_be_visible()
    fits(page)
    page.get_by_role("radio", name=re.compile("城北社区")).check()
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="The account has been created")).to_be_visible()
    fits(page)
    first = page.locator(".secret").inner_text()

    other = browser.new_context(viewport=size)
    theirs = other.new_page()
    sign_in(theirs, office, "wang.fang", "/accounts", password=first)
    expect(theirs.get_by_role("heading", name="Change the password")).to_be_visible()
    # Nothing else before that.
    theirs.goto(f"{office}/account")
    expect(theirs.get_by_role("heading", name="Change the password")).to_be_visible()
    theirs.get_by_label("Current password").fill(first)
    theirs.get_by_label("New password", exact=True).fill("four-own-quiet-words")
    theirs.get_by_label("Repeat the new password").fill("four-own-quiet-words")
    theirs.get_by_role("button", name="Change the password").click()
    expect(theirs.get_by_text("Your password has been changed.")).to_be_visible()
    theirs.get_by_role("button", name="Sign out", exact=True).click()
    sign_in(theirs, office, "wang.fang", "/accounts", password="four-own-quiet-words")
    theirs.goto(f"{office}/account")
    expect(theirs.get_by_text("城北社区")).to_be_visible()
    # What one may not do is not there.
    theirs.goto(f"{office}/accounts")
    expect(theirs.get_by_text("There is nothing at this address.")).to_be_visible()

    page.get_by_role("link", name="To the account").click()
    expect(page.get_by_role("heading", name="王芳")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Disable the account").click()
    expect(page.get_by_text("This account cannot sign in.")).to_be_visible()
    theirs.goto(f"{office}/account")
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
    other.close()


def test_a_list_is_imported_and_its_passwords_are_downloaded(
    page: Page, office: str, complaints: list[str]
) -> None:
    sign_in(page, office, "chief", "/accounts")
    page.get_by_role("link", name="Import a list").click()
    expect(page.get_by_role("heading", name="Import accounts")).to_be_visible()
    fits(page)
    for rows, said in (
        ("wf,王芳,网格员,没有,,\n", "1 row must be corrected."),
        ("wf,王芳,网格员,城南社区,,\nlq,李强,,,,\n", "create 2 accounts"),
    ):
        page.get_by_label("List of accounts").set_input_files({
            "name": "名单.csv", "mimeType": "text/csv",
            "buffer": f"用户名,姓名,角色,网格代码或单位,起,止\n{rows}".encode("gbk"),
        })  # fmt: skip
        page.get_by_role("button", name="Check the list").click()
        expect(page.get_by_text(said)).to_be_visible()
        fits(page)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("2 new accounts")).to_be_visible()
    fits(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the first passwords").click()
    assert download.value.suggested_filename == "gridmap-first-passwords.xlsx"
    page.get_by_role("link", name="To the accounts").click()
    expect(page.get_by_text("3 accounts")).to_be_visible()


def test_a_role_is_given_without_javascript(browser: Browser, office: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, office, "chief", "/accounts")
    page.get_by_role("link", name="张三").first.click()
    page.goto(f"{office}/accounts/new")
    page.get_by_label("Name", exact=True).fill("王芳")
    page.get_by_label("User name").fill("wf")
    page.get_by_label("Role", exact=True).select_option("town_official")
    page.get_by_label("Place", exact=True).fill("镇")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("radio", name=re.compile("佛子岭镇")).check()
    page.get_by_role("button", name="Create the account").click()
    page.get_by_role("link", name="To the account").click()
    expect(page.get_by_text("佛子岭镇")).to_be_visible()
    context.close()
