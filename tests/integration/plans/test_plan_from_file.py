"""Files of grids that become plans: what differs, who lives on as whom, and that it is lawful."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import Columns, FileRequest, TableRow
from geodata.importing.grids.checking import check
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.importing.report import code_table
from geodata.importing.report.report import Report
from geodata.model import LEVELS, Level
from geodata.plans import advancing, checking, drawing, files, from_file, keeping, publishing
from geodata.plans.model import COMMAND_LINE, Actor, PlanStateError
from tests import faults
from tests.county import County, add_duty, add_issue, box, build
from tests.faults import features, write_json
from tests.office import add

Conn = psycopg.Connection[Any]
Row = tuple[str, str, BaseGeometry]

SW, NW = box(116.30, 31.40, 116.32, 31.42), box(116.30, 31.42, 116.32, 31.44)
SE, NE = box(116.32, 31.40, 116.34, 31.42), box(116.32, 31.42, 116.34, 31.44)
WEST = [("341525100001", "城南社区", SW), ("341525100002", "城北社区", NW)]
EAST = [("341525101001", "河东村", SE), ("341525101002", "山口村", NE)]


@pytest.fixture
def county(conn: Conn) -> County:
    made = build(conn)
    conn.commit()
    return made


@dataclass
class Office:
    conn: Conn
    folder: Path

    def bring(
        self,
        rows: Sequence[Row],
        level: Level = "community",
        *,
        title: str | None = "重新划分",
        table: Sequence[TableRow] | None = None,
        counts: Sequence[int] = (),
        **options: Any,
    ) -> Report:
        codes, names, shapes = zip(*rows, strict=True)
        plain = features(shapes, codes, names)
        for feature, count in zip(plain["features"], counts, strict=False):
            feature["properties"]["h"] = count
        path = write_json(self.folder / "division.geojson", plain)
        order = GridImport(
            FileRequest(str(path)),
            level,
            Columns("name", "code", households="h" if counts else None),
            options.pop("day", clock.today()),
            as_plan=title is not None,
            table=None if table is None else tuple(table),
            **options,
        )
        if title is None:
            return import_grids(self.conn, order, progress=lambda _stage, _share: None)
        return plan_grids(self.conn, order, title)

    def publish(self, number: int) -> publishing.Published:
        """Let the plan go its way: drawn by one, approved by another, published."""
        checking.check_submittable(self.conn, keeping.get(self.conn, number))
        plan = advancing.advance(self.conn, keeping.get(self.conn, number), COMMAND_LINE, "submit")
        advancing.advance(self.conn, plan, approver(self.conn), "approve")
        done = publishing.publish(self.conn, number, COMMAND_LINE, clock.today(), revision=None)
        self.conn.commit()
        return done

    def ground(self, level: Level) -> dict[str, tuple[int, str, int | None]]:
        """Return number, name and households of the grids of today by code."""
        rows = self.conn.execute(
            "SELECT code, grid_id, name, households FROM grid_version"
            " WHERE level = %s::grid_level AND valid @> %s::date",
            [level, clock.today()],
        ).fetchall()
        return {row[0]: tuple(row[1:]) for row in rows}  # type: ignore[misc]

    def parents(self) -> dict[str, str]:
        """Return the code of each compound's community today."""
        return dict(
            self.conn.execute(
                "SELECT c.name, p.code FROM grid_version c JOIN grid_version p"
                " ON p.grid_id = c.parent_id AND p.valid @> %(on)s::date"
                " WHERE c.level = 'compound' AND c.valid @> %(on)s::date",
                {"on": clock.today()},
            ).fetchall()
        )

    def is_sound(self) -> bool:
        """Tell whether ``gridmap check`` finds nothing to put right."""
        reports = check(self.conn, LEVELS, on=clock.today())
        return len(reports) == len(LEVELS) and not any(each.is_blocked for each in reports)


def plan_grids(conn: Conn, order: GridImport, title: str) -> Report:
    report = from_file.plan_grids(
        conn, order, COMMAND_LINE, title, progress=lambda _stage, _share: None
    )
    conn.commit()
    return report


