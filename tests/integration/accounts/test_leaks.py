"""Every address, asked by everybody, for everything: what comes back is theirs to see.

The county and its marks are in tests/watched.py, the addresses in tests/asking.py, and what
somebody may see in tests/marks.py.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from asking import NO_DIGEST, ROUTES, Answer, Ask, Reader, unlisted
from county import compute_figures
from marks import all_marks, foreign_to, held, may_call, seen_by, sees_issue
from watched import PAST_DAYS, Watched, add_issue, add_member, watch

from geodata.accounts import sessions
from geodata.database import clock
from geodata.database import connecting as db
from geodata.errors import SetupError
from webmap import create_app
from webmap.core import access, acting

# Told to nobody, wherever it comes from.
SECRETS = re.compile(r"argon2|Traceback|psycopg|SELECT |gridmap_(app|door|territory)|password_hash")

FOUR = ("visitor", "official", "unit", "auditor")


# The county, asked ------------------------------------------------------------------------------

Answers = dict[str, dict[str, list[tuple[Ask, Answer]]]]


@pytest.fixture(scope="module")
def watched(module_url) -> Watched:
    with db.connect(module_url) as conn:
        return watch(conn)


@pytest.fixture(scope="module")
def app(module_url, watched):
    """With one connection: a request that took a second one would wait for it in vain."""
    return create_app({"DATABASE_URL": module_url, "SECRET_KEY": "k" * 32, "POOL_SIZE": 1})


@pytest.fixture(scope="module")
def readers(app, watched) -> list[Reader]:
    return [Reader(app, person) for person in watched.people]


@pytest.fixture(scope="module")
def answers(app, watched, readers) -> Answers:
    """What everybody is answered at every address: by person, then by endpoint."""
    assert not unlisted(app)
    asked = {endpoint: list(asks(watched)) for endpoint, asks in ROUTES.items()}
    return {
        reader.person.name: {
            endpoint: [(ask, reader.ask(ask)) for ask in asks]
            for endpoint, asks in asked.items()
            # What never looks at the session is asked by four of them.
            if access.ACCESS[endpoint] != "public" or reader.person.name in FOUR
        }
        for reader in readers
    }


def found(marks: set[str], ask: Ask, answer: Answer) -> set[str]:
    """The marks in an answer; a number that was asked for is no news."""
    text = answer.everything
    if ask.about and answer.status >= 400:
        text = text.replace(ask.about, "…")
    # A redirect names what was asked for.
    if ask.about and 300 <= answer.status < 400:
        text = text.replace(ask.about, "…")
    return {mark for mark in marks if mark in text}


def test_nobody_is_shown_what_is_not_theirs(answers, watched):
    asked = 0
    for person in watched.people:
        for endpoint, each in answers[person.name].items():
            foreign = foreign_to(person, watched, endpoint)
            for ask, answer in each:
                asked += 1
                leaked = found(foreign, ask, answer)
                # The map's own address carries the issue that it is to open.
                if endpoint == "page.index":
                    leaked -= {ask.about}
                assert not leaked, f"{person.name} is shown {leaked} at {ask.method} {ask.path}"
                assert not SECRETS.search(answer.everything), (endpoint, ask.path)
    print(f"{len(ROUTES)} endpoints, {len(watched.people)} people, {asked} requests")
    assert asked > 2000


def test_no_request_holds_two_connections(answers):
    """Else as many at once as there are connections would each wait for another one, in vain."""
    late = {
        (name, endpoint)
        for name, each in answers.items()
        for endpoint, asked in each.items()
        if any(answer.status == 503 for _, answer in asked)
    }
    assert not late


def test_everybody_is_shown_what_is_theirs(answers, watched):
    """Else the test above would be content with a map that shows nothing."""
    for person in watched.people:
        shown = {
            mark
            for each in answers[person.name].values()
            for ask, answer in each
            if answer.status == 200
            for mark in found(all_marks(watched), Ask(ask.path), answer)
        }
        # No panel has a button for somebody without a duty; who may call them can all the same.
        without = {f"/panel/member/{m.member_id}/contact" for m in watched.members if not m.at}
        expected = seen_by(person, watched) - without
        assert expected <= shown, f"{person.name} misses {sorted(expected - shown)}"


def test_the_county_has_something_for_and_from_everybody(watched):
    """Reckoned by hand, so that the expectation itself can be wrong."""
    issues = {
        person.name: sum(sees_issue(person, issue) for issue in watched.issues)
        for person in watched.people
    }
    assert issues == {
        "visitor": 0, "leader": 1, "chief": 5, "keeper": 2, "staff": 3, "official": 7, "unit": 2,
        "planner": 16, "governor": 16, "auditor": 0, "admin": 0, "several": 10, "mixed": 16,
        "nobody": 0, "former": 0, "coming": 0, "disabled": 0, "fresh": 0,
    }  # fmt: skip
    numbers = {
        person.name: sum(may_call(person, member, watched.issues) for member in watched.members)
        for person in watched.people
    }
    # A compound has three, and three chiefs above it; and there is one's own number.
    assert numbers["leader"] == 3 + 3 + 1
    # Two for the community itself, one in each compound, the town's chief and the county's.
    assert numbers["staff"] == 2 + 2 + 2 + 1
    # The town's chief, four in the communities, eight in the compounds, the county's chief.
    assert numbers["official"] == 1 + 4 + 8 + 1 + 1
    # One of its own people, the four who lead where its open issue lies.
    assert numbers["unit"] == 1 + 4 + 1
    assert numbers["planner"] == len(watched.members)
    assert numbers["auditor"] == numbers["nobody"] == numbers["coming"] == 1
    assert numbers["visitor"] == numbers["disabled"] == numbers["fresh"] == 0
    # Who sees the whole county sees who reported only where that is their duty.
    reporters = {
        person.name: sum(sees_issue(person, issue, "see_reporters") for issue in watched.issues)
        for person in watched.people
    }
    assert (reporters["mixed"], reporters["planner"], reporters["keeper"]) == (7, 0, 0)


def test_forbidden_and_not_there_are_answered_alike(answers, watched):
    compared = 0
    for person in watched.people:
        may = {
            "panel.issue": {str(i.issue_id) for i in watched.issues if sees_issue(person, i)},
            "panel.reporter": {
                str(issue.issue_id)
                for issue in watched.issues
                if sees_issue(person, issue, "see_reporters")
            },
            "panel.contact": {
                str(member.member_id)
                for member in watched.members
                if may_call(person, member, watched.issues)
            },
        }
        for endpoint, own in may.items():
            each = [(ask, answer) for ask, answer in answers[person.name][endpoint] if ask.about]
            [missing] = [plain(ask, answer) for ask, answer in each if ask.is_missing]
            for ask, answer in each:
                if ask.about in own:
                    assert answer.status == 200, (person.name, ask.path)
                else:
                    assert plain(ask, answer) == missing, (person.name, ask.path)
                    compared += 1
    assert compared > 500


def plain(ask: Ask, answer: Answer) -> tuple[int, str]:
    """An answer without the number that was asked for."""
    return answer.status, answer.everything.replace(ask.about, "#")


def test_a_right_that_is_missing_looks_like_an_address_that_is_missing(answers, watched, readers):
    """For addresses that ask for a right (webmap/core/access.py)."""
    for reader in readers:
        for endpoint, each in answers[reader.person.name].items():
            wanted = access.ACCESS[endpoint]
            if wanted in ("public", "open", "signed_in") or held(reader.person, wanted):
                continue
            for ask, answer in each:
                if reader.person.sees_self:
                    nothing = reader.ask(Ask(f"{part_of(ask)}/nothing"))
                    expected = nothing.text.replace(f"{part_of(ask)}/nothing", ask.path)
                    assert (answer.status, answer.text) == (404, expected), (endpoint, ask.path)
                else:
                    assert answer.status in (302, 401, 403), (endpoint, ask.path)


def test_what_is_for_accounts_is_for_nobody_else(answers):
    """A visitor is asked to sign in, and is led back to where they wanted to go."""
    for name in ("visitor", "disabled"):
        for endpoint, each in answers[name].items():
            for ask, answer in each:
                if access.ACCESS[endpoint] not in ("public", "open"):
                    is_led = ask.method == "GET" and not part_of(ask)
                    assert answer.status == (302 if is_led else 401), ask.path
                    if is_led:
                        there = quote(urlsplit(ask.path).path, safe="")
                        assert f"Location: /sign-in?next={there}" in answer.headers
    # Whose password somebody else knows chooses one first.
    for endpoint, each in answers["fresh"].items():
        if access.ACCESS[endpoint] == "signed_in" and endpoint != "account.change_password":
            for ask, answer in each:
                assert answer.status == (403 if ask.path.startswith("/panel/") else 302), ask.path


def part_of(ask: Ask) -> str:
    """Where pages do not lead to the sign-in page but answer 401: "" for pages themselves."""
    return next((part for part in ("/api", "/panel") if ask.path.startswith(f"{part}/")), "")


def test_somebody_elses_session_is_not_there_to_be_ended(watched, readers, module_url):
    """Nor is one's own present one touched by asking for others."""
    reader = next(each for each in readers if each.person.name == "official")
    none = Ask(f"/account/sessions/{NO_DIGEST}/end", {}, NO_DIGEST)
    for person in watched.people:
        if person.token and person is not reader.person:
            digest = sessions.digest(person.token).hex()
            ask = Ask(f"/account/sessions/{digest}/end", {}, digest)
            assert plain(ask, reader.ask(ask)) == plain(none, reader.ask(none)), person.name
    with db.connect(module_url) as conn:
        row = conn.execute("SELECT count(*) FROM session").fetchone()
    # All but that of the account that was disabled.
    assert row == (len(watched.people) - 2,)


