"""Two connections for everybody: nothing of one request is left on them for the next.

The asking is that of scripts/bench/isolation.py, which does it 10,000 times in the demo county.
"""

from __future__ import annotations

import logging
import re

import pytest
from marks import seen_by
from watched import watch

from geodata.database import connecting as db
from scripts.bench import isolation
from scripts.bench.isolation import Address, Asker

REQUESTS = 1_000


@pytest.fixture(scope="module")
def watched(module_url):
    with db.connect(module_url) as conn:
        return watch(conn)


@pytest.fixture(scope="module")
def app(module_url, watched):
    made = isolation.application(module_url)
    yield made
    # The logger is one for all applications of this process.
    made.logger.setLevel(logging.NOTSET)


def asker(person, watched):
    """A person with the marks that are theirs, but for issues' numbers: addresses repeat those."""
    marks = {
        mark for mark in seen_by(person, watched) | person.marks if re.fullmatch(r"[\w-]+", mark)
    }
    words = frozenset(mark for mark in marks if not re.fullmatch(r"77\d+", mark))
    has_list = any(word.startswith("title-") for word in words)
    return Asker(person.name, person.token, words, has_list=has_list)


def test_nothing_is_left_for_the_next_request(app, watched):
    county = watched.county.county
    # Lists as often as all the rest: on them everybody finds something else.
    lists = [
        Address(f"/panel/grid/{county}/issues?state=all", is_list=True),
        Address("/panel/home?mode=issues&state=all", is_list=True),
    ]
    addresses = [
        *lists * 8,
        Address("/account"),
        Address(f"/panel/grid/{county}?mode=issues"),
        *(Address(f"/panel/issue/{issue.issue_id}") for issue in watched.issues[::2]),
        *(
            Address(f"/panel/issue/{i.issue_id}/reporter", method="POST")
            for i in watched.issues[::4]
        ),
        *(
            Address(f"/panel/member/{m.member_id}/contact", method="POST")
            for m in watched.members[::6]
        ),
    ]
    askers = [asker(person, watched) for person in watched.people]
    assert sum(each.has_list for each in askers) == 10
    outcome = isolation.run(app, askers, addresses, requests=REQUESTS)
    assert outcome.foreign == []
    assert outcome.empty == []
    assert outcome.unexpected == []
    assert outcome.left_behind == []
    assert outcome.requests == REQUESTS
    # One in five, in every way.
    assert REQUESTS / 6 < outcome.broken.total() < REQUESTS / 4
    assert set(outcome.broken) == set(isolation.WAYS)
