"""The map of services in Chromium: from the change of kind, classes or level until it is painted.

The demo county, at a desk, with the county in view (towns), closer (communities) and close up
(compounds). A kind is chosen whose tiles the browser has not seen; classes are other colours for
the same tiles. Every time is from the reader's act until all tiles in view are painted and the next
frame is on the screen.

Run: .venv/bin/python -m scripts.bench.coverage_map
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping

import click
from playwright.sync_api import Browser, Page, sync_playwright

from scripts import serve
from scripts.bench.page import CHROMIUM
from scripts.bench.table import Row, show
from scripts.pictures import demo_county

TARGET_MS = 300
# After a change, until the list has followed too.
REST_MS = 700
# What is drawn, and a view of the demo county in which it is.
VIEWS: Mapping[str, str] = {
    "towns": "z=10.8&lat=31.424&lon=116.319",
    "communities": "z=12&lat=31.41&lon=116.33",
    "compounds": "z=14&lat=31.41&lon=116.33",
}
# Chosen one after another: from each to the next is one change.
CLASSES = ("quantile", "own", "equal")

# Resolves to the milliseconds from an act until the page says that the map is painted.
TIMED = """async ([act, what]) => {
  const marks = () => performance.getEntriesByName("map-painted").length;
  const acts = {
    kind: () => document.querySelector(`#kind-${what}`).click(),
    classes: () => {
      const select = document.querySelector("#classes");
      select.value = what;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    },
    level: () => document.querySelector(`[data-do="${what}"]`).click(),
  };
  const before = marks();
  const begin = performance.now();
  acts[act]();
  while (marks() === before) await new Promise((wait) => setTimeout(wait, 1));
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  return performance.now() - begin;
}"""


@click.command()
@click.option("--rounds", default=7, show_default=True)
@click.option("--chromium", default="/usr/bin/chromium", show_default=True)
def main(rounds: int, chromium: str) -> None:
    """Measure and print the table."""
    with (
        demo_county() as (url, _),
        serve.listen("127.0.0.1", 0) as listener,
        serve.Server(url, listener) as server,
        sync_playwright() as tools,
    ):
        server.wait_until_ready()
        browser = tools.chromium.launch(executable_path=chromium, args=CHROMIUM)
        try:
            rows = [row for part in measure(browser, server.url, rounds) for row in part]
        finally:
            browser.close()
    show("The map of services, from a change until it is painted (median; slowest)", rows)


def measure(browser: Browser, url: str, rounds: int) -> Iterator[list[Row]]:
    """Measure every change in every view."""
    for drawn, place in VIEWS.items():
        page = open_page(browser, f"{url}?mode=coverage&kind=clinic&lang=en&{place}")
        kinds = page.locator(".kinds input").evaluate_all("all => all.map(({ value }) => value)")
        unseen = [kind for kind in kinds if kind not in ("clinic", "worst")]
        yield [
            row(f"another kind, {drawn}", [timed(page, "kind", kind) for kind in unseen[:rounds]]),
            row(f"the worst of all, {drawn}", worst(page, rounds)),
            *(
                row(f"classes: {classes}, {drawn}", times)
                for classes, times in repaint(page, rounds).items()
            ),
        ]
        page.context.close()
    yield [
        row("towns to communities, one zoom in", zoom_in(browser, url, 11, rounds)),
        row("communities to compounds, one zoom in", zoom_in(browser, url, 13, rounds)),
    ]


def worst(page: Page, rounds: int) -> list[float]:
    """Change to the worst of all and back; the time there."""
    times: list[float] = []
    for _ in range(rounds):
        times.append(timed(page, "kind", "worst"))
        timed(page, "kind", "clinic")
    return times


def repaint(page: Page, rounds: int) -> dict[str, list[float]]:
    """Change from classes to classes. Raises AssertionError if a tile is asked for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    times: dict[str, list[float]] = {classes: [] for classes in CLASSES}
    for _ in range(rounds):
        for classes in CLASSES:
            times[classes].append(timed(page, "classes", classes))
    assert not [url for url in asked if ".mvt" in url], "classes asked for tiles"
    return times


def zoom_in(browser: Browser, url: str, zoom: int, rounds: int) -> list[float]:
    """Zoom in by one, each time in a page of its own, without the animation before it."""
    times: list[float] = []
    for _ in range(rounds):
        address = f"{url}?mode=coverage&kind=clinic&lang=en&z={zoom}&lat=31.41&lon=116.33"
        page = open_page(browser, address)
        times.append(timed(page, "level", "zoom-in"))
        page.context.close()
    return times


def open_page(browser: Browser, address: str) -> Page:
    """Open an address and wait until the map is painted and the panel filled."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-painted] #panel-body:not([aria-busy]) #classes")
    page.wait_for_timeout(REST_MS)
    return page


def timed(page: Page, act: str, what: str) -> float:
    """Return the milliseconds of one change, and leave the page at rest."""
    taken = page.evaluate(TIMED, [act, what])
    page.wait_for_selector("#panel-body:not([aria-busy]) #classes")
    page.wait_for_timeout(REST_MS)
    return taken


def row(what: str, times: list[float]) -> Row:
    """Return the row of a change."""
    median = statistics.median(times)
    return Row(
        what,
        f"{median:.0f} ms; {max(times):.0f} ms",
        f"<= {TARGET_MS} ms",
        median <= TARGET_MS,
    )


if __name__ == "__main__":
    main()