def approver(conn: Conn) -> Actor:
    found = conn.execute("SELECT account_id FROM account WHERE username = 'approver'").fetchone()
    account_id = found[0] if found else add(conn, "approver")
    return Actor(account_id, "approver", may_draw=False, may_approve=True)


@pytest.fixture
def office(conn: Conn, county: County, tmp_path: Path) -> Office:
    return Office(conn, tmp_path)


def whats(report: Report) -> dict[str, tuple[str, ...]]:
    return {each.grid.code: each.whats for each in report.differences}


def terms(conn: Conn) -> dict[str, tuple[int, date | None]]:
    rows = conn.execute(
        "SELECT m.name, d.grid_id, upper(d.term) FROM duty d JOIN member m USING (member_id)"
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def test_two_villages_merged_under_a_new_code(office: Office, county: County) -> None:
    conn = office.conn
    south, north = county.communities[:2]
    add_duty(conn, south, "赵一", "community_chief", "[2025-01-01,)")
    add_duty(conn, north, "钱二", "community_chief", "[2025-01-01,)")
    wild = add_issue(conn, 116.319, 31.439, "2026-06-01 08:00+08", None)
    home = add_issue(conn, 116.303, 31.403, "2026-06-01 08:00+08", None)
    whole = box(116.30, 31.40, 116.32, 31.44)
    report = office.bring([("341525100003", "新城南社区", whole), *EAST])
    assert report.is_written
    assert whats(report) == {
        "341525100003": ("renamed", "recoded", "moved", "takes_in"),
        "341525100002": ("merged",),
    }
    assert report.plan is not None
    # Nothing holds before it is published.
    assert set(office.ground("community")) == {code for code, _, _ in [*WEST, *EAST]}
    done = office.publish(report.plan)
    now = office.ground("community")
    assert set(now) == {"341525100003", "341525101001", "341525101002"}
    assert now["341525100003"] == (south, "新城南社区", 400)
    # As with a merge that is drawn: who held what lives on holds it on, the other term ends.
    assert terms(conn) == {"赵一": (south, None), "钱二": (north, clock.today())}
    moves = conn.execute("SELECT issue_id, from_grid, to_grid FROM issue_move").fetchall()
    assert moves == [(wild, north, south)]
    assert home not in {row[0] for row in moves}
    assert done.issues == 1
    parents = office.parents()
    assert [parents[f"{name}{j}小区"] for name in ("城南社区", "城北社区") for j in "甲乙"] == [
        "341525100003"
    ] * 4
    codes = {code for code in office.ground("compound") if code.startswith("341525100")}
    assert codes == {f"341525100003{n:03d}" for n in range(1, 5)}
    assert office.is_sound()


def test_recoded_villages_keep_number_and_persons(office: Office, county: County) -> None:
    add_duty(office.conn, county.communities[0], "赵一", "community_chief", "[2025-01-01,)")
    rows = [(f"{code[:9]}5{code[10:]}", name, shape) for code, name, shape in [*WEST, *EAST]]
    report = office.bring(rows)
    assert set(whats(report).values()) == {("recoded",)}
    assert report.plan is not None
    pairs = files.list_files(office.conn, report.plan)[0].pairs
    assert [(p.old_code, p.new_code, p.is_continued) for p in pairs] == [
        (code, new, True) for (code, _, _), (new, _, _) in zip([*WEST, *EAST], rows, strict=True)
    ]
    office.publish(report.plan)
    now = office.ground("community")
    assert [now[code][0] for code, _, _ in rows] == county.communities
    assert terms(office.conn)["赵一"] == (county.communities[0], None)
    # Codes below that began with the old one begin with the new one.
    assert {code[:12] for code in office.ground("compound")} == {code for code, _, _ in rows}
    assert office.is_sound()


def test_codes_that_were_swapped_go_with_the_ground(office: Office, county: County) -> None:
    south, north = county.communities[:2]
    add_duty(office.conn, south, "赵一", "community_chief", "[2025-01-01,)")
    rows = [("341525100002", "城南社区", SW), ("341525100001", "城北社区", NW), *EAST]
    report = office.bring(rows)
    assert whats(report) == {"341525100002": ("recoded",), "341525100001": ("recoded",)}
    assert report.plan is not None
    office.publish(report.plan)
    now = office.ground("community")
    assert (now["341525100002"][:2], now["341525100001"][:2]) == (
        (south, "城南社区"), (north, "城北社区"),
    )  # fmt: skip
    assert terms(office.conn)["赵一"] == (south, None)
    assert office.parents()["城南社区甲小区"] == "341525100002"
    assert office.is_sound()


def test_a_village_split_in_two(office: Office, county: County) -> None:
    """The part with the old name lives on, though it is the smaller one."""
    one, other = box(116.30, 31.40, 116.309, 31.42), box(116.309, 31.40, 116.32, 31.42)
    rows = [("341525100001", "城南社区", one), ("341525100003", "新苑社区", other), WEST[1], *EAST]
    report = office.bring(rows)
    assert whats(report) == {"341525100001": ("moved",), "341525100003": ("split",)}
    assert report.plan is not None
    done = office.publish(report.plan)
    now = office.ground("community")
    assert now["341525100001"][0] == county.communities[0]
    assert now["341525100003"][0] == done.made[-1]
    # Without buildings or a column the ground divides the households, and none is lost.
    assert (now["341525100001"][2], now["341525100003"][2]) == (90, 110)
    # The second compound lies wholly in the new village: a step of the plan handed it over.
    assert office.parents()["城南社区乙小区"] == "341525100003"
    steps = [step.operation["do"] for step in drawing.list_steps(office.conn, report.plan)]
    assert steps == ["bring", "hand_over"]
    assert office.is_sound()


def test_households_go_with_the_buildings(office: Office, county: County) -> None:
    for lon, households in ((116.303, 30), (116.313, 90)):
        office.conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES ('楼', %s, ST_SetSRID(ST_MakePoint(%s, 31.41), 4326))",
            [households, lon],
        )
    one, other = box(116.30, 31.40, 116.309, 31.42), box(116.309, 31.40, 116.32, 31.42)
    rows = [("341525100001", "城南社区", one), ("341525100003", "新苑社区", other), WEST[1], *EAST]
    report = office.bring(rows)
    assert report.plan is not None
    [brought] = files.list_files(office.conn, report.plan)
    assert {p.new_code: p.households for p in brought.pairs} == {
        "341525100001": 30, "341525100003": 90,
    }  # fmt: skip
    office.publish(report.plan)
    now = office.ground("community")
    assert (now["341525100001"][2], now["341525100003"][2]) == (50, 150)


