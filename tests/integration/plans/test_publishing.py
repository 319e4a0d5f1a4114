"""Plans that become boundaries: whole or not at all, checked against what holds at that moment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
import shapely
from county import TODAY, County, add_duty, add_issue, build
from plan_publishing import approve, begin, let_stand, publish
from psycopg import errors, sql
from psycopg.rows import TupleRow

from geodata.database import connecting as db
from geodata.grids import reading as grids
from geodata.grids import searching
from geodata.grids.writing import DateOrderError
from geodata.model import Point
from geodata.plans import advancing, checking, consequences, drafts, drawing, keeping, publishing
from geodata.plans.model import COMMAND_LINE, PlanStateError

Conn = psycopg.Connection[TupleRow]


@pytest.fixture
def county(conn: Conn) -> County:
    found = build(conn)
    conn.commit()
    return found


def split(grid: int) -> dict[str, Any]:
    return {
        "do": "split",
        "grid": grid,
        "name": "新苑",
        "line": [[116.305, 31.39], [116.3052, 31.41]],
    }


def test_a_published_split_holds_from_its_day_on(conn: Conn, county: County) -> None:
    compound = county.compounds[0]
    add_duty(conn, compound, "王芳", "grid_worker", "[2025-01-01,)")
    east = add_issue(conn, 116.307, 31.405, "2026-06-01 08:00+08", None)
    west = add_issue(conn, 116.303, 31.405, "2026-06-01 08:00+08", None)
    day = TODAY + timedelta(days=10)
    done = publish(conn, begin(conn, split(compound), day=day))
    new = done.made[-1]
    assert [hit.grid.name for hit in searching.find(conn, "新苑", day) if hit.grid] == ["新苑"]
    assert searching.find(conn, "新苑", day - timedelta(days=1)) == []
    before = grids.locate(conn, Point(116.307, 31.405), day - timedelta(days=1)).path[-1]
    after = grids.locate(conn, Point(116.307, 31.405), day).path[-1]
    assert (before.grid_id, after.grid_id) == (compound, new)
    # Households and ground are divided, none is lost.
    one, other = grids.get(conn, compound, day), grids.get(conn, new, day)
    assert (one.households or 0) + (other.households or 0) == 100
    whole = grids.get(conn, compound, day - timedelta(days=1))
    assert one.area_m2 + other.area_m2 == pytest.approx(whole.area_m2, abs=1)
    # The open issue beyond the line has another home, and it is noted which.
    moves = conn.execute("SELECT issue_id, since, from_grid, to_grid FROM issue_move").fetchall()
    assert moves == [(east, day, compound, new)]
    assert west not in {row[0] for row in moves}
    assert done.issues == 1
    assert done.plan.state == "published"
    assert keeping.events(conn, done.plan.plan_id)[-1].action == "published"
    # Small-scale shapes stand for the new grid, too.
    assert conn.execute(
        "SELECT count(*) > 0 FROM grid_shape s JOIN grid_version v USING (version_id)"
        " WHERE v.grid_id = %s", [new]
    ).fetchone() == (True,)  # fmt: skip


def test_what_ends_takes_its_duties_along(conn: Conn, county: County) -> None:
    south, north = county.communities[:2]
    add_duty(conn, north, "李强", "community_chief", "[2025-01-01,)")
    publish(conn, begin(conn, {"do": "merge", "grid": south, "other": north}))
    assert conn.execute("SELECT term FROM duty").fetchone()[0].upper == TODAY  # type: ignore[index]
    children = grids.list_children(conn, south, TODAY)
    assert len(children) == 4
    assert {row.ref.code[:12] for row in children} == {"341525100001"}


def test_the_opposite_of_a_publication_brings_everything_back(conn: Conn, county: County) -> None:
    def ground(day: date) -> dict[int, tuple[object, ...]]:
        rows = conn.execute(
            "SELECT grid_id, parent_id, name, code, households, ST_AsBinary(geom)"
            " FROM grid_version WHERE valid @> %s::date", [day]
        ).fetchall()  # fmt: skip
        return {row[0]: tuple(row[1:]) for row in rows}

    was = ground(TODAY)
    done = publish(conn, begin(
        conn,
        split(county.compounds[0]),
        {"do": "merge", "grid": county.communities[0], "other": county.communities[1]},
        {"do": "move", "corner": [116.32, 31.40], "to": [116.3203, 31.4001]},
    ))  # fmt: skip
    changed = ground(TODAY)
    assert changed != was
    later = TODAY + timedelta(days=1)
    back = publishing.oppose(conn, done.plan.plan_id, COMMAND_LINE, "撤回", later)
    publish(conn, back)
    assert ground(later) == was
    assert ground(TODAY) == changed


def test_nothing_of_a_plan_is_written_unless_all_of_it_is(conn: Conn, county: County) -> None:
    plan = approve(conn, begin(conn, split(county.compounds[0])))
    conn.commit()
    versions = conn.execute("SELECT count(*) FROM grid_version").fetchone()
    # Somebody writes past the application what the new grid's ground is.
    conn.execute("ALTER TABLE grid_version DISABLE TRIGGER grid_version_no_overlap")
    conn.execute(
        """
        WITH g AS (INSERT INTO grid (level) VALUES ('compound') RETURNING grid_id)
        INSERT INTO grid_version (grid_id, level, valid, name, code, parent_id, geom, label_point)
        SELECT g.grid_id, 'compound', '[2024-01-01,)', '暗', 'x', %s,
               ST_Multi(ST_MakeEnvelope(116.306, 31.404, 116.3065, 31.405, 4326)),
               ST_SetSRID(ST_MakePoint(116.3061, 31.4045), 4326) FROM g
        """,
        [county.communities[0]],
    )
    conn.execute("ALTER TABLE grid_version ENABLE TRIGGER grid_version_no_overlap")
    with pytest.raises(Exception, match=r"ground|overlap|must be fixed"), conn.transaction():
        publishing.publish(conn, plan.plan_id, COMMAND_LINE, TODAY, revision=None)
    assert conn.execute("SELECT count(*) - 1 FROM grid_version").fetchone() == versions
    assert keeping.get(conn, plan.plan_id).state == "approved"


@pytest.mark.parametrize("state", ["draft", "submitted", "withdrawn"])
def test_only_what_was_approved_is_published(conn: Conn, county: County, state: str) -> None:
    plan = begin(conn, split(county.compounds[0]))
    if state != "draft":
        deed = {"submitted": "submit", "withdrawn": "withdraw"}[state]
        plan = advancing.advance(conn, plan, COMMAND_LINE, deed)  # type: ignore[arg-type]
    with pytest.raises(PlanStateError):
        publishing.publish(conn, plan.plan_id, COMMAND_LINE, TODAY, revision=None)


def test_neither_a_day_that_is_past_nor_one_before_a_later_version(
    conn: Conn, county: County
) -> None:
    compound = county.compounds[0]
    past = begin(conn, split(compound), day=TODAY - timedelta(days=1))
    with pytest.raises(PlanStateError, match="is past"):
        publish(conn, past)
    later = {"do": "rename", "grid": compound, "name": "后来"}
    publish(conn, begin(conn, later, day=TODAY + timedelta(days=30)))
    with pytest.raises(DateOrderError), conn.transaction():
        publish(conn, begin(conn, split(compound)))


def test_what_others_published_is_not_overwritten_but_drawn_anew(
    conn: Conn, county: County
) -> None:
    first, second = county.compounds[:2]
    mine = begin(
        conn,
        {"do": "rename", "grid": first, "name": "一"},
        split(first),
        {"do": "rename", "grid": -1, "name": "新一"},
        {"do": "rename", "grid": second, "name": "二"},
    )
    # Meanwhile the compound is moved to the other town.
    theirs = begin(conn, {"do": "hand_over", "grid": first, "parent": county.communities[2]})
    let_stand(conn, theirs)
    publish(conn, theirs)
    assert drafts.moved_on(conn, mine) == [first]
    with pytest.raises(PlanStateError, match="Other boundaries"), conn.transaction():
        publish(conn, mine)
    done = drawing.rebase(conn, mine.plan_id, COMMAND_LINE, revision=None)
    assert drafts.moved_on(conn, done.plan) == []
    assert [step.fault for step in drawing.steps(conn, mine.plan_id)] == [None] * 4
    draft = drafts.load(conn, done.plan, [first, -1, second])
    assert draft.ground[first].parent == draft.ground[-1].parent == county.communities[2]
    assert [draft.facts[each].name for each in (first, -1, second)] == ["一", "新一", "二"]
    let_stand(conn, done.plan)
    made = publish(conn, done.plan).made
    assert grids.get(conn, made[-1], TODAY).path[-1].grid_id == county.communities[2]


def test_a_step_that_can_no_longer_be_done_is_kept_with_its_reason(
    conn: Conn, county: County
) -> None:
    south, north = county.communities[:2]
    mine = begin(
        conn,
        {"do": "rename", "grid": north, "name": "北"},
        {"do": "rename", "grid": south, "name": "南"},
    )
    publish(conn, begin(conn, {"do": "merge", "grid": south, "other": north}))
    done = drawing.rebase(conn, mine.plan_id, COMMAND_LINE, revision=None)
    first, second = drawing.steps(conn, mine.plan_id)
    assert first.fault is not None
    assert "no grid" in first.fault["message"]
    assert second.fault is None
    assert drafts.touched(conn, done.plan) == [south]


def test_consequences_are_counted_before_anything_is_published(conn: Conn, county: County) -> None:
    first = county.compounds[0]
    add_duty(conn, first, "王芳", "grid_worker", "[2025-01-01,)")
    for x, households in ((116.303, 30), (116.307, 50)):
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES ('1栋', %s, ST_SetSRID(ST_MakePoint(%s, 31.405), 4326))",
            [households, x],
        )
    issue = add_issue(conn, 116.307, 31.405, "2026-06-01 08:00+08", None)
    plan = begin(conn, split(first))
    found = consequences.find(conn, plan)
    assert {(each.name, each.what) for each in found.grids} == {
        ("新苑", "made"), ("城南社区甲小区", "redrawn")
    }  # fmt: skip
    assert [(p.level, p.giver, p.taker, p.buildings, p.households) for p in found.passages] == [
        ("compound", "城南社区甲小区", "新苑", 1, 50)
    ]
    assert [(i.issue_id, i.giver, i.taker) for i in found.issues] == [
        (issue, "城南社区甲小区", "新苑")
    ]
    [duty] = found.duties
    assert (duty.member, duty.grid) == ("王芳", "城南社区甲小区")
    assert duty.after_m2 is not None
    assert duty.after_m2 < duty.before_m2
    assert found.unheld == ("新苑",)


def test_services_are_among_the_consequences(conn: Conn, county: County) -> None:
    first = county.compounds[0]
    # 116.303 lies on the side that stays, 116.307 on the one that becomes 新苑.
    for x, y, households in ((116.303, 31.405, 30), (116.307, 31.405, 50), (116.307, 31.407, 7)):
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES ('1栋', %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            [households, x, y],
        )
    for kind, x in (("clinic", 116.307), ("shop", 116.298), ("pharmacy", 116.34)):
        conn.execute(
            "INSERT INTO facility (kind, name, geom)"
            " VALUES (%s, '店', ST_SetSRID(ST_MakePoint(%s, 31.405), 4326))",
            [kind, x],
        )
    conn.execute(
        "WITH o AS (INSERT INTO organisation (name, kind) VALUES ('先锋队', 'volunteer_team')"
        " RETURNING organisation_id) INSERT INTO service_area (organisation_id, grid_id, valid)"
        " SELECT organisation_id, %s, '[2025-01-01,)' FROM o",
        [first],
    )
    found = consequences.find(conn, begin(conn, split(first)))
    stays = "城南社区甲小区"
    assert [(f.kind_en, f.giver, f.taker) for f in found.facilities] == [("Clinic", stays, "新苑")]
    [area] = found.areas
    assert (area.organisation, area.grid) == ("先锋队", stays)
    assert area.after_m2 is not None
    assert area.after_m2 < area.before_m2
    # The clinic reaches all. The shop (500 m) reaches 30 of 87 only; the pharmacy nobody.
    assert {
        (c.grid, c.kind_en, c.households_before, c.unserved_before, c.households, c.unserved)
        for c in found.coverage
    } == {
        (stays, "Pharmacy", 87, 87, 30, 30),
        (stays, "Shop", 87, 57, 30, 0),
        ("新苑", "Pharmacy", None, None, 57, 57),
        ("新苑", "Shop", None, None, 57, 57),
    }


def test_faults_are_found_with_place_weight_and_mend(conn: Conn, county: County) -> None:
    first, second = county.compounds[:2]
    plan = begin(
        conn,
        {"do": "recode", "grid": first, "code": "341525100001002"},
        {"do": "rename", "grid": first, "name": "城南社区乙小区"},
        {"do": "count", "grid": first, "households": 3},
    )
    by_kind = {each.kind: each for each in checking.find(conn, plan)}
    assert by_kind.keys() == {"code_taken", "few_households"}
    assert by_kind["code_taken"].is_blocking
    assert by_kind["code_taken"].fix == {"do": "recode", "grid": first}
    with pytest.raises(PlanStateError, match="1 must be fixed"), conn.transaction():
        publish(conn, plan)
    drawing.do(conn, plan.plan_id, COMMAND_LINE, by_kind["code_taken"].fix, revision=None)
    plan = keeping.get(conn, plan.plan_id)
    kinds = {each.kind for each in checking.find(conn, plan)}
    assert kinds == {"name_taken", "few_households"}
    # An enclave is blocking until somebody says why it is one.
    plan = begin(conn, {"do": "hand_over", "grid": second, "parent": county.communities[3]})
    enclaves = [each for each in checking.find(conn, plan) if each.kind == "multipart"]
    assert len(enclaves) == 2
    assert all(each.is_blocking and each.place for each in enclaves)
    with pytest.raises(PlanStateError, match="2 must be fixed"), conn.transaction():
        publish(conn, plan)
    for each in enclaves:
        checking.accept(conn, plan, COMMAND_LINE, each.key, "飞地，县政府批复〔2026〕3号")
    publish(conn, plan)
    assert conn.execute("SELECT count(*) FROM partition_exception").fetchone() == (2,)


def test_the_application_without_the_right_writes_no_boundary(
    database_url: str, conn: Conn, county: County
) -> None:
    """The database refuses it, whatever the application forgot."""
    with db.connect(db.app_url(database_url)) as app, app.transaction():
        app.execute("SET LOCAL ROLE gridmap_draw")
        with pytest.raises(errors.InsufficientPrivilege):
            app.execute("UPDATE grid_version SET name = 'x'")
    with (
        db.connect(db.app_url(database_url)) as app,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        app.execute("UPDATE grid_version SET name = 'x'")


def test_plans_are_seen_with_the_right_to_not_by_the_office_alone(
    database_url: str, conn: Conn, county: County
) -> None:
    first, second = county.compounds[:2]
    publish(conn, begin(conn, split(first)))
    plan = begin(conn, {"do": "hand_over", "grid": second, "parent": county.communities[3]})
    let_stand(conn, plan)
    conn.execute("INSERT INTO account (username, name) VALUES ('kim', 'Kim')")
    conn.execute("INSERT INTO plan_collaborator SELECT %s, account_id FROM account", [plan.plan_id])
    conn.commit()
    with db.connect(db.app_url(database_url)) as app, app.transaction():
        app.execute("SET LOCAL ROLE gridmap_draw")
        for table in (
            *("plan", "plan_collaborator", "plan_step", "plan_grid", "plan_base"),
            *("plan_acceptance", "plan_event", "plan_publication"),
        ):
            count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            assert conn.execute(count).fetchone() != (0,), table
            assert app.execute(count).fetchone() == (0,), table


def test_shapes_on_both_sides_meet_corner_on_corner(conn: Conn, county: County) -> None:
    publish(conn, begin(
        conn,
        {"do": "move", "corner": [116.32, 31.42], "to": [116.3205, 31.4204]},
        {"do": "reshape", "old": [[116.32, 31.40], [116.3205, 31.4204]],
         "new": [[116.32, 31.40], [116.3221, 31.4101], [116.3205, 31.4204]]},
    ))  # fmt: skip
    shapes = [
        shapely.from_wkb(row[0])
        for row in conn.execute(
            "SELECT ST_AsBinary(geom) FROM grid_version"
            " WHERE level = 'community' AND valid @> %s::date", [TODAY]
        )
    ]  # fmt: skip
    assert shapely.coverage_is_valid(shapes)
