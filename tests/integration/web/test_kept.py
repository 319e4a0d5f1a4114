"""Panels of visitors are kept until something that they show has changed, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import psycopg
import pytest
from asking import Reader
from county import ZONE
from flask import Flask
from psycopg import Connection, sql
from watched import Watched, watch

from geodata.coverage.figures import keeping as figures
from geodata.database import connecting as db
from geodata.database import settings
from webmap import create_app
from webmap.core import asking

# Read by visitors and counted by no revision, because:
UNCOUNTED = {
    # the tag holds them as they are;
    *("revision", "setting"),
    # they change with what is counted: numbers of grids, shapes for tiles, nodes of edges;
    *("grid", "grid_border", "road_source", "road_node"),
    # the tag tells when they were written down;
    *("coverage_record", "coverage_recorded"),
    # the tag holds the numbers of the figures, which are others whenever they are computed;
    *("coverage_stretch", "coverage_grid", "coverage_rest", "coverage_due"),
    # they are computed from it;
    "building_rounded",
    # visitors are shown nothing of them: what accounts may do.
    *("issue_transition", "role_right", "role_place"),
    # extensions' own.
    *("spatial_ref_sys", "geography_columns", "geometry_columns"),
}


@pytest.fixture(scope="module")
def watched(module_url: str) -> Watched:
    with db.connect(module_url) as conn:
        return watch(conn)


@pytest.fixture(scope="module")
def app(module_url: str, watched: Watched) -> Flask:
    return create_app({"DATABASE_URL": module_url, "SECRET_KEY": "k" * 32, "POOL_SIZE": 2})


@pytest.fixture
def conn(module_url: str, watched: Watched) -> Iterator[Connection[tuple[object, ...]]]:
    with psycopg.connect(module_url, autocommit=True) as found:
        yield found


@pytest.fixture(autouse=True)
def clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """What time it is: the clock stands still, and is set by setting the only element."""
    with app.test_request_context():
        times = [asking.now().replace(second=30)]
    monkeypatch.setattr(asking, "now", lambda: times[0])
    return times


def paths(watched: Watched) -> list[str]:
    grid, issue = watched.county.compounds[0], watched.issues[0].issue_id
    return [
        "/panel/home",
        "/panel/home?mode=issues",
        f"/panel/grid/{grid}",
        f"/panel/grid/{grid}/issues",
        "/panel/ranked?kind=pharmacy",
        f"/panel/grid/{grid}/why?kind=pharmacy",
        "/figures",
        "/figures/export.csv",
        f"/panel/issue/{issue}",
    ]


def test_what_has_not_changed_is_not_made_again(app: Flask, watched: Watched) -> None:
    visitor = app.test_client()
    kept = 0
    for path in paths(watched):
        answer = visitor.get(path)
        tag = answer.headers.get("ETag")
        # What is not there for a visitor has no tag.
        assert (tag is not None) == (answer.status_code == 200), path
        if tag is None:
            continue
        kept += 1
        assert answer.headers["Cache-Control"] == "private, no-cache"
        again = visitor.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.text) == (304, "")
        assert again.headers["Cache-Control"] == "private, no-cache"
        assert "Cookie" in again.headers["Vary"]
        # The same to the letter, be it made again or not.
        assert visitor.get(path).text == answer.text
        # In another language it is another answer.
        english = app.test_client()
        english.set_cookie("lang", "en")
        assert english.get(path, headers={"If-None-Match": tag}).status_code == 200
    assert kept >= 5


def test_whoever_is_signed_in_is_answered_anew(app: Flask, watched: Watched) -> None:
    path = f"/panel/grid/{watched.county.compounds[0]}"
    tag = app.test_client().get(path).headers["ETag"]
    for person in watched.people:
        if not person.token:
            continue
        answer = Reader(app, person).client.get(path, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert "ETag" not in answer.headers
        assert "X-Accel-Expires" not in answer.headers


def test_another_minute_is_another_answer(app: Flask, clock: list[datetime]) -> None:
    """What becomes overdue does so without any change of the data."""
    visitor = app.test_client()
    tag = visitor.get("/panel/home").headers["ETag"]
    clock[0] += timedelta(seconds=20)
    assert visitor.get("/panel/home", headers={"If-None-Match": tag}).status_code == 304
    clock[0] += timedelta(seconds=20)
    assert visitor.get("/panel/home", headers={"If-None-Match": tag}).status_code == 200


def test_a_setting_is_another_answer(app: Flask, conn: Connection[tuple[object, ...]]) -> None:
    visitor = app.test_client()
    tag = visitor.get("/panel/home").headers["ETag"]
    settings.write(conn, "county_name", {"zh": "别处", "en": "Elsewhere"})
    assert visitor.get("/panel/home", headers={"If-None-Match": tag}).status_code == 200


def test_figures_that_are_written_down_are_another_answer(
    app: Flask, conn: Connection[tuple[object, ...]]
) -> None:
    visitor = app.test_client()
    tag = visitor.get("/figures").headers["ETag"]
    assert visitor.get("/figures", headers={"If-None-Match": tag}).status_code == 304
    conn.execute(
        "INSERT INTO coverage_recorded (day, kind, rounded_to)"
        " SELECT '2020-01-01', min(kind), 10 FROM service_kind"
    )
    assert visitor.get("/figures", headers={"If-None-Match": tag}).status_code == 200


def test_figures_that_are_computed_are_another_answer(
    app: Flask, conn: Connection[tuple[object, ...]]
) -> None:
    visitor = app.test_client()
    path = "/panel/home?mode=coverage"
    conn.execute("UPDATE facility SET kind = kind WHERE false")
    changed = visitor.get(path).headers["ETag"]
    assert visitor.get(path, headers={"If-None-Match": changed}).status_code == 304
    figures.ensure(conn, datetime.now(ZONE).date())
    assert visitor.get(path, headers={"If-None-Match": changed}).status_code == 200
    # Of another day: nothing of the answer rests on it, unless it is asked for.
    past = f"{path}&versus=2024-06-01"
    tags = [visitor.get(each).headers["ETag"] for each in (path, past)]
    figures.ensure(conn, date(2024, 6, 1))
    answers = [
        visitor.get(each, headers={"If-None-Match": tag}).status_code
        for each, tag in zip((path, past), tags, strict=True)
    ]
    assert answers == [304, 200]


def test_every_table_that_visitors_read_counts_its_changes(
    app: Flask, conn: Connection[tuple[object, ...]]
) -> None:
    """Of each table that the application's own role may read: one that is added is tested."""
    tables = {
        str(name)
        for (name,) in conn.execute(
            """
            SELECT c.relname FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
              AND has_any_column_privilege('gridmap_app', c.oid, 'SELECT')
              AND (NOT c.relrowsecurity OR EXISTS (
                  SELECT FROM pg_policy p WHERE p.polrelid = c.oid
                    AND p.polroles && ARRAY[0, 'gridmap_app'::regrole]::oid[]))
            """
        )
    }
    assert tables >= UNCOUNTED
    assert {"issue", "member", "organisation", "facility"} <= tables - UNCOUNTED
    visitor = app.test_client()
    for table in sorted(tables - UNCOUNTED):
        tag = visitor.get("/panel/home").headers["ETag"]
        [column] = conn.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND attgenerated = '' AND attidentity = '' AND NOT attisdropped LIMIT 1",
            [table],
        ).fetchone() or [None]
        assert column is not None, table
        # Of no row: that a statement was carried out counts.
        conn.execute(
            sql.SQL("UPDATE {table} SET {column} = {column} WHERE false").format(
                table=sql.Identifier(table), column=sql.Identifier(str(column))
            )
        )
        answer = visitor.get("/panel/home", headers={"If-None-Match": tag})
        assert answer.status_code == 200, table
