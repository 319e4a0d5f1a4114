"""Every address of the map with what can be asked there: own ids, foreign ones, ones that are not.

The table is held to ``app.url_map`` by test_leaks.py: who adds a route says here how it is asked,
and all that is tested there holds for it.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import mapbox_vector_tile
from flask import Flask
from flask.testing import FlaskClient
from watched import Person, Watched
from werkzeug.test import TestResponse

from geodata import spreadsheets
from webmap.coverage import reports

NO_ISSUE, NO_MEMBER, NO_GRID = 779999, 669999, 999999
NO_DIGEST = "ab" * 32
NO_ACCOUNT = 559999
NO_PLAN = 889999
NO_SCENARIO = 229999
NO_JOB = 119999
NO_ALERT, NO_NOTIFICATION = 449999, 339999
MODES = ("territory", "responsibility", "issues", "coverage")


@dataclass(frozen=True)
class Ask:
    """One request. ``about`` is the id in it; ``is_missing`` says that there is nothing of it.

    ``body`` is sent as JSON, with the plan's ``revision`` that was seen.
    """

    path: str
    form: Mapping[str, str] | None = None
    about: str = ""
    is_missing: bool = False
    body: object = None
    revision: str = ""
    verb: str = ""

    @property
    def method(self) -> str:
        return self.verb or ("GET" if self.form is None and self.body is None else "POST")


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: str

    @property
    def everything(self) -> str:
        return f"{self.headers}\n{self.text}"


Asks = Callable[[Watched], Iterable[Ask]]


def _issues(it: Watched, path: str, form: Mapping[str, str] | None = None) -> Iterable[Ask]:
    for issue in it.issues:
        yield Ask(path.format(issue.issue_id), form, str(issue.issue_id))
    yield Ask(path.format(NO_ISSUE), form, str(NO_ISSUE), is_missing=True)


def _grids(it: Watched, path: str) -> Iterable[Ask]:
    county = it.county
    for grid in (county.county, *county.towns, *county.communities, *county.compounds):
        yield Ask(path.format(grid))
    yield Ask(path.format(NO_GRID))


def _spots(it: Watched, path: str) -> Iterable[Ask]:
    for issue in it.issues[1:12:3]:
        yield Ask(path.format(lon=issue.lon, lat=issue.lat))
    yield Ask(path.format(lon=0, lat=0))
    yield Ask(path.format(lon="x", lat=0))


def _words(it: Watched, path: str) -> Iterable[Ask]:
    # What is looked for is named in the answer, so of each mark only a part is asked.
    for word in ("title-", "called-", "000333", "7700", "某", ""):
        yield Ask(path.format(word))


def _members(it: Watched) -> Iterable[Ask]:
    for member in it.members:
        yield Ask(f"/panel/member/{member.member_id}/contact", {}, str(member.member_id))
    yield Ask(f"/panel/member/{NO_MEMBER}/contact", {}, str(NO_MEMBER), is_missing=True)


def _own_sessions(it: Watched) -> Iterable[Ask]:
    # One's own is ended by another test; here it would end the asking.
    yield Ask(f"/account/sessions/{NO_DIGEST}/end", {}, NO_DIGEST, is_missing=True)
    yield Ask("/account/sessions/x/end", {})


def _accounts(it: Watched) -> Iterable[Ask]:
    for person in it.people:
        if person.account_id:
            yield Ask(f"/accounts/{person.account_id}")
    yield Ask(f"/accounts/{NO_ACCOUNT}", is_missing=True)


def _nobody(what: str) -> list[Ask]:
    return [Ask(f"/accounts/{NO_ACCOUNT}/{what}", {}, is_missing=True)]


def _tiles(name: str) -> Asks:
    def asks(it: Watched) -> Iterable[Ask]:
        seen = set()
        for z in (0, 11, 14):
            for issue in it.issues:
                x, y = tile_of(issue.lon, issue.lat, z)
                if (z, x, y) not in seen:
                    seen.add((z, x, y))
                    yield Ask(f"/tiles/{name}/1/{z}/{x}/{y}.mvt?state=all")
        yield Ask(f"/tiles/{name}/1/99/0/0.mvt")
        yield Ask(f"/tiles/{name}/1/3/0/0.mvt?on=1066-01-01")

    return asks


def _other_tiles(it: Watched) -> Iterable[Ask]:
    for name in ("grids", "members", "coverage", "changes"):
        yield from list(_tiles(name)(it))[::7]
    yield Ask("/tiles/nothing/1/0/0/0.mvt")


def _reports(ending: str, query: str = "") -> Asks:
    def asks(it: Watched) -> Iterable[Ask]:
        path = f"/reports/coverage.{ending}?{query}"
        yield Ask(f"{path}&grid={it.county.communities[0]}")
        yield Ask(f"{path}&grid={it.county.compounds[0]}")
        yield Ask(f"{path}&grid={NO_GRID}", None, str(NO_GRID), is_missing=True)
        yield Ask(f"{path}&kind=x")
        yield Ask(f"{path}&on=1066-01-01")

    return asks


def _plans(what: str = "", **more: Any) -> Asks:
    """The plan that is there, and one that is not; what would change it comes too late."""

    def asks(it: Watched) -> Iterable[Ask]:
        for number in (it.plan, NO_PLAN):
            path = f"/api/plans/{number}{what.format(county=it.county.towns[0])}"
            yield Ask(path, None, str(number), is_missing=number == NO_PLAN, **more)

    return asks


def _scenarios(what: str = "", **more: Any) -> Asks:
    """The scenario that is there, which is somebody else's to all but one, and one that is not."""

    def asks(it: Watched) -> Iterable[Ask]:
        for number in (it.scenario, NO_SCENARIO):
            path = f"/api/scenarios/{number}{what}"
            yield Ask(path, None, str(number), is_missing=number == NO_SCENARIO, **more)

    return asks


