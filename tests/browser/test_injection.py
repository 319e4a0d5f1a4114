"""No text that a county stores or an address carries becomes markup, and none of it runs.

Every text of the county is a payload (tests/planted.py); every view is opened in a real browser,
signed in, in both languages. The last test takes the defences away and sees the watch turn red.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import pytest
from county import compute_figures
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, Route, expect
from werkzeug.serving import make_server

from geodata.database import clock
from geodata.database import connecting as db
from scripts import serve
from tests.browser.watching import wait_for_idle
from tests.conftest import _database
from tests.payloads import IS_THOROUGH, SCRIPTS
from tests.planted import PASSWORD, USERNAME, Planted, name_all, plant
from webmap import create_app

MODES = ("territory", "responsibility", "issues", "coverage")
LANGUAGES = ("zh", "en")
# A picture of one pixel, for the base map's host.
_PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
_PROBE = """() => [...document.querySelectorAll("*")].filter((e) =>
  e.classList.contains("xss") || e.matches("[data-becomes*=trap], base, object, embed, iframe")
  || [...e.attributes].some(({ name, value }) =>
    /^(data-)?hx-(get|on)|^on/i.test(name)
    || /^(href|src|action|formaction|xlink:href|data)$/.test(name)
      && /^[\\0-\\x20]*(javascript|data:text)/i.test(value))
).map((e) => e.outerHTML.slice(0, 200))"""


@dataclass
class Watch:
    """What must not happen while a page is open."""

    host: str
    ran: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    violated: list[str] = field(default_factory=list)
    markup: list[str] = field(default_factory=list)
    views: int = 0

    def follow(self, page: Page) -> None:
        """Listen to a page from its first byte on."""
        page.expose_function("xss", lambda n=None: self.ran.append(f"xss({n})"))
        page.expose_function("violated", lambda text: self.violated.append(text))
        page.add_init_script(
            """document.addEventListener("securitypolicyviolation", (event) =>
                 violated(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
               window.print = () => dispatchEvent(new Event("afterprint"));"""
        )
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.ran.append(f"error: {error}"))
        page.route("https://base.invalid/**", self._tile)

    def _dialog(self, dialog: Dialog) -> None:
        self.ran.append(dialog.message)
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        own = request.url.startswith((self.host, "data:", "blob:", "https://base.invalid/"))
        # An address that carries a payload is asked for under its own name.
        path = request.url.removeprefix(self.host).split("?")[0]
        if not own or path.startswith("/trap/"):
            self.asked.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.violated.append(message.text)

    @staticmethod
    def _tile(route: Route) -> None:
        route.fulfill(status=200, body=_PIXEL, content_type="image/gif")

    def look(self, page: Page) -> None:
        """Note elements and attributes that only a payload could have made."""
        self.views += 1
        self.markup += [f"{page.url}: {found}" for found in page.evaluate(_PROBE)]

    def check(self) -> None:
        assert self.ran == []
        assert self.asked == []
        assert self.violated == []
        assert self.markup == []
        assert self.views > 0


@dataclass(frozen=True)
class Site:
    host: str
    url: str
    home: Path
    planted: Planted


@pytest.fixture(scope="module")
def hostile_url(cluster: object, template: str) -> Iterator[tuple[str, Planted]]:
    with _database(cluster, template, "hostile") as url:  # type: ignore[arg-type]
        with db.connect(url) as conn:
            planted = plant(conn, SCRIPTS)
            compute_figures(conn, clock.today())
        with db.connect(url) as conn:
            conn.autocommit = True
            conn.execute("VACUUM ANALYZE")
        yield url, planted


@pytest.fixture(scope="module")
def site(
    hostile_url: tuple[str, Planted], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A real server on the planted county, with a base map of a service."""
    home = tmp_path_factory.mktemp("home")
    _write_basemap(home, SCRIPTS[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDMAP_HOME", str(home))
        with (
            serve.listen("127.0.0.1", 0) as listener,
            serve.Server(hostile_url[0], listener) as server,
        ):
            server.wait_until_ready()
            yield Site(server.url.rstrip("/"), hostile_url[0], home, hostile_url[1])


def _write_basemap(home: Path, attribution: str) -> None:
    values = {"attribution": attribution, "url": "https://base.invalid/{z}/{x}/{y}.png"}
    lines = ['kind = "xyz"', *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    (home / "basemap.toml").write_text("\n".join(lines), "utf-8")


# Where payloads take turns, every so manieth is tried; GRIDMAP_ATTACKS=all tries more.
THIN = 1 if IS_THOROUGH else 3


@pytest.fixture(scope="module")
def state(browser: Browser, site: Site) -> object:
    """The cookies of the county official, signed in by the form."""
    with browser.new_context() as context:
        sign_in(context.new_page(), site.host)
        return context.storage_state()


def sign_in(page: Page, host: str) -> None:
    page.goto(f"{host}/sign-in")
    page.fill("[name=username]", USERNAME)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    # On the map, wherever the account is at home.
    page.wait_for_selector("html[data-mode]")


@pytest.fixture
def page(browser: Browser, state: object) -> Iterator[Page]:
    with browser.new_context(
        storage_state=state,  # type: ignore[arg-type]
        viewport={"width": 1440, "height": 900},
    ) as context:
        yield context.new_page()


@pytest.fixture
def watch(page: Page, site: Site) -> Watch:
    watch = Watch(site.host)
    watch.follow(page)
    return watch


def show(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-painted]")
    arrived(page)


def arrived(page: Page) -> None:
    expect(page.locator("#panel-body:not([aria-busy]) .sheet")).to_be_visible()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("mode", MODES)
def test_views_of_the_map(page: Page, site: Site, watch: Watch, mode: str, lang: str) -> None:
    show(page, f"{site.host}/?mode={mode}&lang={lang}")
    watch.look(page)
    # The names on the map, and the one that the pointer lights up.
    page.mouse.move(900, 450)
    expect(page.locator("#map_grid")).to_have_attribute("title", re.compile(r"\S"))
    grids = (site.planted.county, site.planted.towns[0], site.planted.compounds[0])
    for grid_id in grids:
        show(page, f"{site.host}/?mode={mode}&lang={lang}&grid={grid_id}")
        watch.look(page)
        page.locator("[data-do=print]").click()
        page.wait_for_selector("html:not(.paper)", state="attached")
        watch.look(page)
    if mode == "issues":
        show(page, f"{site.host}/?mode=issues&lang={lang}&grid={site.planted.county}&list=issues")
        assert page.locator(".items a").count() == 50
        watch.look(page)
    watch.check()


def test_panels_of_every_grid_and_every_issue(page: Page, site: Site, watch: Watch) -> None:
    planted = site.planted
    for index, grid_id in enumerate(planted.towns + planted.compounds[::3]):
        query = f"mode={MODES[index % 4]}&lang={LANGUAGES[index // 4 % 2]}"
        page.goto(f"{site.host}/panel/grid/{grid_id}?{query}")
        watch.look(page)
    for index, issue_id in enumerate(planted.issues):
        page.goto(f"{site.host}/panel/issue/{issue_id}?lang={LANGUAGES[index % 2]}")
        watch.look(page)
    for lang in LANGUAGES:
        page.goto(f"{site.host}/panel/here?lon=116.201&lat=31.431&lang={lang}")
        watch.look(page)
        page.goto(f"{site.host}/panel/grid/{planted.towns[0]}?on=2023-01-01&lang={lang}")
        watch.look(page)
    watch.check()


def test_titles_that_the_map_takes_over(page: Page, site: Site, watch: Watch) -> None:
    """Panels opened one after the other on the page: title, path, selection, legend, back."""
    show(page, f"{site.host}/?mode=issues&list=issues&grid={site.planted.county}")
    titles: list[str] = []
    for index in range(0, 50, 7):
        link = page.locator(".items a").nth(index)
        title = link.locator("strong").inner_text()
        link.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.locator(".steps")).to_be_visible()
        titles.append(page.title())
        watch.look(page)
        page.locator(".back a").click()
        expect(page.locator(".items a").first).to_be_visible()
    assert any("<script" in title for title in titles)
    for kind in range(0, len(SCRIPTS), 12):
        show(page, f"{site.host}/?mode=coverage&kind=kind_{kind}")
        expect(page.locator(".legend-body")).to_contain_text(" ".join(SCRIPTS[kind].split()))
        watch.look(page)
    watch.check()


def test_contacts(page: Page, site: Site, watch: Watch) -> None:
    show(page, f"{site.host}/?grid={site.planted.towns[0]}")
    buttons = page.locator(".show-contact")
    assert buttons.count() == len(SCRIPTS)
    for left in range(len(SCRIPTS), 0, -1):
        buttons.first.click()
        expect(buttons).to_have_count(left - 1)
    assert page.locator(".contact").count() == len(SCRIPTS)
    watch.look(page)
    for issue_id in site.planted.issues[::12]:
        show(page, f"{site.host}/?mode=issues&issue={issue_id}")
        page.locator(".show-contact").click()
        expect(page.locator(".contact")).to_be_visible()
        watch.look(page)
    watch.check()


def bring_news(page: Page) -> None:
    """Let the page hear that the map has changed since it was opened."""

    def other_tiles(route: Route) -> None:
        answer = route.fetch()
        data = answer.json()
        route.fulfill(response=answer, json={**data, "tiles": [f"{data['tiles'][0]}?news=1"]})

    page.route("**/tiles/grids.json*", other_tiles)
    with page.expect_request(lambda request: "news=1" in request.url):
        page.evaluate("dispatchEvent(new Event('focus'))")


def test_a_number_that_is_being_read_is_not_taken_away_by_news(page: Page, site: Site) -> None:
    show(page, f"{site.host}/?grid={site.planted.towns[0]}")
    page.locator(".show-contact").first.click()
    expect(page.locator(".contact")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    bring_news(page)
    wait_for_idle(page)
    assert not [url for url in asked if "/panel/" in url]
    assert page.locator(".contact").count() == 1


def test_nor_by_news_that_were_on_their_way(page: Page, site: Site) -> None:
    held: list[Route] = []
    show(page, f"{site.host}/?grid={site.planted.towns[0]}")
    page.route("**/panel/grid/*", lambda route: held.append(route))
    with page.expect_request("**/panel/grid/*"):
        bring_news(page)
    page.locator(".show-contact").first.click()
    expect(page.locator(".contact")).to_be_visible()
    with page.expect_event("requestfinished", lambda request: "/panel/grid/" in request.url):
        held[0].continue_()
    wait_for_idle(page)
    assert page.locator(".contact").count() == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_search_for_every_payload(page: Page, site: Site, watch: Watch, lang: str) -> None:
    show(page, f"{site.host}/?lang={lang}")
    hits = 0
    # Every payload once, half of them in each language.
    for text in SCRIPTS[LANGUAGES.index(lang) :: 2]:
        with page.expect_response(lambda answer: "/panel/search" in answer.url):
            page.fill("#search", text)
        expect(page.locator("#hits :is([role=option], .hits-none)").first).to_be_visible()
        hits += page.locator("#hits [role=option]").count()
        watch.look(page)
    assert hits > len(SCRIPTS) // 4
    watch.check()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_of_the_account_the_county_and_the_base_map(
    page: Page, site: Site, watch: Watch, lang: str
) -> None:
    with psycopg.connect(site.url, autocommit=True) as conn:
        for index, text in enumerate(SCRIPTS[LANGUAGES.index(lang) :: 2]):
            name_all(conn, site.planted, text)
            _write_basemap(site.home, text)
            page.goto(f"{site.host}/account?lang={lang}", wait_until="domcontentloaded")
            watch.look(page)
            if index % 2:
                continue
            if index % 8 == 0:
                show(page, f"{site.host}/?lang={lang}")
                expect(page.locator(".attribution")).to_have_text(" ".join(text.split()))
            else:
                page.goto(f"{site.host}/?lang={lang}", wait_until="domcontentloaded")
            assert page.locator("#panel").count() == 1
            watch.look(page)
            page.goto(f"{site.host}/panel/home?lang={lang}", wait_until="domcontentloaded")
            watch.look(page)
        conn.execute(
            "UPDATE account SET username = %s WHERE account_id = %s",
            [USERNAME, site.planted.account_id],
        )
    # The names of kinds are a county's own.
    pages = ("/account/password", "/rights", "/accounts", "/audit", "/accounts?q=x")
    for path in (*pages, "/standards", "/standards/kind_0", "/standards/kind_1/change"):
        page.goto(f"{site.host}{path}")
        watch.look(page)
    watch.check()


# What an address may say, each place that puts it into a page.
ADDRESSES = (
    "/panel/home?mode={p}",
    "/panel/home?on={p}",
    "/panel/home?mode=issues&category={p}",
    "/panel/home?mode=issues&state={p}",
    "/panel/home?mode=issues&age={p}",
    "/panel/home?mode=coverage&kind={p}",
    "/panel/home?kind={p}&state={p}&category={p}&age={p}&lang={p}&list={p}&page={p}",
    "/panel/here?lon=116.201&lat=31.431&level={p}&kind={p}&category={p}",
    "/panel/here?lon={p}&lat={p}",
    "/panel/search?q={p}",
    "/panel/issue/{issue}?grid={p}&list={p}&page={p}&kind={p}",
    "/panel/grid/{town}/issues?mode=issues&page={p}&kind={p}",
    "/panel/grid/{town}?on=2023-01-01&kind={p}&mode={p}",
    "/rights?lang={p}&{p}={p}",
    "/account?{p}={p}",
    "/nowhere/{p}?{p}",
    "/panel/{p}",
    "/tiles/{p}.json?on={p}",
    "/api/search?q=x&on={p}",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_an_address_says(page: Page, site: Site, watch: Watch, address: str) -> None:
    # Some of the payloads at each address, others at the next: they escape alike.
    step = 3 * THIN
    for index, text in enumerate(SCRIPTS[ADDRESSES.index(address) % step :: step]):
        path = address.format(
            p=quote(text, safe=""), issue=site.planted.issues[0], town=site.planted.towns[0]
        )
        lang = f"{'&' if '?' in path else '?'}lang={LANGUAGES[index % 2]}"
        page.goto(site.host + path + ("" if "lang=" in path else lang))
        watch.look(page)
    watch.check()


def test_what_the_address_of_the_map_says(page: Page, site: Site, watch: Watch) -> None:
    names = ("mode", "on", "kind", "state", "category", "age", "closed", "grid", "issue", "list",
             "page", "q", "z", "lat", "lon", "next")  # fmt: skip
    for index, text in enumerate(SCRIPTS[:: 3 * THIN]):
        query = urlencode({**dict.fromkeys(names, text), "lang": LANGUAGES[index % 2]})
        page.goto(f"{site.host}/?{query}#{quote(text)}", wait_until="domcontentloaded")
        expect(page.locator("#panel-body .sheet")).to_be_visible()
        watch.look(page)
    watch.check()


def test_sign_in_with_errors(browser: Browser, site: Site) -> None:
    watch = Watch(site.host)
    with browser.new_context() as context:
        page = context.new_page()
        watch.follow(page)
        for index, text in enumerate(SCRIPTS[1 :: 3 * THIN]):
            query = urlencode({"next": text, "lang": LANGUAGES[index % 2]})
            page.goto(f"{site.host}/sign-in?{query}")
            assert page.locator("[name=next]").get_attribute("value") == "/"
            query = urlencode({"next": f"/{text}", "lang": LANGUAGES[index % 2]})
            page.goto(f"{site.host}/sign-in?{query}")
            watch.look(page)
            page.fill("[name=username]", text)
            page.fill("[name=password]", text or "x")
            page.click("main button[type=submit]")
            expect(page.get_by_role("alert")).to_be_visible()
            watch.look(page)
    watch.check()


@pytest.mark.parametrize(("escapes", "has_policy"), [(False, True), (False, False)])
def test_the_watch_turns_red_without_the_defences(
    browser: Browser, site: Site, escapes: bool, has_policy: bool
) -> None:
    """Without escaping the policy still holds what would run; without both it runs."""
    app = create_app({"DATABASE_URL": site.url, "HOME": site.home})
    app.jinja_env.autoescape = escapes
    if not has_policy:

        @app.after_request
        def without_policy(response: object) -> object:
            response.headers.pop("Content-Security-Policy", None)  # type: ignore[attr-defined]
            return response

        # Functions after a request run last first.
        functions = app.after_request_funcs[None]
        functions.insert(0, functions.pop())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    watch = Watch(f"http://127.0.0.1:{server.server_port}")
    try:
        with browser.new_context() as context:
            page = context.new_page()
            watch.follow(page)
            for text in SCRIPTS[:6]:
                query = urlencode({"mode": text})
                page.goto(f"{watch.host}/panel/home?{query}")
                watch.look(page)
    finally:
        server.shutdown()
        server.server_close()
        if pool := app.extensions.get("gridmap_pool"):
            pool.close()
    assert watch.markup
    assert watch.asked or watch.violated
    assert bool(watch.ran) is not has_policy
    assert bool(watch.violated) is has_policy
