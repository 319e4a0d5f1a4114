"""A shared link to what a reader may not see: said alike whether it is there, with the way in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from asking import (
    NO_ACCOUNT,
    NO_ALERT,
    NO_ISSUE,
    NO_NOTIFICATION,
    NO_PLAN,
    NO_SCENARIO,
    Ask,
    Reader,
)
from flask import Flask
from watched import Watched, watch

from geodata.database import connecting as db
from webmap import create_app


@pytest.fixture(scope="module")
def watched(module_url: str) -> Watched:
    with db.connect(module_url) as conn:
        return watch(conn)


@pytest.fixture(scope="module")
def app(module_url: str, watched: Watched) -> Iterator[Flask]:
    made = create_app({"DATABASE_URL": module_url, "SECRET_KEY": "k" * 32})
    yield made
    if pool := made.extensions["gridmap_pool"]:
        pool.close()


def reader(app: Flask, watched: Watched, name: str) -> Reader:
    return Reader(app, next(person for person in watched.people if person.name == name))


# What is asked for by number: its address, one that is there, one that is not; and whether the
# address is a page, which leads to the sign-in page, or a part of one, which has a link to it.
LINKS = {
    "issue": ("/panel/issue/{}", NO_ISSUE),
    "plan": ("/panel/plans/{}", NO_PLAN),
    "plan on paper": ("/plans/{}/consequences.pdf?for=signing", NO_PLAN),
    "scenario": ("/panel/scenarios/{}", NO_SCENARIO),
    "scenario on paper": ("/reports/scenario.pdf?scenario={}", NO_SCENARIO),
    "alert rule": ("/alerts/{}", NO_ALERT),
    "account": ("/accounts/{}", NO_ACCOUNT),
}


def there(watched: Watched, what: str) -> list[int]:
    return {
        "issue": [issue.issue_id for issue in watched.issues],
        "plan": [watched.plan], "plan on paper": [watched.plan],
        "scenario": [watched.scenario], "scenario on paper": [watched.scenario],
        "alert rule": [watched.alert],
        "account": [person.account_id for person in watched.people if person.account_id],
    }[what]  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("what", LINKS)
def test_who_is_not_signed_in_is_told_alike_and_offered_to_sign_in(
    app: Flask, watched: Watched, what: str, lang: str
) -> None:
    path, missing = LINKS[what]
    path += f"{'&' if '?' in path else '?'}lang={lang}"
    visitor = reader(app, watched, "visitor")

    def said(number: int) -> tuple[int, str]:
        address = path.format(number)
        answer = visitor.ask(Ask(address))
        text = answer.everything.replace(quote(address, safe=""), "#")
        # The cookie of the language ends a year from now, to the second.
        text = re.sub(r"Expires=[^;\n]*", "", text)
        # Numbers that are told apart from all others of a page (tests/watched.py).
        return answer.status, text.replace(str(number), "#") if number > 1000 else text

    status, text = said(missing)
    assert there(watched, what)
    for number in there(watched, what):
        assert said(number) == (status, text)
    assert "/sign-in" in text
    if status == 302:
        # Back to the link itself.
        assert "Location: /sign-in?next=#" in text
    else:
        assert status in (401, 404)
        # The page puts its own address there (webmap/static/js/panel/bars.js).
        assert 'data-sign-in href="/sign-in"' in text
        assert {"zh": "登录", "en": "Sign in"}[lang] in text


def test_who_may_not_see_an_issue_is_not_sent_to_the_door_again(
    app: Flask, watched: Watched
) -> None:
    auditor = reader(app, watched, "auditor")
    answers = [
        auditor.ask(Ask(f"/panel/issue/{number}?lang=en")).everything.replace(str(number), "#")
        for number in (NO_ISSUE, *(issue.issue_id for issue in watched.issues))
    ]
    assert len(set(answers)) == 1
    assert "data-sign-in" not in answers[0]
    assert "outside what your account may see" in answers[0]


def test_a_notification_of_another_town_is_as_one_that_is_not(app: Flask, watched: Watched) -> None:
    official = reader(app, watched, "official")

    def mark(number: int) -> str:
        answer = official.ask(Ask(f"/notifications/{number}", {"state": "seen"}))
        assert answer.status == 404
        return answer.everything.replace(str(number), "#")

    foreign = [
        number
        for at, number in watched.notifications.items()
        if not any(at[: len(place)] == place for _, place in official.person.roles)
    ]
    assert foreign
    assert {mark(number) for number in foreign} == {mark(NO_NOTIFICATION)}
