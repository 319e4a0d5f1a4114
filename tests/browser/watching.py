"""What tests with a browser have in common: signing in, what pages complain of, how they fit."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.office import PASSWORD

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SIZES = {"desk": DESK, "phone": PHONE}
# By what they are worked with.
SCREENS = {"mouse": DESK, "touch": PHONE}

# Anyone who steps on before the panel is there has its question taken back, which htmx reports.
TAKEN_BACK = ("htmx:afterRequest", "htmx:sendAbort")


def listen(context: BrowserContext) -> list[str]:
    """Return where everything is put down that the pages of a browser complain of."""
    heard: list[str] = []
    context.on("console", lambda m: heard.append(m.text) if m.type == "error" else None)
    context.on("weberror", lambda error: heard.append(str(error.error)))
    return heard


def wait_for_frame(page: Page) -> None:
    """Wait until the page has drawn what it was told so far."""
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => resolve()))")


def wait_for_idle(page: Page) -> None:
    """Wait until the page has drawn and its thread has nothing left to do."""
    page.evaluate(
        "() => new Promise((resolve) =>"
        " requestAnimationFrame(() => requestIdleCallback(() => resolve())))"
    )


def wait_for_map(page: Page) -> None:
    """Wait until the map lies where it is on its way to."""
    page.wait_for_function("() => !map_grid._animatingZoom && !map_grid._panAnim?._inProgress")


def wait_for_animations(page: Page) -> None:
    """Wait until nothing moves into its place any longer; what turns for ever may go on."""
    wait_for_frame(page)
    page.wait_for_function(
        "() => document.getAnimations().every((each) => each.playState !== 'running'"
        " || each.effect.getComputedTiming().endTime === Infinity)"
    )


def faults(heard: list[str], *expected: str) -> list[str]:
    """Return the complaints that hold nothing of what a test brings about on purpose."""
    return [text for text in heard if not any(each in text for each in expected)]


def sign_in(page: Page, office: str, username: str, path: str, *, password: str = PASSWORD) -> None:
    """Sign somebody in who asks for a page of their own, in English."""
    page.goto(f"{office}/sign-in?lang=en&next={path}")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def fits_across(page: Page) -> None:
    """Nothing to scroll sideways. Looked at until it holds: the page before may still be there."""
    size = page.viewport_size
    assert size
    expect(page.locator("html")).to_have_js_property("scrollWidth", size["width"])


def fits(page: Page) -> None:
    """Nothing to scroll sideways, nothing to complain about for axe."""
    page.wait_for_load_state("load")
    fits_across(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
