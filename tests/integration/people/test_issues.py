"""Issues as they stood at an instant, their way, and what the database refuses."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from county import NOW, TODAY, add_issue, build

from geodata.errors import InvalidInputError, NotFoundError
from geodata.issues import reading as issues

HERE = (116.305, 31.405)
THERE = (116.335, 31.435)


@pytest.fixture
def county(conn):
    return build(conn)


def read(day=TODAY, **args):
    return issues.read_filter(args, day, NOW)


def ids(conn, chosen, grid_id=None, day=TODAY):
    return [item.issue_id for item in issues.list_issues(conn, chosen, grid_id, day)]


def test_open_overdue_suspended_and_closed_are_told_apart(conn, county):
    fresh = add_issue(conn, *HERE, "2026-06-10T08:00+08", "2026-07-01T08:00+08")
    late = add_issue(conn, *HERE, "2026-06-01T08:00+08", "2026-06-02T08:00+08")
    steps = ("2026-06-03T08:00+08 filed", "2026-06-03T09:00+08 dispatched")
    hung = add_issue(
        conn, *HERE, "2026-06-02T08:00+08", None,
        *steps, "2026-06-03T10:00+08 handling", "2026-06-04T08:00+08 suspended",
    )  # fmt: skip
    done = add_issue(conn, *HERE, "2026-06-02T08:00+08", None, "2026-06-09T08:00+08 closed")
    assert set(ids(conn, read())) == {fresh, late, hung}
    assert ids(conn, read(state="overdue")) == [late]
    assert ids(conn, read(state="suspended")) == [hung]
    assert ids(conn, read(state="closed")) == [done]
    assert set(ids(conn, read(state="all"))) == {fresh, late, hung, done}
    counts = issues.count_by_state(conn, read(), None, TODAY)
    assert (counts.open, counts.overdue, counts.suspended, counts.closed) == (
        3, 1, 1, 1,
    )  # fmt: skip


def test_the_most_urgent_comes_first(conn, county):
    later = add_issue(conn, *HERE, "2026-06-10T08:00+08", "2026-07-01T08:00+08")
    never = add_issue(conn, *HERE, "2026-06-10T08:00+08", None)
    late = add_issue(conn, *HERE, "2026-06-01T08:00+08", "2026-06-02T08:00+08")
    assert ids(conn, read()) == [late, later, never]


def test_a_past_day_is_seen_as_it_was(conn, county):
    issue = add_issue(
        conn, *HERE, "2026-06-02T08:00+08", "2026-06-05T08:00+08", "2026-06-09T08:00+08 closed"
    )
    assert ids(conn, read(date(2026, 6, 1)), day=date(2026, 6, 1)) == []
    on_3_june = issues.list_issues(conn, read(date(2026, 6, 3)), None, date(2026, 6, 3))
    assert [(item.issue_id, item.is_overdue) for item in on_3_june] == [(issue, False)]
    on_8_june = issues.list_issues(conn, read(date(2026, 6, 8)), None, date(2026, 6, 8))
    assert [(item.state, item.is_overdue) for item in on_8_june] == [("reported", True)]
    assert ids(conn, read()) == []
    with pytest.raises(NotFoundError):
        issues.get(conn, issue, date(2026, 6, 1), NOW)


def test_an_issue_keeps_where_it_was_reported_and_says_where_it_lies(conn, county):
    issue = add_issue(conn, *HERE, "2026-06-10T08:00+08", None)
    conn.execute("UPDATE issue SET grid_id = %s", (county.compounds[7],))
    found = issues.get(conn, issue, TODAY, NOW)
    assert found.reported_in is not None
    assert found.reported_in.grid_id == county.compounds[7]
    assert found.lies_in[-1].grid_id == county.compounds[0]


def test_a_grid_has_the_issues_within_its_boundary(conn, county):
    inside = add_issue(conn, *HERE, "2026-06-10T08:00+08", None)
    add_issue(conn, 116.335, 31.435, "2026-06-10T08:00+08", None)
    assert ids(conn, read(), county.towns[0]) == [inside]
    assert issues.count(conn, read(), county.towns[0], TODAY) == 1


def test_age_and_category_narrow_the_list(conn, county):
    old = add_issue(conn, *HERE, "2026-01-10T08:00+08", None)
    new = add_issue(conn, *HERE, "2026-06-14T08:00+08", None)
    assert ids(conn, read(age="7")) == [new]
    assert set(ids(conn, read(age="365"))) == {new, old}
    assert set(ids(conn, read(category="rubbish"))) == {new, old}
    assert ids(conn, read(category="other")) == []


@pytest.mark.parametrize(
    "args",
    [
        {"state": "x"},
        {"age": "8"},
        {"closed": "x"},
        {"closed": "0"},
        {"at": "soon"},
        {"at": "9" * 30},
    ],
)
def test_nonsense_is_refused(args):
    with pytest.raises(InvalidInputError):
        read(**args)


def test_the_clock_of_an_address_stands_still_for_ten_minutes():
    assert read().at == NOW
    assert issues.read_filter({}, TODAY, NOW + timedelta(minutes=9)).at == NOW
    assert issues.read_filter({}, TODAY, NOW + timedelta(minutes=10)).at > NOW


def test_a_step_that_the_workflow_does_not_know_is_refused(conn, county):
    issue = add_issue(conn, *HERE, "2026-06-10T08:00+08", None)
    step = "INSERT INTO issue_event (issue_id, at, from_state, to_state) VALUES (%s, now(), %s, %s)"
    with pytest.raises(psycopg.errors.CheckViolation), conn.transaction():
        conn.execute(step, (issue, "reported", "verified"))
    # Somebody else was faster: the step starts from a state that is no longer there.
    with pytest.raises(psycopg.errors.CheckViolation), conn.transaction():
        conn.execute(step, (issue, "filed", "dispatched"))


STEPS = """
    INSERT INTO issue_event (issue_id, at, from_state, to_state)
    SELECT issue_id, now(), before, after
    FROM issue, unnest(%s::text[], %s::text[]) AS s (before, after)
    WHERE external_id = 'steps'