def test_counts_of_the_file_come_first(office: Office) -> None:
    report = office.bring([*WEST, *EAST], counts=[210, 200, 200, 200])
    assert whats(report) == {"341525100001": ("counted",)}
    assert report.plan is not None
    office.publish(report.plan)
    assert office.ground("community")["341525100001"][2] == 210


def test_a_border_that_leaves_compounds_outside_is_a_fault_of_the_plan(
    office: Office, county: County
) -> None:
    """The border runs through both northern compounds: each is named, and blocks."""
    rows = [
        ("341525100001", "城南社区", box(116.30, 31.40, 116.32, 31.425)),
        ("341525100002", "城北社区", box(116.30, 31.425, 116.32, 31.44)),
    ]
    report = office.bring(rows)
    assert report.is_written
    assert report.plan is not None
    assert [each.whats for each in report.differences] == [("moved",)] * 2
    # The file says nothing of the other town, whose villages stay.
    assert [f.rows[0].code for f in report.findings if f.kind == "not_in_file"] == [
        "341525101001", "341525101002",
    ]  # fmt: skip
    plan = keeping.get(office.conn, report.plan)
    blocking = [each for each in checking.find(office.conn, plan) if each.is_blocking]
    assert {each.kind for each in blocking} == {"outside_parent"}
    # 甲: 31.422 to 31.428; 乙 begins at 31.427.
    assert [each.ids[0] for each in blocking] == [county.compounds[2]]
    assert [f.m2 for f in report.findings if f.kind == "plan_fault"] == [
        pytest.approx(blocking[0].m2)
    ]
    with pytest.raises(PlanStateError, match="1 must be fixed"):
        office.publish(report.plan)
    office.conn.rollback()
    drawing.do(office.conn, report.plan, COMMAND_LINE, blocking[0].fix, revision=None)
    office.publish(report.plan)
    assert office.is_sound()


