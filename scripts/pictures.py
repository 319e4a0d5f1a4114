"""Make every picture of docs/pictures from the demo county: real server, headless Chromium.

Run: .venv/bin/python -m scripts.pictures [--only NAME]
Those of papers need pdftoppm (poppler-utils).

The demo county is the same every time, so the pictures differ only by the day on which they are
made. They are WebP, each under 200 KB.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg import Connection

from geodata.alerts import reporting
from geodata.coverage.figures import recording
from geodata.database import clock
from geodata.database import connecting as db
from geodata.installation.embedded import Cluster
from geodata.installation.home import REPOSITORY
from geodata.model import Level
from scripts import demo_accounts, pictures_drawing, pictures_report, serve

FOLDER = REPOSITORY / "docs" / "pictures"
LARGEST = 200_000
QUALITY = 82
LANGUAGES = ("zh", "en")
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none", "--lang=zh-CN"]


@dataclass(frozen=True)
class Screen:
    """Whose screen it is: size in CSS pixels, picture pixels for each of them."""

    width: int
    height: int
    density: float
    touch: bool


DESK = Screen(1440, 900, 1, touch=False)
PHONE = Screen(390, 844, 2, touch=True)


@dataclass(frozen=True)
class Picture:
    """One picture: what is opened, on which screen, and what is done before it is taken.

    ``grid`` names the grid (level, name) that the address selects, ``account`` the demo county's
    account that is signed in, ``path`` a page beside the map, ``paper`` the page of the paper that
    the panel offers, which is taken instead of the screen.
    """

    name: str
    screen: Screen
    view: dict[str, str]
    grid: tuple[Level, str] | None = None
    act: Callable[[Page], None] = lambda _page: None
    account: str = ""
    languages: tuple[str, ...] = LANGUAGES
    path: str = ""
    paper: int = 0


def _type_initials(page: Page) -> None:
    page.locator("#search").tap()
    page.keyboard.type("cjl", delay=40)
    page.locator("#hits [role=option]").first.wait_for()


def _first_issue(page: Page) -> None:
    page.locator("#panel-body .items a").first.tap()
    page.locator("#panel-body .steps").wait_for()


def _open_sheet(page: Page) -> None:
    if page.locator("#panel").get_attribute("data-height") == "peek":
        page.locator(".grip").tap()


def _open_days(page: Page) -> None:
    page.locator(".view [data-do='days']").click()
    page.locator(".timeline select").wait_for()


def _raise_clinics(page: Page) -> None:
    for place in ("town", "village"):
        page.fill(f"[name={place}_reach]", "800")
    page.fill("[name=since]", "2027-01-01")
    page.click(".standard-form .primary")
    page.locator("#effects").wait_for()


def _try_two_clinics(page: Page) -> None:
    """Find the two best places for clinics in a town."""
    form = page.locator(".scenarios form")
    if not form.is_visible():
        page.locator(".scenarios summary").click()
    is_english = page.locator("html").get_attribute("lang") == "en"
    form.locator("[name=name]").fill(
        "Two more clinics for 但家庙镇" if is_english else "但家庙镇再办两处卫生室"
    )
    form.locator("button.primary").click()
    page.locator("[data-key=best] summary").click()
    page.locator(".best-places button[type=submit]").click()
    page.locator(".scenario-changes li").nth(1).wait_for()
    page.locator(".scenario-pin").nth(1).wait_for()


PICTURES = (
    Picture(
        "responsibility-desk",
        DESK,
        # Nothing is selected: a selection dims the rest, and the rest is the subject here.
        {"mode": "responsibility", "z": "14", "lat": "31.395", "lon": "116.335"},
    ),
    Picture("issues-phone", PHONE, {"mode": "issues"}, ("town", "衡山镇"), _open_sheet, "town"),
    Picture("leader-search", PHONE, {}, None, _type_initials),
    Picture("leader-village", PHONE, {}, ("compound", "蔡家岭"), _open_sheet, "leader"),
    Picture(
        "leader-issue", PHONE, {"mode": "issues"}, ("compound", "蔡家岭"), _first_issue, "leader"
    ),
    Picture("official-responsibility", DESK, {"mode": "responsibility"}),
    Picture(
        "official-issues",
        DESK,
        {"mode": "issues", "state": "overdue", "category": "03"},
        account="official",
    ),
    Picture("official-coverage", DESK, {"mode": "coverage", "kind": "clinic"}),
    Picture(
        "standards-effect",
        DESK,
        {},
        act=_raise_clinics,
        account="official",
        path="standards/clinic/change",
    ),
    Picture(
        "official-beside",
        DESK,
        {"mode": "coverage", "kind": "clinic", "beside": "pharmacy", "classes": "quantile"},
    ),
    Picture(
        "official-why",
        DESK,
        {"mode": "coverage", "kind": "clinic", "list": "why"},
        ("community", "人民社区"),
        account="official",
    ),
    Picture(
        "official-scenario",
        DESK,
        {"mode": "coverage", "kind": "clinic", "list": "scenarios"},
        ("town", "但家庙镇"),
        _try_two_clinics,
        account="official",
    ),
    Picture(
        "official-proposal",
        DESK,
        {"mode": "coverage", "kind": "clinic", "list": "scenarios"},
        ("town", "但家庙镇"),
        _try_two_clinics,
        account="official",
        paper=1,
    ),
    Picture(
        "report-meeting",
        DESK,
        {"mode": "coverage", "kind": "clinic"},
        ("town", "衡山镇"),
        paper=1,
    ),
    Picture("official-figures", DESK, {"kind": "grid_worker"}, path="figures"),
    Picture("official-notifications", DESK, {}, account="official", path="notifications"),
    Picture("staff-before", DESK, {"on": "2021-01-01"}, ("community", "青崖村"), _open_days),
    Picture("staff-after", DESK, {}, ("community", "青崖村"), _open_days),
    Picture(
        "staff-compare",
        DESK,
        {
            "on": "2026-01-01",
            "versus": "2025-12-31",
            "z": "13",
            "lat": "31.435",
            "lon": "116.53",
        },
        ("community", "青崖村"),
    ),
    *(
        Picture(f"staff-{name}", DESK, {"mode": "draw"}, None, act, "staff")
        for name, act in (
            ("split", pictures_drawing.split),
            ("follow", pictures_drawing.follow),
            ("corner", pictures_drawing.corner),
            ("hand-over", pictures_drawing.hand_over),
        )
    ),
)


@click.command()
@click.option("--only", help="Only pictures whose name begins so.", default="")
@click.option("--chromium", default="/usr/bin/chromium", show_default=True)
def main(only: str, chromium: str) -> None:
    """Make the pictures of docs/pictures."""
    FOLDER.mkdir(exist_ok=True)
    with (
        demo_county() as (url, passwords),
        serve.listen("127.0.0.1", 0) as listener,
        serve.Server(url, listener) as server,
        sync_playwright() as tools,
    ):
        server.wait_until_ready()
        browser = tools.chromium.launch(executable_path=chromium, args=CHROMIUM)
        try:
            with db.connect(url) as conn:
                large = [
                    path
                    for picture in PICTURES
                    for language in picture.languages
                    if f"{picture.name}-{language}".startswith(only)
                    and (path := take(browser, server.url, conn, picture, language, passwords))
                ]
        finally:
            browser.close()
    if large:
        sys.exit(f"Larger than {LARGEST:,} bytes: {', '.join(path.name for path in large)}")


@contextmanager
def demo_county() -> Generator[tuple[str, dict[str, str]]]:
    """Yield a database with nothing but the demo county, gone afterwards, and its passwords."""
    with tempfile.TemporaryDirectory(prefix="gridmap-pictures-") as name:
        folder = Path(name)
        # The cluster's own user has to reach it.
        folder.chmod(0o711)
        with Cluster(folder, purpose="pictures") as cluster:
            db.migrate(cluster.url)
            serve.load_demo(cluster.url, folder)
            with db.connect(cluster.url) as conn:
                keep_house(conn)
            accounts = json.loads((folder / demo_accounts.NAME).read_text("utf-8"))
            yield cluster.url, {each["username"]: each["password"] for each in accounts}


def keep_house(conn: Connection[Any]) -> None:
    """Write coverage down and let the alert rules report, as the running server does by itself."""
    today = clock.today()
    for day, kinds in recording.due(conn, today):
        recording.record(conn, day, kinds)
    reporting.evaluate(conn, today)


def take(
    browser: Browser,
    server: str,
    conn: Connection[Any],
    picture: Picture,
    language: str,
    passwords: dict[str, str],
) -> Path | None:
    """Take one picture. Returns its path if it has become too large, else None."""
    screen = picture.screen
    context = browser.new_context(
        viewport={"width": screen.width, "height": screen.height},
        device_scale_factor=screen.density,
        has_touch=screen.touch,
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        if picture.account:
            sign_in(page, server, picture.account, passwords[picture.account])
        query = {**picture.view, "lang": language}
        if picture.grid:
            query["grid"] = str(grid_id(conn, *picture.grid))
        page.goto(f"{server}{picture.path}?{urlencode(query)}")
        if not picture.path:
            settle(page)
        picture.act(page)
        if not picture.path:
            settle(page)
        path = FOLDER / f"{picture.name}-{language}.webp"
        path.write_bytes(
            pictures_report.taken(page, picture.paper) if picture.paper else shot(page)
        )
    finally:
        context.close()
    return path if _is_large(path) else None


def _is_large(path: Path) -> bool:
    size = path.stat().st_size
    click.echo(f"{path.name:36} {size:>8,} bytes")
    return size > LARGEST


def sign_in(page: Page, server: str, username: str, password: str) -> None:
    """Sign in as one of the demo county's accounts."""
    page.goto(f"{server}sign-in")
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_selector("html[data-mode]")


def grid_id(conn: Connection[Any], level: Level, name: str) -> int:
    """Return the grid of that level and name today. The demo county has it."""
    row = conn.execute(
        "SELECT grid_id FROM grid_version WHERE level = %s AND name = %s AND upper_inf(valid)"
        " ORDER BY code LIMIT 1",
        [level, name],
    ).fetchone()
    if row is None:
        sys.exit(f"The demo county has no {level} {name} any more: choose another in PICTURES.")
    return row[0]


def settle(page: Page) -> None:
    """Wait until map and panel are there and nothing more is on its way."""
    page.wait_for_selector("html[data-painted]", state="attached", timeout=60_000)
    page.wait_for_selector("#panel-body:not([aria-busy]) .sheet", timeout=30_000)
    page.wait_for_load_state("networkidle")
    # Tiles that have come are still to be drawn.
    page.wait_for_timeout(900)


def shot(page: Page) -> bytes:
    """Return what the page shows as WebP, which Playwright itself does not write."""
    session = page.context.new_cdp_session(page)
    answer = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(answer["data"])


if __name__ == "__main__":
    main()