ROUTES: dict[str, Asks] = {
    "static_file": lambda it: [Ask("/static/x/js/gridmap.js"), Ask("/static/x/none.js")],
    "health.alive": lambda it: [Ask("/healthz")],
    "health.ready": lambda it: [Ask("/readyz")],
    "basemap.file": lambda it: [Ask("/basemap.pmtiles"), Ask("/basemap/0.pmtiles")],
    "tiles.tilejson": lambda it: [
        *(Ask(f"/tiles/{name}.json") for name in ("grids", "members", "coverage", "nothing")),
        Ask("/tiles/coverage.json?kind=clinic"),
        Ask("/tiles/coverage.json?kind=worst&classes=quantile"),
        Ask("/tiles/changes.json?versus=2020-01-01"),
    ],
    "tiles.tile": _other_tiles,
    "tiles.own_tilejson": lambda it: [
        Ask("/tiles/issues.json"),
        Ask("/tiles/issues.json?state=all"),
        Ask("/tiles/issues.json?state=maybe"),
    ],
    "tiles.own_tile": _tiles("issues"),
    "api.grid": lambda it: [*_grids(it, "/api/grids/{}")][::5],
    "api.shape": lambda it: [*_grids(it, "/api/grids/{}/shape")][::5],
    "api.here": lambda it: _spots(it, "/api/here?lon={lon}&lat={lat}"),
    "api.search": lambda it: _words(it, "/api/search?q={}"),
    "services.coverage": lambda it: [
        Ask("/api/coverage"),
        Ask("/api/coverage?kind=clinic&level=compound"),
        Ask(f"/api/coverage?grid={it.county.towns[0]}&on=2026-03-01"),
        Ask(f"/api/coverage?grid={NO_GRID}"),
        Ask("/api/coverage?level=nothing"),
    ],
    "services.standards": lambda it: [Ask("/api/standards"), Ask("/api/standards?on=x")],
    "coverage.buildings": lambda it: [
        *list(_grids(it, "/api/coverage/buildings?kind=clinic&grid={}"))[::5],
        Ask("/api/coverage/buildings?kind=clinic"),
        Ask(f"/api/coverage/buildings?kind=grid_worker&grid={it.county.towns[0]}"),
    ],
    "coverage.gaps": lambda it: [
        *list(_grids(it, "/api/coverage/gaps?kind=clinic&grid={}"))[::5],
        Ask(f"/api/coverage/gaps?kind=grid_worker&download=1&grid={it.county.towns[0]}"),
        Ask("/api/coverage/gaps?kind=clinic&grid=x"),
    ],
    "coverage.area": lambda it: [
        Ask("/api/coverage/facilities/1/area"),
        Ask(f"/api/coverage/facilities/{NO_GRID}/area"),
    ],
    "changes.find": lambda it: [
        Ask("/api/changes?on=2026-01-01&versus=2020-01-01"),
        Ask(f"/api/changes?on=2026-01-01&versus=2020-01-01&grid={it.county.towns[0]}&page=2"),
        Ask("/api/changes"),
    ],
    "changes.days": lambda it: [
        Ask("/api/changes/days"),
        Ask(f"/api/changes/days?grid={it.county.towns[0]}"),
        Ask("/api/changes/days?grid=x"),
    ],
    "plans.listing": lambda it: [Ask("/api/plans"), Ask("/api/plans?archived=true")],
    "plans.create": lambda it: [Ask("/api/plans", body={"title": ""})],
    "plans.show": _plans(),
    "plans.change": _plans(verb="PATCH", body={"title": "x"}, revision='"999"'),
    "plans.ground": _plans("/ground?grid={county}"),
    "plans.buildings": _plans("/buildings?grid={county}"),
    "plans.faults": _plans("/faults"),
    "plans.show_consequences": _plans("/consequences"),
    "plans.do": _plans("/steps", body={"do": "rename", "grid": 1, "name": "x"}, revision='"999"'),
    "plans.undo": _plans("/undo", body={}, revision='"999"'),
    "plans.redo": _plans("/redo", body={}, revision='"999"'),
    "plans.rebase": _plans("/rebase", body={}, revision='"999"'),
    "plans.copy": _plans("/copy", body={"title": ""}),
    "plans.oppose": _plans("/opposite", body={"title": ""}),
    "plans.advance": _plans("/state", body={"do": "submit"}, revision='"999"'),
    "references.listing": _plans("/references"),
    "references.add": _plans("/references?name=x.geojson", body={}),
    "references.around": _plans("/references/around?box=116,31,117,32&zoom=14"),
    "references.rename": _plans("/references/99", verb="PATCH", body={"name": "x"}),
    "references.remove": _plans("/references/99", verb="DELETE", body={}),
    "scenarios.listing": lambda it: [Ask("/api/scenarios")],
    "scenarios.create": lambda it: [Ask("/api/scenarios", body={"name": ""})],
    "scenarios.show": _scenarios("?kind=clinic"),
    "scenarios.change": _scenarios(verb="PATCH", body={"name": ""}, revision='"999"'),
    "scenarios.copy": _scenarios("/copy", body={"name": ""}),
    "scenarios.add": _scenarios(
        "/changes", body={"what": "close", "facility": 1}, revision='"999"'
    ),
    "scenarios.take_out": _scenarios(
        "/changes/99", verb="PATCH", body={"out": True}, revision='"999"'
    ),
    "scenarios.near": _scenarios("/near", body={"kind": "clinic", "lon": 116.3, "lat": 31.4}),
    "scenarios.search": _scenarios(
        "/search", body={"kind": "clinic", "ask": "most"}, revision='"999"'
    ),
    "scenario_panel.listing": lambda it: [Ask("/panel/scenarios")],
    "scenario_panel.scenario": lambda it: [
        Ask(
            f"/panel/scenarios/{number}{query}", None, str(number), is_missing=number == NO_SCENARIO
        )
        for number in (it.scenario, NO_SCENARIO)
        for query in ("", f"?kind=clinic&grid={it.county.towns[0]}")
    ],
    "drafting.listing": lambda it: [Ask("/panel/plans")],
    "drafting.plan": lambda it: [
        Ask(f"/panel/plans/{number}{query}", None, str(number), is_missing=number == NO_PLAN)
        for number in (it.plan, NO_PLAN)
        for query in ("", f"?grid={it.county.towns[0]}")
    ],
    "papers.plan_consequences": lambda it: [
        Ask(f"/plans/{number}/consequences.pdf", None, str(number), is_missing=number == NO_PLAN)
        for number in (it.plan, NO_PLAN)
    ],
    "reports.coverage_pdf": _reports("pdf"),
    "reports.coverage_xlsx": _reports("xlsx"),
    "reports.coverage_gpkg": _reports("gpkg"),
    "reports.coverage_svg": _reports("svg", "kind=grid_worker"),
    "scenario_paper.show": lambda it: [
        Ask(
            f"/reports/scenario.pdf?scenario={number}{query}",
            None,
            str(number),
            is_missing=number == NO_SCENARIO,
        )
        for number in (it.scenario, NO_SCENARIO)
        for query in ("", f"&grid={it.county.towns[0]}")
    ],
    "plans.accept": _plans("/accepted", body={"fault": "0" * 16}, revision='"999"'),
    "openapi.spec": lambda it: [Ask("/api/openapi.json")],
    "standards.index": lambda it: [Ask("/standards"), Ask("/standards?lang=en")],
    "standards.show": lambda it: [Ask("/standards/clinic"), Ask("/standards/none")],
    # With an effect: of a kind that is not there, or with nothing to do.
    "standards.new": lambda it: [Ask("/standards/new"), Ask("/standards/new", {"name_en": "x"})],
    "standards.change": lambda it: [
        Ask("/standards/clinic/change"),
        Ask("/standards/clinic/change", {"do": "save", "since": "x"}),
    ],
    "standards.withdraw": lambda it: [Ask("/standards/clinic/withdraw", {"on": "x"})],
    "standards.undo": lambda it: [Ask("/standards/clinic/undo", {"change": "0"})],
    "page.index": lambda it: [
        Ask("/"),
        Ask("/?mode=issues&lang=en"),
        Ask(f"/?issue={it.issues[0].issue_id}", about=str(it.issues[0].issue_id)),
    ],
    "panel.county": lambda it: [
        *(Ask(f"/panel/home?mode={mode}&state=all") for mode in MODES),
        Ask("/panel/home?mode=nothing"),
        Ask("/panel/home?mode=issues&category=rubbish"),
    ],
    "gaps.ranked": lambda it: [
        Ask("/panel/ranked?kind=clinic&level=compound&box=116,31,117,32"),
        Ask("/panel/ranked?kind=worst&beside=2025-06-01&page=99"),
        Ask("/panel/ranked?rank=county"),
    ],
    "panel.here": lambda it: _spots(it, "/panel/here?lon={lon}&lat={lat}&mode=issues"),
    "panel.grid": lambda it: [
        *_grids(it, "/panel/grid/{}?mode=issues"),
        *list(_grids(it, "/panel/grid/{}?mode=responsibility"))[::5],
    ],
    "panel.grid_issues": lambda it: [
        *list(_grids(it, "/panel/grid/{}/issues?state=all"))[::3],
        *list(_grids(it, "/panel/grid/{}/issues?state=overdue&category=rubbish&age=30&page=9"))[
            ::5
        ],
    ],
    "panel.issue": lambda it: [
        *_issues(it, "/panel/issue/{}"),
        Ask("/panel/issue/99999999999999999999"),
    ],
    "panel.reporter": lambda it: _issues(it, "/panel/issue/{}/reporter", {}),
    "panel.contact": _members,
    "panel.search": lambda it: _words(it, "/panel/search?q={}"),
    "why.facility": lambda it: [
        Ask("/panel/facility/1?mode=coverage"),
        Ask(f"/panel/facility/{NO_GRID}?mode=coverage"),
    ],
    "why.grid": lambda it: [
        *list(_grids(it, "/panel/grid/{}/why?mode=coverage&kind=clinic"))[::5],
        Ask(f"/panel/grid/{it.county.towns[0]}/why?mode=coverage&kind=grid_worker"),
        Ask(f"/panel/grid/{it.county.towns[0]}/why?kind=nothing"),
    ],
    "comparing.days": lambda it: [
        Ask("/panel/days"),
        Ask(f"/panel/days?grid={it.county.towns[0]}"),
        Ask(f"/panel/days?grid={NO_GRID}"),
    ],
    "comparing.listing": lambda it: [
        Ask("/panel/changes?versus=2020-01-01"),
        Ask(f"/panel/changes?versus=2020-01-01&grid={it.county.towns[0]}"),
        Ask("/panel/changes"),
    ],
    "sign_in.sign_in": lambda it: [Ask("/sign-in"), Ask("/sign-in?next=/account")],
    # Signing out and out of everything is for test_cross_site.py, lest the others ask as visitors.
    "sign_in.sign_out": lambda it: [],
    "sign_in.rights": lambda it: [Ask("/rights")],
    "account.show": lambda it: [Ask("/account")],
    "account.change_password": lambda it: [Ask("/account/password")],
    "account.end_session": _own_sessions,
    "account.end_all_sessions": lambda it: [],
    "sso.start": lambda it: [Ask("/sign-in/sso?next=/account")],
    "sso.callback": lambda it: [Ask("/sign-in/sso/callback?state=x&code=y")],
    "audit.listing": lambda it: [
        Ask("/audit"),
        Ask("/audit?username=x"),
        Ask("/audit?page=2"),
    ],
    "audit.export": lambda it: [Ask("/audit/export", {"form": "csv"})],
    "accounts.index": lambda it: [
        Ask("/accounts"),
        Ask("/accounts?q=called-"),
        Ask("/accounts?page=9"),
    ],
    "accounts.new": lambda it: [Ask("/accounts/new"), Ask("/accounts/new", {"username": "x"})],
    "accounts.show": _accounts,
    "account_roles.places": lambda it: [Ask("/accounts/places?role=town_official&q=W")],
    "jobs.show": lambda it: [Ask("/jobs")],
    "jobs.retry": lambda it: [Ask(f"/jobs/{NO_JOB}/retry", {})],
    "account_lists.show": lambda it: [Ask("/accounts/import"), Ask("/accounts/import", {})],
    "account_lists.template": lambda it: [Ask("/accounts/import/template")],
    "account_lists.passwords": lambda it: [Ask("/accounts/import/passwords", {})],
    "figures.show": lambda it: [
        Ask("/figures"),
        Ask("/figures?grid=x"),
        Ask(f"/figures?grid={NO_GRID}"),
        *(Ask(f"/figures?grid={grid}&kind=grid_worker") for grid in it.county.communities),
        Ask(f"/figures?grid={it.county.towns[0]}&versus=2025-06-01&sort=-share"),
    ],
    "figures.export": lambda it: [
        Ask("/figures/export.csv"),
        Ask(f"/figures/export.csv?grid={it.county.towns[1]}&kind=grid_worker"),
    ],
    "alerts.listing": lambda it: [Ask("/alerts")],
    "alerts.new": lambda it: [Ask("/alerts/new"), Ask("/alerts/new", {"level": "x"})],
    "alerts.edit": lambda it: [
        Ask(f"/alerts/{number}", form, str(number), is_missing=number == NO_ALERT)
        for number in (it.alert, NO_ALERT)
        for form in (None, {"level": "x"})
    ],
    "notifications.listing": lambda it: [
        Ask("/notifications"),
        Ask("/notifications?show=all"),
        Ask(
            f"/notifications?show=all&grid={it.county.towns[0]}&kind=building_lead&rule={it.alert}",
            about=str(it.alert),
        ),
        Ask("/notifications?grid=x"),
    ],
    # Marking is for test_notification_pages.py, lest the others ask about what is done.
    "notifications.mark": lambda it: [
        Ask(f"/notifications/{NO_NOTIFICATION}", {"state": "seen"}, is_missing=True),
        Ask("/notifications/1", {"state": "x"}),
    ],
    "notifications.mark_all": lambda it: [Ask("/notifications/seen", {"grid": str(NO_GRID)})],
    # With an effect: asked about nobody, so that the others are still there to ask.
    "accounts.disable": lambda it: _nobody("disable"),
    "accounts.enable": lambda it: _nobody("enable"),
    "accounts.password": lambda it: _nobody("password"),
    "accounts.end_sessions": lambda it: _nobody("sessions/end"),
    "account_roles.give_role": lambda it: _nobody("roles/new"),
    "account_roles.end_role": lambda it: _nobody("roles/1/end"),
}