def test_what_leaves_its_parent_may_stand_with_a_reason(office: Office) -> None:
    rows = [
        ("341525100001", "城南社区", box(116.30, 31.40, 116.32, 31.425)),
        ("341525100002", "城北社区", box(116.30, 31.425, 116.32, 31.44)),
    ]
    report = office.bring(rows)
    assert report.plan is not None
    plan = keeping.get(office.conn, report.plan)
    [fault] = [each for each in checking.find(office.conn, plan) if each.is_blocking]
    checking.accept(office.conn, plan, COMMAND_LINE, fault.key, "一并服务")
    office.publish(report.plan)
    assert office.is_sound()
    assert office.conn.execute(
        "SELECT kind::text, grid_id, reason FROM partition_exception"
    ).fetchall() == [("outside_parent", fault.ids[0], "一并服务")]


def test_a_compound_wholly_in_another_village_is_handed_over(
    office: Office, county: County
) -> None:
    rows = [
        ("341525100001", "城南社区", box(116.30, 31.40, 116.32, 31.4345)),
        ("341525100002", "城北社区", box(116.30, 31.4345, 116.32, 31.44)),
        *EAST,
    ]
    report = office.bring(rows)
    assert report.plan is not None
    assert not [f for f in report.findings if f.kind == "plan_fault"]
    office.publish(report.plan)
    parents = office.parents()
    assert parents["城北社区甲小区"] == parents["城北社区乙小区"] == "341525100001"
    assert office.is_sound()


def test_a_town_border_hands_villages_over_with_what_lies_in_them(
    office: Office, county: County
) -> None:
    """The northern village of the west goes to the eastern town: its compounds go with it."""
    corner = [(116.32, 31.40), (116.34, 31.40), (116.34, 31.44), (116.30, 31.44), (116.30, 31.42),
              (116.32, 31.42)]  # fmt: skip
    rows = [("341525100", "衡山镇", SW), ("341525101", "佛子岭镇", Polygon(corner))]
    report = office.bring(rows, "town")
    assert report.plan is not None
    assert not [f for f in report.findings if f.kind == "plan_fault"]
    office.publish(report.plan)
    north = office.conn.execute(
        "SELECT parent_id, code FROM grid_version WHERE grid_id = %s AND valid @> %s::date",
        [county.communities[1], clock.today()],
    ).fetchone()
    assert north == (county.towns[1], "341525101003")
    assert office.parents()["城北社区甲小区"] == "341525101003"
    assert office.is_sound()


def test_compounds_that_a_complete_file_no_longer_names_end(office: Office, county: County) -> None:
    rows = [("341525100001001", "城南社区甲小区", box(116.302, 31.402, 116.308, 31.408))]
    report = office.bring(rows, "compound")
    # The file is the whole of the village in which it names something, and of no other.
    assert whats(report) == {"341525100001002": ("gone",)}
    assert report.plan is not None
    office.publish(report.plan)
    now = office.ground("compound")
    assert "341525100001002" not in now
    assert len(now) == 7
    assert office.is_sound()


def test_a_code_that_ends_may_be_anothers_from_that_day_on(office: Office, county: County) -> None:
    """The two villages of the west are one, and half of an eastern one gets the code left over."""
    one, other = box(116.32, 31.40, 116.329, 31.42), box(116.329, 31.40, 116.34, 31.42)
    rows = [
        ("341525100001", "城南社区", box(116.30, 31.40, 116.32, 31.44)),
        ("341525101001", "河东村", one),
        ("341525100002", "新河村", other),
        EAST[1],
    ]
    report = office.bring(rows)
    assert whats(report)["341525100001"] == ("moved", "takes_in")
    assert [each.whats for each in report.differences if each.grid.code == "341525100002"] == [
        ("split",), ("merged",),
    ]  # fmt: skip
    assert report.plan is not None
    done = office.publish(report.plan)
    assert office.ground("community")["341525100002"][0] == done.made[-1]
    assert office.is_sound()