"""


def report(conn):
    add_issue(conn, *HERE, "2026-06-10T08:00+08", None)
    conn.execute(
        "INSERT INTO issue (source, external_id, category_id, title, geom, reported_at)"
        " SELECT '', 'steps', min(category_id), 't', ST_Point(116.31, 31.41, 4326), now()"
        " FROM issue_category"
    )


def test_several_steps_in_one_statement_lead_to_the_last(conn, county):
    report(conn)
    conn.execute(STEPS, [[None, "reported", "closed"], ["reported", "closed", "handling"]])
    found = conn.execute("SELECT state, closed_at FROM issue WHERE external_id = 'steps'")
    assert found.fetchone() == ("handling", None)
    way = ["handling", "fed_back", "verified", "closed"]
    conn.execute(STEPS, [way[:-1], way[1:]])
    found = conn.execute("SELECT state, closed_at = now() FROM issue WHERE external_id = 'steps'")
    assert found.fetchone() == ("closed", True)


@pytest.mark.parametrize(
    ("before", "after", "law"),
    [
        ([None, "filed"], ["reported", "dispatched"], "issue_event_from_state"),
        (["reported"], ["closed"], "issue_event_from_state"),
        ([None, "reported"], ["reported", "verified"], "issue_event_transition"),
    ],
)
def test_one_wrong_step_of_several_is_refused(conn, county, before, after, law):
    report(conn)
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        conn.execute(STEPS, [before, after])
    assert refused.value.diag.constraint_name == law


@pytest.mark.parametrize("change", ["UPDATE issue_event SET note = ''", "DELETE FROM issue_event"])
def test_history_is_only_ever_appended_to(conn, county, change):
    add_issue(conn, *HERE, "2026-06-10T08:00+08", None)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(change)


def test_categories_count_what_the_other_filters_let_through(conn, county):
    conn.execute(
        """
        WITH large AS (
            INSERT INTO issue_category (code, name_zh, name_en, kind)
            VALUES ('street', '街面秩序', 'Street order', 'event') RETURNING category_id)
        INSERT INTO issue_category (code, name_zh, name_en, kind, parent_id)
        SELECT code, name, code, 'event', category_id
        FROM large,
             (VALUES ('street.stall', '占道经营'), ('street.noise', '噪声')) small (code, name)
        """
    )

    def add(code, place, due=None):
        lon, lat = place
        issue = add_issue(conn, lon, lat, "2026-06-01T08:00+08", due)
        conn.execute(
            "UPDATE issue SET category_id ="
            " (SELECT category_id FROM issue_category WHERE code = %s) WHERE issue_id = %s",
            (code, issue),
        )

    add("street.stall", HERE, "2026-06-02T08:00+08")
    add("street.stall", THERE)
    add("street.noise", HERE)
    add("street", HERE)
    add("rubbish", HERE)

    def counted(grid_id=None, **args):
        return {
            category.code: category.issues
            for large in issues.list_categories(conn, read(**args), grid_id, TODAY)
            for category in (large, *large.parts)
        }

    everywhere = {"street": 4, "street.stall": 2, "street.noise": 1, "rubbish": 1}
    assert counted() == everywhere
    # The category that is chosen does not hide the others from the choice.
    assert counted(category="rubbish") == everywhere
    assert counted(state="overdue") == {
        "street": 1, "street.stall": 1, "street.noise": 0, "rubbish": 0,
    }  # fmt: skip
    assert counted(county.towns[1]) == {
        "street": 1, "street.stall": 1, "street.noise": 0, "rubbish": 0,
    }  # fmt: skip
    assert ids(conn, read(category="street")) != ids(conn, read(category="street.stall"))


def test_closed_are_those_of_the_last_30_days_the_latest_first(conn, county):
    def closed(at):
        return add_issue(conn, *HERE, "2026-05-01T08:00+08", None, f"{at} closed")

    closed("2026-05-10T08:00+08")
    earlier = closed("2026-06-01T08:00+08")
    latest = closed("2026-06-10T08:00+08")
    assert ids(conn, read(state="closed")) == [latest, earlier]
    assert issues.count_by_state(conn, read(state="open"), None, TODAY).closed == 2
    assert len(ids(conn, read(state="all"))) == 3


def test_closed_are_those_of_the_time_that_is_asked_for(conn, county):
    def closed(at):
        return add_issue(conn, *HERE, "2024-05-01T08:00+08", None, f"{at} closed")

    years, months = closed("2024-06-01T08:00+08"), closed("2026-03-20T08:00+08")
    weeks, days = closed("2026-06-01T08:00+08"), closed("2026-06-10T08:00+08")
    found = {"": 2, "7": 1, "90": 3, "365": 3, "all": 4}
    for within, count in found.items():
        chosen = read(state="closed", closed=within)
        assert ids(conn, chosen) == [days, weeks, months, years][:count]
        assert issues.count(conn, chosen, None, TODAY) == count
        # The number on the button is that of the list behind it, whatever is on show.
        assert issues.count_by_state(conn, read(closed=within), None, TODAY).closed == count
        # The map's tiles are asked for by the same words.
        assert chosen.address().get("closed", "") == within
    assert read(state="closed", closed="30") == read(state="closed")
    # What is open does not depend on it.
    assert ids(conn, read(state="open", closed="7")) == []


def test_the_states_are_counted_among_what_else_is_chosen(conn, county):
    add_issue(conn, *HERE, "2026-06-10T08:00+08", None)
    add_issue(conn, *HERE, "2026-03-01T08:00+08", "2026-03-02T08:00+08")
    recent = issues.count_by_state(conn, read(state="overdue", age="30"), None, TODAY)
    assert (recent.open, recent.overdue) == (1, 0)