def test_other_methods_tell_no_more(watched, readers):
    for reader in readers:
        if reader.person.name not in FOUR:
            continue
        for endpoint, asks in ROUTES.items():
            foreign = foreign_to(reader.person, watched, endpoint)
            if endpoint == "account.change_password" or endpoint == "sign_in.sign_in":
                continue
            for ask in list(asks(watched))[:1]:
                for method in ("HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
                    answer = reader.ask(ask, method)
                    leaked = found(foreign, ask, answer)
                    assert not leaked - {ask.about}, (reader.person.name, method, ask.path)


def test_what_one_may_not_see_changes_nothing_that_one_is_shown(watched, readers, module_url):
    """Counts, orders, marks on the map, search: with more issues elsewhere all stays as it is."""
    endpoints = (
        *("page.index", "panel.county", "panel.here", "panel.grid", "panel.grid_issues"),
        *("panel.search", "tiles.own_tilejson", "tiles.own_tile", "account.show"),
    )
    asks = [ask for endpoint in endpoints for ask in list(ROUTES[endpoint](watched))[::3]]
    # The community that it lies in, first of all.
    community = watched.grid((0, 1))
    asks += [Ask(f"/panel/grid/{community}{rest}?state=all") for rest in ("", "/issues")]

    def ask_all() -> dict[str, list[Answer]]:
        return {each.person.name: [each.ask(ask) for ask in asks] for each in readers}

    before = ask_all()
    with db.connect(module_url) as conn:
        issue = add_issue(conn, watched, (0, 1, 1), "filed", "dispatched", unit="power")
        add_member(conn, watched, unit="power")
        # That figures are behind is told to everybody.
        compute_figures(conn, clock.today(), *PAST_DAYS)
    after = ask_all()
    changed = {
        person.name: [
            ask.path
            for ask, was, now in zip(asks, before[person.name], after[person.name], strict=True)
            if was != now
        ]
        for person in watched.people
    }
    for person in watched.people:
        assert bool(changed[person.name]) == sees_issue(person, issue), changed


def test_a_route_that_the_table_does_not_know_fails(module_url):
    app: Any = create_app({"DATABASE_URL": module_url, "SECRET_KEY": "k" * 32})
    assert unlisted(app) == set()
    app.add_url_rule("/new/<int:issue_id>", "new.issue", lambda issue_id: str(issue_id))
    assert unlisted(app) == {"new.issue"}
    # The product does not start with it either: who may ask is not said.
    with pytest.raises(SetupError, match=r"new\.issue"):
        acting.check(app)