def test_a_published_division_brought_again_changes_nothing(office: Office) -> None:
    whole = box(116.30, 31.40, 116.32, 31.44)
    rows = [("341525100003", "新城南社区", whole), *EAST]
    report = office.bring(rows)
    assert report.plan is not None
    office.publish(report.plan)
    again = office.bring(rows)
    assert (again.plan, again.differences) == (None, [])


def test_a_level_of_which_nothing_holds_yet(office: Office, county: County) -> None:
    office.conn.execute("DELETE FROM grid_version WHERE level = 'compound'")
    rows = [("341525100001001", "新一小区", box(116.302, 31.402, 116.308, 31.408))]
    report = office.bring(rows, "compound")
    assert whats(report) == {"341525100001001": ("new",)}
    assert report.plan is not None
    assert files.list_files(office.conn, report.plan)[0].pairs[0].old_id is None
    office.publish(report.plan)
    assert office.parents() == {"新一小区": "341525100001"}
    assert office.is_sound()


def test_a_county_that_grows_has_ground_that_no_town_covers(office: Office) -> None:
    report = office.bring([("341525", "霍山县", box(116.30, 31.40, 116.35, 31.44))], "county")
    assert whats(report) == {"341525": ("moved",)}
    assert report.plan is not None
    found = checking.find(office.conn, keeping.get(office.conn, report.plan))
    assert [each.kind for each in found if each.is_blocking] == ["gap"]


def test_what_leaves_its_parent_is_one_fault_by_file_and_by_plan(office: Office) -> None:
    """The eastern town takes a strip of the western one, in which the villages stay as they are."""
    towns = [
        ("341525100", "衡山镇", box(116.30, 31.40, 116.315, 31.44)),
        ("341525101", "佛子岭镇", box(116.315, 31.40, 116.34, 31.44)),
    ]

    def listed() -> list[tuple[str, str, int, bool]]:
        """Return what ``gridmap check`` lists: kind, code, whole m2, whether it is let stand."""
        return sorted(
            (each.kind, each.rows[0].code, round(each.m2 or 0), "recorded" in each.data)
            for report in check(office.conn, LEVELS, on=clock.today())
            for each in report.findings
        )

    def exceptions() -> list[tuple[Any, ...]]:
        rows = office.conn.execute("SELECT kind, grid_id, reason FROM partition_exception")
        return sorted(rows.fetchall())

    accepted = ("outside_parent",)
    with office.conn.transaction(force_rollback=True):
        report = office.bring(towns, "town", title=None, accept=accepted, reason="村随后")
        assert [(each.kind, each.rows[0].code) for each in report.findings] == [
            ("below_outside", "341525100001"), ("below_outside", "341525100002"),
            ("further_outside", "341525100001002"), ("further_outside", "341525100002002"),
        ]  # fmt: skip
        assert "> Recorded as exceptions from the partition law." in report.to_text()
        by_file = listed(), exceptions()
    report = office.bring(towns, "town", title="镇界")
    assert report.plan is not None
    faults = [
        each
        for each in checking.find(office.conn, keeping.get(office.conn, report.plan))
        if each.is_blocking
    ]
    assert [(each.kind, round(each.m2 or 0)) for each in faults] == [
        ("outside_parent", 1_054_361), ("outside_parent", 1_054_140)
    ]  # fmt: skip
    for each in faults:
        plan = keeping.get(office.conn, report.plan)
        checking.accept(office.conn, plan, COMMAND_LINE, each.key, "村随后")
    office.publish(report.plan)
    assert (listed(), exceptions()) == by_file
    assert by_file[0] == [
        ("does_not_nest", "341525100001", 1_054_361, True),
        ("does_not_nest", "341525100002", 1_054_140, True),
    ]


