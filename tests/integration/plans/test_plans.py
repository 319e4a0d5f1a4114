"""Plans against a real database: drawn, undone, shared, sent through the office, published."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
import shapely
from county import BEGIN, TODAY, County, build
from psycopg.rows import TupleRow

from geodata.errors import InvalidInputError, NotFoundError, StaleError
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.partition.ground import LawError
from geodata.plans import checking, drafts, drawing, keeping
from geodata.plans.model import COMMAND_LINE, Plan, PlanStateError

Conn = psycopg.Connection[TupleRow]


@pytest.fixture
def county(conn: Conn) -> County:
    return build(conn)


@pytest.fixture
def plan(conn: Conn, county: County) -> Plan:
    return keeping.create(conn, COMMAND_LINE, "河东扩界", "新建小区", TODAY)


def do(conn: Conn, plan: Plan, **operation: Any) -> drawing.Done:
    return drawing.do(conn, plan.plan_id, COMMAND_LINE, operation, revision=None)


def state(conn: Conn, plan: Plan) -> dict[int, tuple[object, ...]]:
    """Everything that a plan changes, with shapes as bytes."""
    rows = conn.execute(
        """
        SELECT grid_id, level, parent_id, name, code, households, ST_AsBinary(geom)
        FROM plan_grid g JOIN plan p USING (plan_id) WHERE p.plan_id = %s AND g.steps @> p.step
        """,
        [plan.plan_id],
    ).fetchall()
    return {row[0]: tuple(row[1:]) for row in rows}


class TestDrawing:
    def test_a_corner_that_four_communities_share_moves_in_all_of_them(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        done = do(conn, plan, do="move", corner=[116.32, 31.42], to=[116.3205, 31.4204])
        assert done.changed == {*county.communities, *county.towns}
        draft = drafts.load(conn, done.plan, county.communities)
        for id_ in done.changed:
            corners = shapely.get_coordinates(draft.ground[id_].shape).tolist()
            assert [116.3205, 31.4204] in corners
            assert [116.32, 31.42] not in corners
        # Nobody else sees it.
        published = drafts.read_published(conn, done.plan, county.communities)
        assert [116.32, 31.42] in shapely.get_coordinates(
            published.ground[county.communities[0]].shape
        ).tolist()

    def test_a_split_gives_name_code_and_households(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        for x, households in ((116.3035, 30), (116.3065, 50)):
            conn.execute(
                "INSERT INTO building (name, households, geom)"
                " VALUES ('1栋', %s, ST_SetSRID(ST_MakePoint(%s, 31.405), 4326))",
                [households, x],
            )
        [compound] = county.compounds[:1]
        done = do(
            conn, plan, do="split", grid=compound, name="城南社区新苑",
            line=[[116.305, 31.39], [116.3052, 31.41]],
        )  # fmt: skip
        assert done.changed == {compound, -1}
        draft = drafts.load(conn, done.plan, [compound, -1])
        # The smaller part is the new one; it has the next number, and its buildings' households.
        assert draft.facts[-1].code == "341525100001003"
        assert draft.facts[-1].name == "城南社区新苑"
        assert draft.ground[-1].shape.covers(shapely.Point(116.3065, 31.405))
        assert (draft.facts[-1].households, draft.facts[compound].households) == (50, 50)
        assert draft.facts[compound].code == "341525100001001"

    def test_a_split_without_buildings_divides_by_the_ground(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        compound = county.compounds[0]
        done = do(
            conn, plan, do="split", grid=compound, line=[[116.3065, 31.39], [116.3065, 31.42]]
        )
        draft = drafts.load(conn, done.plan, [compound, -1])
        assert (draft.facts[-1].households, draft.facts[compound].households) == (25, 75)
        assert draft.facts[-1].name == "城南社区甲小区 2"

    def test_codes_of_undone_and_ended_grids_are_not_given_again(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        first, second = county.compounds[:2]
        do(conn, plan, do="split", grid=first, line=[[116.305, 31.39], [116.305, 31.42]])
        do(conn, plan, do="split", grid=second, line=[[116.315, 31.39], [116.315, 31.42]])
        draft = drafts.load(conn, keeping.get(conn, plan.plan_id), [-1, -2])
        assert [draft.facts[each].code[-3:] for each in (-1, -2)] == ["003", "004"]

    def test_a_compound_changes_town_and_everything_above_follows(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        # From the south-western community to the south-eastern one.
        compound = county.compounds[1]
        done = do(conn, plan, do="hand_over", grid=compound, parent=county.communities[2])
        draft = drafts.load(conn, done.plan, [compound])
        assert draft.ground[compound].parent == county.communities[2]
        assert draft.facts[compound].code == "341525101001003"
        assert done.changed == {
            compound, county.communities[0], county.communities[2], *county.towns
        }  # fmt: skip
        back = do(conn, done.plan, do="hand_over", grid=compound, parent=county.communities[0])
        now = drafts.load(conn, back.plan, [*county.communities, *county.towns])
        then = drafts.read_published(conn, plan, [*county.communities, *county.towns])
        for id_ in (*county.communities, *county.towns):
            assert now.ground[id_].shape.equals(then.ground[id_].shape)

    def test_a_merge_adds_households_and_moves_children(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        south, north = county.communities[:2]
        done = do(conn, plan, do="merge", grid=south, other=north)
        draft = drafts.load(conn, done.plan, [south, *county.compounds[:4]])
        assert north not in drafts.load(conn, done.plan, [north]).ground.pieces
        assert draft.facts[south].households == 400
        assert {draft.ground[each].parent for each in county.compounds[:4]} == {south}
        codes = sorted(draft.facts[each].code for each in county.compounds[:4])
        assert codes == [f"341525100001{n:03d}" for n in (1, 2, 3, 4)]

    def test_a_broken_law_leaves_nothing_behind(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        with pytest.raises(LawError) as caught, conn.transaction():
            # Over the compound beside it, and out of its community.
            do(conn, plan, do="move", corner=[116.308, 31.408], to=[116.317, 31.425])
        assert caught.value.data["kind"] in ("overlap", "outside_parent")
        assert state(conn, plan) == {}
        assert keeping.get(conn, plan.plan_id).revision == plan.revision

    @pytest.mark.parametrize(
        ("operation", "what"),
        [
            ({"do": "explode"}, "explode"),
            ({"do": "move", "corner": [116, 31]}, "to"),
            ({"do": "move", "corner": [116, 31], "to": [float("nan"), 31]}, "to"),
            ({"do": "move", "corner": [116, 31], "to": [1e308, 31]}, "to"),
            ({"do": "split", "grid": 1, "line": [[116, 31]]}, "line"),
            ({"do": "rename", "grid": 1, "name": "  "}, "name"),
            ({"do": "rename", "grid": 1, "name": "x", "geom": "y"}, "geom"),
            ({"do": "count", "grid": 1, "households": -5}, "households"),
            ([], "operation"),
            ({"do": "merge", "grid": 99999, "other": 99998}, "99999"),
        ],
    )
    def test_what_cannot_be_read_is_named(
        self, conn: Conn, county: County, plan: Plan, operation: object, what: str
    ) -> None:
        with pytest.raises(InvalidInputError, match=what):
            drawing.do(conn, plan.plan_id, COMMAND_LINE, operation, revision=None)


class TestProposals:
    def add_buildings(self, conn: Conn, west: float, south: float, n: int = 40) -> None:
        for at in range(n):
            conn.execute(
                "INSERT INTO building (name, households, geom)"
                " VALUES (%s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
                [f"{at}栋", 5 + at % 7, west + at % 8 * 7e-4, south + at // 8 * 11e-4],
            )

    def test_a_grid_is_divided_into_parts_with_equal_households(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        compound = county.compounds[0]
        self.add_buildings(conn, 116.3024, 31.4024)
        total = sum(5 + at % 7 for at in range(40))
        do(conn, plan, do="count", grid=compound, households=total)
        done = do(conn, plan, do="divide", grid=compound, parts=4)
        assert done.changed == {compound, -1, -2, -3}
        draft = drafts.load(conn, done.plan, done.changed)
        counts = [draft.facts[each].households or 0 for each in done.changed]
        assert sum(counts) == total
        assert max(counts) <= 1.1 * total / 4
        shapes = [draft.ground[each].shape for each in done.changed]
        assert {shape.geom_type for shape in shapes} == {"Polygon"}
        assert shapely.coverage_is_valid(shapes)
        names = sorted(draft.facts[each].name for each in done.changed)
        assert names == ["城南社区甲小区", *(f"城南社区甲小区 {n}" for n in (2, 3, 4))]
        codes = sorted(draft.facts[each].code[-3:] for each in done.changed)
        assert codes == ["001", "003", "004", "005"]
        # The next one that is made gets the next number.
        after = do(conn, plan, do="split", grid=county.compounds[2],
                   line=[[116.305, 31.41], [116.305, 31.44]])  # fmt: skip
        assert -4 in after.changed

    def test_two_neighbours_are_evened_out(self, conn: Conn, county: County, plan: Plan) -> None:
        compound = county.compounds[0]
        self.add_buildings(conn, 116.3024, 31.4024)
        do(conn, plan, do="count", grid=compound, households=312)
        do(conn, plan, do="split", grid=compound, line=[[116.303, 31.39], [116.303, 31.42]])
        done = do(conn, plan, do="balance", grid=compound, other=-1)
        draft = drafts.load(conn, done.plan, [compound, -1])
        one, other = (draft.facts[each].households or 0 for each in (compound, -1))
        assert one + other == 312
        assert abs(one - other) <= 30

    def test_an_area_is_cut_out_taken_in_and_given_up(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        compound, second = county.compounds[:2]
        ring = [[116.303, 31.403], [116.304, 31.403], [116.304, 31.404], [116.303, 31.404],
                [116.303, 31.403]]  # fmt: skip
        done = do(conn, plan, do="cut_out", grid=compound, ring=ring, name="院中院")
        draft = drafts.load(conn, done.plan, [compound, -1])
        assert draft.facts[-1].name == "院中院"
        assert shapely.get_num_interior_rings(draft.ground[compound].shape) == 1
        wide = [[116.317, 31.408], [116.319, 31.408], [116.319, 31.412], [116.317, 31.412],
                [116.317, 31.408]]  # fmt: skip
        done = do(conn, plan, do="annex", grid=second, ring=wide)
        assert done.changed == {second}
        done = do(conn, plan, do="remove", grid=-1)
        assert -1 not in drafts.load(conn, done.plan, [-1]).facts
        with pytest.raises(InvalidInputError):
            do(conn, plan, do="remove", grid=county.communities[0])

    def test_a_sliver_is_found_and_closed_with_one_click(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        # Two compounds with a hole between them that is half a metre wide and 200 m long.
        left, right = county.compounds[:2]
        around = [[116.30800, 31.4020], [116.3090, 31.4020], [116.3090, 31.4060],
                  [116.30800, 31.4060], [116.30800, 31.4050], [116.3080050, 31.4050],
                  [116.3080050, 31.4030], [116.30800, 31.4030], [116.30800, 31.4020]]  # fmt: skip
        # Published so: what is drawn takes such strips along.
        [east] = boundaries.insert_versions(
            conn,
            "compound",
            [
                NewVersion(
                    None, "东区", "341525100001003", county.communities[0], None, None,
                    shapely.Polygon(around),
                )
            ],
            valid_from=BEGIN,
            source="tests",
        )  # fmt: skip
        do(conn, plan, do="rename", grid=east, name="新东区")
        plan = keeping.get(conn, plan.plan_id)
        found = checking.find_all(conn, plan, county.communities[0])
        [fault] = [each for each in found if each.kind == "narrow_gap"]
        assert fault.place is not None
        assert fault.place[0] == pytest.approx(116.3080025, abs=1e-6)
        assert fault.fix is not None
        done = drawing.do(conn, plan.plan_id, COMMAND_LINE, dict(fault.fix), revision=None)
        assert done.changed & {left, east}
        assert right not in done.changed
        found = checking.find_all(conn, done.plan, county.communities[0])
        assert [f for f in found if f.kind == "narrow_gap"] == []


class TestUndoing:
    def test_every_step_can_be_undone_and_done_again_to_the_bit(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        first, second = county.compounds[:2]
        todo: list[dict[str, Any]] = [
            {"do": "move", "corner": [116.32, 31.42], "to": [116.3205, 31.4204]},
            {"do": "split", "grid": first, "line": [[116.305, 31.39], [116.3052, 31.41]]},
            {"do": "rename", "grid": -1, "name": "新苑"},
            {"do": "merge", "grid": first, "other": -1},
            {"do": "hand_over", "grid": second, "parent": county.communities[2]},
            {"do": "count", "grid": second, "households": 7},
        ]
        states = [state(conn, plan)]
        for operation in todo:
            do(conn, plan, **operation)
            states.append(state(conn, plan))
        done = None
        for before in reversed(states[:-1]):
            done = drawing.undo(conn, plan.plan_id, COMMAND_LINE, revision=None)
            assert state(conn, plan) == before
        assert done
        assert done.plan.step == 0
        with pytest.raises(PlanStateError):
            drawing.undo(conn, plan.plan_id, COMMAND_LINE, revision=None)
        for after in states[1:]:
            drawing.redo(conn, plan.plan_id, COMMAND_LINE, revision=None)
            assert state(conn, plan) == after
        with pytest.raises(PlanStateError):
            drawing.redo(conn, plan.plan_id, COMMAND_LINE, revision=None)

    def test_drawing_on_after_undoing_forgets_what_was_undone(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        first = county.compounds[0]
        do(conn, plan, do="rename", grid=first, name="一")
        do(conn, plan, do="rename", grid=first, name="二")
        drawing.undo(conn, plan.plan_id, COMMAND_LINE, revision=None)
        done = do(conn, plan, do="rename", grid=first, name="三")
        assert (done.plan.step, done.plan.steps) == (2, 2)
        assert drafts.load(conn, done.plan, [first]).facts[first].name == "三"
        drawing.undo(conn, plan.plan_id, COMMAND_LINE, revision=None)
        assert state(conn, plan)[first][2] == "一"

    def test_a_step_that_changes_nothing_is_none(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        with pytest.raises(InvalidInputError, match="Nothing would change"):
            do(conn, plan, do="rename", grid=county.compounds[0], name="城南社区甲小区")


class TestSaving:
    def test_who_saves_on_top_of_something_else_is_told(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        operation = {"do": "rename", "grid": county.compounds[0], "name": "一"}
        drawing.do(conn, plan.plan_id, COMMAND_LINE, operation, revision=plan.revision)
        with pytest.raises(StaleError) as caught:
            drawing.do(
                conn,
                plan.plan_id,
                COMMAND_LINE,
                {**operation, "name": "二"},
                revision=plan.revision,
            )
        assert caught.value.data["revision"] == plan.revision + 1
        assert state(conn, plan)[county.compounds[0]][2] == "一"

    def test_a_plan_is_copied_with_what_is_drawn_and_not_what_was_undone(
        self, conn: Conn, county: County, plan: Plan
    ) -> None:
        do(conn, plan, do="rename", grid=county.compounds[0], name="一")
        do(conn, plan, do="rename", grid=county.compounds[0], name="二")
        drawing.undo(conn, plan.plan_id, COMMAND_LINE, revision=None)
        made = keeping.copy(conn, plan.plan_id, COMMAND_LINE, "另一个")
        assert state(conn, made) == state(conn, plan)
        assert (made.step, made.steps) == (1, 1)
        do(conn, made, do="rename", grid=county.compounds[0], name="三")
        assert state(conn, plan)[county.compounds[0]][2] == "一"

    def test_there_is_no_other_plan(self, conn: Conn, county: County) -> None:
        with pytest.raises(NotFoundError):
            keeping.get(conn, 4711)

    @pytest.mark.parametrize("title", ["", "   ", "长" * 121])
    def test_a_title_says_something(self, conn: Conn, county: County, title: str) -> None:
        with pytest.raises(InvalidInputError):
            keeping.create(conn, COMMAND_LINE, title, "", date(2026, 7, 1) + timedelta(1))
