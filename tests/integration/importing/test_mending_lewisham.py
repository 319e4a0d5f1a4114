"""Drawing on real, faulty input: the old faults are listed, and mended one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import shapely
from click.testing import CliRunner
from psycopg.rows import TupleRow

from geodata.database import clock
from geodata.database import connecting as db
from geodata.errors import InvalidInputError
from geodata.plans import advancing, checking, drafts, drawing, keeping, publishing
from geodata.plans.model import COMMAND_LINE, Plan
from scripts.cli.importing import commands as importing

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "lewisham"
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not there"),
]
LEVELS = (
    ("county", "council_epsg27700_shp.zip", "LAD22NM", "LAD22CD"),
    ("town", "msoas_epsg27700_in_geojson.geojson", "MSOA21NM", "MSOA21CD"),
    ("community", "lsoa_epsg27700_shp.zip", "LSOA21NM", "LSOA21CD"),
    ("compound", "oa_epsg27700_shp.zip", "OA21CD", "OA21CD"),
)


@pytest.fixture(scope="module")
def borough(module_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDMAP_DATABASE_URL", module_url)
        for level, file, name, code in LEVELS:
            done = CliRunner().invoke(importing[0], [
                "grids", str(DATA / file), "--level", level, "--name", name, "--code", code,
                "--valid-from", "2016-01-01", "--repair",
            ])  # fmt: skip
            assert done.exit_code == 0, done.output
    with db.connect(module_url) as conn:
        yield conn


def begin(conn: psycopg.Connection[TupleRow]) -> Plan:
    return keeping.create(conn, COMMAND_LINE, "mend", "", clock.today())


def towns(conn: psycopg.Connection[TupleRow]) -> list[int]:
    rows = conn.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'town' ORDER BY code"
    ).fetchall()
    return [row[0] for row in rows]


def test_old_faults_are_listed_and_mended_one_by_one(
    borough: psycopg.Connection[TupleRow],
) -> None:
    plan, mended, left = begin(borough), Counter[str](), Counter[str]()
    for town in towns(borough)[:14]:
        tried: set[str] = set()
        while todo := [
            fault
            for fault in checking.find_all(borough, plan, town)
            if fault.fix and fault.key not in tried and fault.kind != "small"
        ]:
            fault = todo[0]
            tried.add(fault.key)
            assert fault.place is not None
            assert fault.fix is not None
            try:
                with borough.transaction():
                    plan = drawing.do(
                        borough, plan.plan_id, COMMAND_LINE, dict(fault.fix), revision=None
                    ).plan
            except InvalidInputError:
                left[fault.kind] += 1
                continue
            mended[fault.kind] += 1
            # Whatever was done, the fault is gone and is not said of anything else there.
            after = {each.key for each in checking.find_all(borough, plan, town)}
            assert fault.key not in after
    assert mended["multipart"] >= 10
    assert mended["outside_parent"] >= 20
    assert sum(left.values()) <= sum(mended.values()) / 5
    # And what is mended can be published: nothing new is wrong with it.
    blocking = [each for each in checking.find(borough, plan) if each.is_blocking]
    assert len(blocking) <= 5
    for fault in blocking:
        checking.accept(borough, plan, COMMAND_LINE, fault.key, "as surveyed")
    plan = advancing.advance(borough, keeping.get(borough, plan.plan_id), COMMAND_LINE, "submit")
    plan = advancing.advance(borough, plan, COMMAND_LINE, "approve")
    done = publishing.publish(borough, plan.plan_id, COMMAND_LINE, clock.today(), revision=None)
    assert done.plan.state == "published"
    borough.rollback()


def test_a_corner_that_real_neighbours_share_moves_in_all_of_them(
    borough: psycopg.Connection[TupleRow],
) -> None:
    """In the thick of faults: what was wrong stays as wrong, and stands in nobody's way."""
    plan, moved = begin(borough), 0
    rows = borough.execute(
        "SELECT grid_id, ST_AsBinary(geom) FROM grid_version WHERE level = 'community'"
        " ORDER BY md5(grid_id::text) LIMIT 40"
    ).fetchall()
    for grid_id, wkb in rows:
        corners = shapely.get_coordinates(shapely.from_wkb(wkb))
        corner = corners[len(corners) // 3].tolist()
        to = [corner[0] + 1e-5, corner[1] + 1e-5]
        try:
            with borough.transaction():
                done = drawing.do(
                    borough, plan.plan_id, COMMAND_LINE,
                    {"do": "move", "corner": corner, "to": to}, revision=None,
                )  # fmt: skip
        except InvalidInputError:
            continue
        moved += grid_id in done.changed
        draft = drafts.load(borough, done.plan, done.changed)
        for id_ in done.changed:
            assert draft.ground[id_].shape.is_valid
    assert moved >= 20
    borough.rollback()