def test_a_name_that_a_plan_under_way_has(office: Office) -> None:
    rows = [("341525100003", "新城南村", box(116.30, 31.40, 116.32, 31.44)), *EAST]
    first = office.bring(rows, title="并村")
    with pytest.raises(InvalidInputError) as refused:
        office.bring(rows, title=" 并村 ", is_dry_run=True)
    assert str(refused.value) == (
        f"There is a plan of this name already: plan {first.plan} “并村”"
        f" (Draft, from {clock.today()} on). Go on with it (gridmap plan check {first.plan}), or"
        " give the new plan another name. If the new one is to replace it, withdraw it first:"
        f" gridmap plan advance {first.plan} withdraw."
    )
    plans = office.conn.execute("SELECT plan_id, title FROM plan").fetchall()
    assert plans == [(first.plan, "并村")]
    # One that has come to its end is in nobody's way.
    assert first.plan is not None
    advancing.advance(office.conn, keeping.get(office.conn, first.plan), COMMAND_LINE, "withdraw")
    second = office.bring(rows, title="并村")
    assert second.plan not in {None, first.plan}


def test_villages_that_were_renumbered_by_one(office: Office, county: County) -> None:
    """Each has the code that was its neighbour's: name and ground say who it is."""
    codes = ["341525100002", "341525101001", "341525101002", "341525101003"]
    rows = [(code, name, shape) for code, (_, name, shape) in
            zip(codes, [*WEST, *EAST], strict=True)]  # fmt: skip
    report = office.bring(rows)
    assert set(whats(report).values()) == {("recoded",)}
    assert report.plan is not None
    office.publish(report.plan)
    assert [office.ground("community")[code][0] for code in codes] == county.communities
    assert office.is_sound()


def test_a_file_in_which_nothing_differs_makes_no_plan(office: Office) -> None:
    report = office.bring([*WEST, *EAST])
    assert not report.is_written
    assert "Nothing to do" in report.verdict()
    assert keeping.list_plans(office.conn) == []


def test_a_table_says_who_lives_on(office: Office, county: County) -> None:
    whole = box(116.30, 31.40, 116.32, 31.44)
    rows = [("341525100003", "新城南社区", whole), *EAST]
    table = [
        TableRow(2, "341525100001", "341525100003", False),
        TableRow(3, "341525100002", "341525100003", True),
    ]
    report = office.bring(rows, table=table)
    assert report.plan is not None
    office.publish(report.plan)
    assert office.ground("community")["341525100003"][0] == county.communities[1]


def test_a_table_may_let_neither_live_on(office: Office, county: County) -> None:
    add_duty(office.conn, county.communities[0], "赵一", "community_chief", "[2025-01-01,)")
    whole = box(116.30, 31.40, 116.32, 31.44)
    rows = [("341525100003", "新城南社区", whole), *EAST]
    table = [TableRow(n, code, "341525100003", False) for n, (code, _, _) in enumerate(WEST, 2)]
    report = office.bring(rows, table=table)
    assert whats(report)["341525100003"] == ("formed",)
    assert report.plan is not None
    done = office.publish(report.plan)
    assert office.ground("community")["341525100003"] == (done.made[-1], "新城南社区", 400)
    assert terms(office.conn)["赵一"][1] == clock.today()
    assert office.is_sound()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ([TableRow(2, "9.90101E+14", "341525100001")], "Row 2 of the table: no grid"),
        ([TableRow(2, "341525100001", "7")], "Row 2 of the table: the file has no grid"),
        (
            [
                TableRow(2, "341525100001", "341525100001", True),
                TableRow(3, "341525100002", "341525100001", True),
            ],
            "another row says so",
        ),
        (
            [TableRow(2, "341525100001", "341525100001"), TableRow(3, "", "341525100001")],
            "both of no known grid",
        ),
    ],
)
def test_a_table_at_fault_is_refused_before_anything_is_written(
    office: Office, table: Sequence[TableRow], text: str
) -> None:
    before = faults.digest(office.conn)
    with pytest.raises(FileRefusedError, match=text):
        office.bring([*WEST, *EAST], table=table)
    office.conn.rollback()
    assert faults.digest(office.conn) == before