def unlisted(app: Flask) -> set[str]:
    """The endpoints that the table does not know, and those that it knows and are not there."""
    return {rule.endpoint for rule in app.url_map.iter_rules()} ^ set(ROUTES)


class Reader:
    """A browser of one person, with real cookies and the forms' real token."""

    def __init__(self, app: Flask, person: Person) -> None:
        self.person = person
        self.client: FlaskClient = app.test_client()
        if person.token:
            with self.client.session_transaction() as session:
                session["token"] = person.token
        # The address of a form that everybody signed in may see; a visitor is led to another one.
        page = self.client.get("/account/password", follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found is not None
        self.csrf_token = found[1]

    def ask(self, ask: Ask, method: str = "") -> Answer:
        # No cookie of the language: each answer stands for itself.
        self.client.delete_cookie("lang")
        return read(
            self.client.open(
                ask.path,
                method=method or ask.method,
                data=ask.form,
                json=ask.body,
                headers={
                    "X-CSRFToken": self.csrf_token,
                    "Accept-Encoding": "gzip",
                    **({"If-Match": ask.revision} if ask.revision else {}),
                },
            )
        )


def _rows(geopackage: bytes) -> str:
    """All that a GeoPackage tells; the statements of its own triggers are not the server's."""
    with sqlite3.connect(":memory:") as file:
        file.deserialize(geopackage)
        names = [
            row[0] for row in file.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        ]
        told = [
            str(row)
            for name in sorted(names)
            if not name.startswith("rtree_")
            for row in file.execute(f'SELECT * FROM "{name}"')
        ]
    file.close()
    return "\n".join(told)


def read(response: TestResponse) -> Answer:
    """What an answer says, tiles decoded, without what is new in each: nonce, token, its number."""
    body = response.data
    # As a server does: a file that was sent is gone then.
    response.close()
    if response.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    if response.mimetype == "application/vnd.mapbox-vector-tile" and body:
        text = json.dumps(_ordered(mapbox_vector_tile.decode(body)), ensure_ascii=False)
    elif response.mimetype == reports.GEOPACKAGE and body:
        text = _rows(body)
    elif response.mimetype == spreadsheets.EXCEL and body:
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            text = "\n".join(book.read(name).decode() for name in sorted(book.namelist()))
    else:
        text = body.decode("utf-8", "replace")
    headers = dict(response.headers)
    number = headers.pop("X-Request-Id")
    policy = headers.get("Content-Security-Policy", "")
    for nonce in {number, *re.findall(r"'nonce-([^']+)'", policy)}:
        text = text.replace(nonce, "…")
        headers = {name: value.replace(nonce, "…") for name, value in headers.items()}
    text = re.sub(r'(csrf_token" value=|X-CSRFToken": )"[^"]+"', r'\1"…"', text)
    # The revision in a tile's address counts the changes of the county, and says no more than that.
    text = re.sub(r"/tiles/(\w+)/\d+/", r"/tiles/\1/…/", text)
    varying = ("Content-Length", "Date", "ETag", "Set-Cookie")
    kept = {k: v for k, v in headers.items() if k not in varying}
    cookie = re.sub(r"=[^;]+;", "=…;", headers.get("Set-Cookie", ""), count=1)
    # The next second it is another one.
    kept["Set-Cookie"] = re.sub(r"Expires=[^;]+", "Expires=…", cookie)
    return Answer(response.status_code, text, "\n".join(f"{k}: {v}" for k, v in kept.items()))


def _ordered(tile: dict[str, Any]) -> dict[str, Any]:
    return {
        name: sorted(
            [[f["properties"], f["geometry"]["coordinates"]] for f in layer["features"]], key=str
        )
        for name, layer in sorted(tile.items())
    }


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    # https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames
    n, phi = 2**z, math.radians(lat)
    return int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(phi)) / math.pi) / 2 * n)
