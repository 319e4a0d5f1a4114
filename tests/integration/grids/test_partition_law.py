"""The partition law in the database: siblings never overlap, no matter who writes."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg.errors import CheckViolation, ExclusionViolation, InvalidTransactionState
from psycopg.rows import TupleRow

from geodata.database import connecting as db

Connection = psycopg.Connection[TupleRow]

ALWAYS = "[2024-01-01,)"


def box(west: float, south: float, east: float, north: float) -> str:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return "(" + ", ".join(f"{lon} {lat}" for lon, lat in corners) + ")"


def polygon(*rings: str) -> str:
    return f"MULTIPOLYGON(({', '.join(rings)}))"


LEFT = polygon(box(116.0, 31.0, 116.1, 31.1))
RIGHT = polygon(box(116.1, 31.0, 116.2, 31.1))
# Reaches one step of the coordinate grid, about a centimetre, into LEFT.
INTRUDER = polygon(box(116.0999999, 31.0, 116.2, 31.1))


def add(
    conn: Connection, code: str, shape: str, *, valid: str = ALWAYS, level: str = "town"
) -> int:
    """Insert a grid with one version; return its grid_id."""
    row = conn.execute("INSERT INTO grid (level) VALUES (%s) RETURNING grid_id", [level]).fetchone()
    assert row is not None
    add_version(conn, row[0], code, shape, valid=valid, level=level)
    return row[0]


def add_version(
    conn: Connection, grid_id: int, code: str, shape: str, *, valid: str, level: str = "town"
) -> None:
    conn.execute(
        "INSERT INTO grid_version (grid_id, level, valid, name, code, parent_id, geom, label_point)"
        " SELECT %(grid_id)s, %(level)s::grid_level, %(valid)s::daterange, %(code)s, %(code)s,"
        "        (SELECT min(grid_id) FROM grid WHERE level = 'county' AND %(level)s <> 'county'),"
        "        g, ST_PointOnSurface(g) FROM ST_GeomFromText(%(shape)s, 4326) g",
        {"grid_id": grid_id, "level": level, "valid": valid, "code": code, "shape": shape},
    )


@pytest.fixture
def county(conn: Connection) -> Connection:
    """A committed county around everything."""
    add(conn, "341525", polygon(box(115.0, 30.0, 118.0, 33.0)), level="county")
    conn.commit()
    return conn


def refused(conn: Connection) -> pytest.RaisesExc[ExclusionViolation]:
    return pytest.raises(ExclusionViolation, match="overlaps")


@pytest.mark.parametrize("shapes", [(LEFT, INTRUDER), (INTRUDER, LEFT)])
def test_overlap_within_a_transaction(county: Connection, shapes: tuple[str, str]) -> None:
    for number, shape in enumerate(shapes):
        add(county, f"town {number}", shape)
    with refused(county):
        county.commit()


@pytest.mark.parametrize("shapes", [(LEFT, INTRUDER), (INTRUDER, LEFT)])
def test_overlap_with_what_is_there(county: Connection, shapes: tuple[str, str]) -> None:
    add(county, "town 0", shapes[0])
    county.commit()
    add(county, "town 1", shapes[1])
    with refused(county) as raised:
        county.commit()
    assert raised.value.diag.constraint_name == "grid_version_no_overlap"
    assert county.execute("SELECT count(*) FROM grid WHERE level = 'town'").fetchone() == (1,)


@pytest.mark.parametrize("moved", ["left", "right"])
def test_overlap_by_moving(county: Connection, moved: str) -> None:
    ids = {"left": add(county, "left", LEFT), "right": add(county, "right", RIGHT)}
    county.commit()
    wide = polygon(box(116.0, 31.0, 116.2, 31.1))
    county.execute(
        "UPDATE grid_version SET geom = ST_GeomFromText(%s, 4326) WHERE grid_id = %s",
        [wide, ids[moved]],
    )
    with refused(county):
        county.commit()


def test_overlap_by_moving_one_onto_a_new_one(county: Connection) -> None:
    left = add(county, "left", LEFT)
    county.commit()
    county.execute(
        "UPDATE grid_version SET geom = ST_GeomFromText(%s, 4326) WHERE grid_id = %s",
        [polygon(box(116.0, 31.0, 116.15, 31.1)), left],
    )
    add(county, "right", RIGHT)
    with refused(county):
        county.commit()


def test_overlap_by_lengthening_the_dates(county: Connection) -> None:
    old = add(county, "old", LEFT, valid="[2020-01-01,2024-01-01)")
    add(county, "new", INTRUDER, valid="[2024-01-01,)")
    county.commit()
    county.execute(
        "UPDATE grid_version SET valid = '[2020-01-01,2024-01-02)' WHERE grid_id = %s", [old]
    )
    with refused(county):
        county.commit()


def test_overlap_in_a_savepoint(county: Connection) -> None:
    with county.transaction(), county.transaction():
        add(county, "left", LEFT)
    with refused(county), county.transaction(), county.transaction():
        add(county, "intruder", INTRUDER)


def shorten(conn: Connection, grid_id: int) -> None:
    """Let a grid end some time from now: it is still there today."""
    conn.execute(
        "UPDATE grid_version SET valid = daterange(lower(valid), '2090-01-01') WHERE grid_id = %s",
        [grid_id],
    )


@pytest.mark.parametrize("in_savepoints", [False, True])
@pytest.mark.parametrize("shortened_first", [False, True])
@pytest.mark.parametrize("is_younger", [False, True])
def test_overlap_with_a_version_that_is_shortened(
    county: Connection, in_savepoints: bool, shortened_first: bool, is_younger: bool
) -> None:
    numbered = "SELECT setval('grid_version_version_id_seq', %s)"
    county.execute(numbered, [100])
    left = add(county, "left", LEFT)
    if is_younger:
        # What is written later has a lower number.
        county.execute(numbered, [50])
    county.commit()
    deeds = [lambda: add(county, "intruder", INTRUDER), lambda: shorten(county, left)]
    for deed in reversed(deeds) if shortened_first else deeds:
        if in_savepoints:
            # So that what follows is no transaction of its own.
            county.execute("SELECT 1")
            with county.transaction():
                deed()
        else:
            deed()
    numbers = county.execute("SELECT version_id FROM grid_version ORDER BY grid_id").fetchall()
    assert (numbers[1] > numbers[2]) == is_younger
    with refused(county):
        county.commit()


def test_a_version_may_end_whatever_lies_on_it(county: Connection) -> None:
    left, intruder = add(county, "left", LEFT), add(county, "intruder", INTRUDER)
    county.execute(
        "INSERT INTO partition_exception (kind, grid_id, other_id, reason, recorded_by)"
        " VALUES ('overlap', %s, %s, 'disputed valley', 'test')",
        [intruder, left],
    )
    county.commit()
    # The dispute is over; what was not compared with what is new needs no comparing when it ends.
    county.execute("DELETE FROM partition_exception")
    shorten(county, left)
    county.commit()


def test_one_after_the_other_may_hold_the_same_ground(county: Connection) -> None:
    add(county, "old", LEFT, valid="[2020-01-01,2024-01-01)")
    add(county, "new", LEFT, valid="[2024-01-01,)")
    county.commit()


def test_versions_of_one_grid_may_lie_on_each_other(county: Connection) -> None:
    grid_id = add(county, "town", LEFT, valid="[2020-01-01,2024-01-01)")
    add_version(county, grid_id, "town", INTRUDER, valid="[2024-01-01,)")
    county.commit()


def test_versions_of_one_grid_are_never_valid_together(county: Connection) -> None:
    grid_id = add(county, "town", LEFT)
    with pytest.raises(ExclusionViolation):
        add_version(county, grid_id, "town", RIGHT, valid="[2030-01-01,)")


def test_levels_lie_on_each_other(county: Connection) -> None:
    add(county, "town", LEFT)
    add(county, "community", INTRUDER, level="community")
    county.commit()


def test_neighbours_that_touch(county: Connection) -> None:
    add(county, "left", LEFT)
    add(county, "right", RIGHT)
    add(county, "above, at a corner only", polygon(box(116.2, 31.1, 116.3, 31.2)))
    county.commit()


def test_swapping_ground_in_one_transaction(county: Connection) -> None:
    ids = [add(county, "left", LEFT), add(county, "right", RIGHT)]
    county.commit()
    for grid_id, shape in zip(ids, (RIGHT, LEFT), strict=True):
        county.execute(
            "UPDATE grid_version SET geom = ST_GeomFromText(%s, 4326) WHERE grid_id = %s",
            [shape, grid_id],
        )
    county.commit()


def test_enclave_in_a_hole(county: Connection) -> None:
    hole = box(116.02, 31.02, 116.08, 31.08)
    add(county, "around", polygon(box(116.0, 31.0, 116.1, 31.1), hole))
    add(county, "enclave", polygon(hole))
    county.commit()
    add(county, "in the enclave", polygon(box(116.03, 31.03, 116.04, 31.04)))
    with refused(county):
        county.commit()


def test_one_that_lies_inside_another(county: Connection) -> None:
    add(county, "around", LEFT)
    add(county, "inside", polygon(box(116.02, 31.02, 116.08, 31.08)))
    with refused(county):
        county.commit()


def test_recorded_exception_allows(county: Connection) -> None:
    left, intruder = add(county, "left", LEFT), add(county, "intruder", INTRUDER)
    county.execute(
        "INSERT INTO partition_exception (kind, grid_id, other_id, reason, recorded_by)"
        " VALUES ('overlap', %s, %s, 'disputed valley', 'test')",
        [intruder, left],
    )
    county.commit()
    # It covers this pair and no other.
    add(county, "third", INTRUDER)
    with refused(county):
        county.commit()


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_snapshots_that_are_older_than_the_lock_are_refused(
    county: Connection, isolation: str
) -> None:
    county.isolation_level = psycopg.IsolationLevel[isolation.replace(" ", "_")]
    add(county, "town", LEFT)
    with pytest.raises(InvalidTransactionState, match="READ COMMITTED only"):
        county.commit()


def test_checking_before_the_end_is_possible(county: Connection) -> None:
    add(county, "left", LEFT)
    add(county, "intruder", INTRUDER)
    with refused(county):
        county.execute("SET CONSTRAINTS grid_version_no_overlap IMMEDIATE")


def test_of_two_transactions_at_once_one_is_refused(county: Connection, database_url: str) -> None:
    # Counting revisions makes the second writer wait for the first; the law must not rest on it.
    county.execute("ALTER TABLE grid_version DISABLE TRIGGER bump")
    county.commit()
    outcomes: list[str] = []
    both_wrote = threading.Barrier(2)

    def write(code: str, shape: str) -> None:
        with db.connect(database_url) as conn:
            add(conn, code, shape)
            both_wrote.wait(10)
            try:
                conn.commit()
                outcomes.append("kept")
            except ExclusionViolation:
                outcomes.append("refused")

    for _ in range(5):
        writers = [
            threading.Thread(target=write, args=pair)
            for pair in (("left", LEFT), ("intruder", INTRUDER))
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert sorted(outcomes) == ["kept", "refused"]
        outcomes.clear()
        county.execute("DELETE FROM grid_version WHERE level = 'town'")
        county.commit()


def test_coordinates_off_the_grid_are_refused(county: Connection) -> None:
    with pytest.raises(CheckViolation, match="not on the grid of 1e-7 degrees"):
        add(county, "town", polygon(box(116.0, 31.0, 116.10000005, 31.1)))


def test_coordinate_that_only_looks_like_being_on_the_grid_is_refused(county: Connection) -> None:
    # The neighbouring double of 116.1: prints the same with seven places, is not the same.
    with pytest.raises(CheckViolation, match="not on the grid of 1e-7 degrees"):
        add(county, "town", polygon(box(116.0, 31.0, 116.10000000000001, 31.1)))


def test_invalid_shape_is_refused(county: Connection) -> None:
    bow_tie = "(116.0 31.0, 116.1 31.1, 116.1 31.0, 116.0 31.1, 116.0 31.0)"
    with pytest.raises(CheckViolation, match="Self-intersection"):
        add(county, "town", polygon(bow_tie))


def test_code_belongs_to_one_grid_at_a_time(county: Connection) -> None:
    add(county, "341525100", LEFT, valid="[2020-01-01,2024-01-01)")
    add(county, "341525100", RIGHT, valid="[2024-01-01,)")
    with pytest.raises(ExclusionViolation):
        add(county, "341525100", polygon(box(117.0, 31.0, 117.1, 31.1)))