def test_the_proposed_table_is_read_back_as_it_was(office: Office, tmp_path: Path) -> None:
    whole = box(116.30, 31.40, 116.32, 31.44)
    report = office.bring([("341525100003", "新城南社区", whole), *EAST], is_dry_run=True)
    path = tmp_path / "table.csv"
    path.write_bytes(code_table.to_table(report.table))
    assert [(row.old, row.new, row.continues) for row in code_table.read(path)] == [
        ("341525100001", "341525100003", True),
        ("341525100002", "341525100003", False),
        ("341525101001", "341525101001", True),
        ("341525101002", "341525101002", True),
    ]
    # As a Chinese Excel saves it.
    path.write_bytes("原编码,新编码,沿用\n341525100001,341525100003,是\n".encode("gbk"))
    assert code_table.read(path) == (TableRow(2, "341525100001", "341525100003", True),)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidInputError, match="No column was recognised for: code_old"):
        code_table.read(path)
    path.write_text("code_old,code_new,continues\n1,2,maybe\n")
    with pytest.raises(InvalidInputError, match='continues is "maybe"'):
        code_table.read(path)


def test_dry_run_lists_grid_by_grid(office: Office) -> None:
    before = faults.digest(office.conn)
    whole = box(116.30, 31.40, 116.32, 31.44)
    rows = [("341525100003", "新城南社区", whole), *EAST]
    report = office.bring(rows, is_dry_run=True)
    assert "The plan would change 1 renamed" in report.verdict()
    assert [each.line() for each in report.differences] == [
        "row 1 341525100003 新城南社区: renamed from 城南社区; recoded from 341525100001;"
        f" border moved: {report.differences[0].gained_m2:,.0f} m² gained, 0 m² lost;"
        " takes in 341525100002 城北社区",
        "341525100002 城北社区: ends, merged into row 1 341525100003 新城南社区",
    ]
    assert report.differences[0].gained_m2 == pytest.approx(4.22e6, rel=0.01)
    assert faults.digest(office.conn) == before
    table = list(csv.reader(report.to_csv().splitlines()))
    assert [row[:5] for row in table if row[0] == "difference"] == [
        ["difference", "renamed+recoded+moved+takes_in", "1", "341525100003", "新城南社区"],
        ["difference", "merged", "", "341525100002", "城北社区"],
    ]
    plain = json.loads(report.to_json())
    assert [each["grid"]["code"] for each in plain["differences"]] == [
        "341525100003", "341525100002",
    ]  # fmt: skip


def test_a_plain_import_is_refused_and_told_of_plans(office: Office) -> None:
    whole = box(116.30, 31.40, 116.32, 31.44)
    report = office.bring([("341525100003", "x", whole), *EAST], title=None, is_dry_run=True)
    assert report.is_blocked
    assert "--as-plan NAME" in report.to_text()
    assert "ends, merged into" in report.to_text()
    # A plan does not advise what is on already.
    west = [("341525100001", "城南社区", box(116.30, 31.40, 116.323, 31.42)), WEST[1]]
    report = office.bring(west)
    assert [f.kind for f in report.findings if f.severity == "blocking"] == ["overlap_existing"]
    assert "--as-plan" not in report.to_text()
    assert keeping.list_plans(office.conn) == []


def test_long_lists_are_shortened_on_the_terminal_only(office: Office) -> None:
    strips = [
        (f"3415251000{n:02d}", f"村{n}", box(116.30 + n * 0.001, 31.40, 116.301 + n * 0.001, 31.44))
        for n in range(20)
    ]
    report = office.bring([*strips, *EAST], is_dry_run=True)
    assert len(report.differences) > 15
    text = report.to_text()
    assert f"and {len(report.differences) - 10} more" in text
    assert len(json.loads(report.to_json())["differences"]) == len(report.differences)


def test_undone_done_again_copied_and_done_on_newer_boundaries(
    office: Office, county: County
) -> None:
    conn = office.conn
    rows = [(f"{code[:9]}5{code[10:]}", name, shape) for code, name, shape in [*WEST, *EAST]]
    report = office.bring(rows)
    number = report.plan
    assert number is not None
    drawing.undo(conn, number, COMMAND_LINE, revision=None)
    assert files.list_files(conn, number) == []
    drawing.redo(conn, number, COMMAND_LINE, revision=None)
    copy = keeping.copy(conn, number, COMMAND_LINE, "副本").plan_id
    assert files.list_files(conn, copy)[0].pairs == files.list_files(conn, number)[0].pairs
    boundaries.insert_versions(
        conn,
        "community",
        [
            NewVersion(
                county.communities[0], "城南新社区", "341525100001", county.towns[0], 1, 1, SW
            )
        ],
        valid_from=clock.today(),
        source="tests",
    )
    conn.commit()
    with pytest.raises(PlanStateError, match="Other boundaries"):
        office.publish(number)
    conn.rollback()
    drawing.rebase(conn, copy, COMMAND_LINE, revision=None)
    assert [step.fault for step in drawing.list_steps(conn, copy)] == [None]
    office.publish(copy)
    assert set(office.ground("community")) == {code for code, _, _ in rows}


def test_the_opposite_of_a_division_brings_everything_back(office: Office) -> None:
    was = {level: office.ground(level) for level in LEVELS}
    whole = box(116.30, 31.40, 116.32, 31.44)
    report = office.bring([("341525100003", "新城南社区", whole), *EAST])
    assert report.plan is not None
    office.publish(report.plan)
    later = date.fromordinal(clock.today().toordinal() + 1)
    back = publishing.oppose(office.conn, report.plan, COMMAND_LINE, "撤回", later)
    assert not [f for f in checking.find(office.conn, back) if f.is_blocking]
    office.publish(back.plan_id)
    rows = office.conn.execute(
        "SELECT level::text, code, grid_id, name, households FROM grid_version"
        " WHERE valid @> %s::date", [later]
    ).fetchall()  # fmt: skip
    now: Mapping[str, dict[str, Any]] = {level: {} for level in LEVELS}
    for level, code, *rest in rows:
        now[level][code] = tuple(rest)
    assert now == was


def test_a_past_day_is_said(office: Office) -> None:
    report = office.bring([(WEST[0][0], "城南新社区", SW), WEST[1], *EAST], day=date(2025, 1, 1))
    assert report.is_written
    assert "plan_day_past" in {finding.kind for finding in report.findings}


def test_exceptions_are_not_accepted_beforehand(office: Office) -> None:
    with pytest.raises(InvalidInputError, match="--accept does not go"):
        office.bring([*WEST, *EAST], accept=("gap",), reason="x")


def test_a_county_with_another_code_becomes_a_plan(office: Office) -> None:
    before = office.ground("county")
    ((code, (number, name, _households)),) = before.items()
    shape = office.conn.execute(
        "SELECT ST_AsBinary(geom) FROM grid_version WHERE grid_id = %s", [number]
    ).fetchone()
    assert shape is not None
    rows = [("341599", name, shapely.from_wkb(shape[0]))]
    refused = office.bring(rows, "county", title=None)
    assert "second_county" in [finding.kind for finding in refused.findings]
    assert "bring the file as a plan (--as-plan NAME)" in refused.to_text()
    assert code in refused.to_text()
    report = office.bring(rows, "county")
    assert report.plan is not None
    office.publish(report.plan)
    assert office.ground("county") == {"341599": (number, name, before[code][2])}
    assert office.is_sound()


def test_another_county_becomes_no_plan(office: Office) -> None:
    report = office.bring([("110101", "远县", box(120.40, 31.40, 120.44, 31.42))], "county")
    assert [finding.kind for finding in report.findings if finding.severity == "blocking"] == [
        "second_county"
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (TableRow(2, WEST[0][0], ""), "nothing follows"),
        (TableRow(2, "", EAST[0][0]), "comes of no known grid"),
    ],
)
def test_a_table_that_denies_who_has_the_ground(office: Office, row: TableRow, said: str) -> None:
    with pytest.raises(FileRefusedError, match=said):
        office.bring([*WEST, *EAST], table=[row])
