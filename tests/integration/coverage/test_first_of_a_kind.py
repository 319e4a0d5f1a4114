"""The best place for the first facility of a kind, in a county of which no building is known."""

from __future__ import annotations

from typing import Any

import pytest
from county import TODAY, build
from psycopg import Connection

from geodata.coverage.judging.altering import Added, Changes
from geodata.coverage.trying import effects as trying
from geodata.errors import InvalidInputError
from geodata.model import Point
from geodata.scenarios import places
from geodata.scenarios.places import Question

Conn = Connection[Any]


@pytest.fixture
def county(conn: Conn) -> Conn:
    build(conn)
    conn.execute(
        "INSERT INTO facility (kind, name, geom) VALUES"
        " ('pharmacy', '某药店', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    return conn


@pytest.mark.parametrize("candidates", ["buildings", "given", "pharmacy"])
def test_a_shop_is_searched_for_where_only_a_pharmacy_is_known(
    county: Conn, candidates: str
) -> None:
    question = Question("shop", "most", candidates=candidates, points=(Point(116.315, 31.405),))
    answer = places.find(
        county, question, Changes(), TODAY, is_rounded=False, has_rounded_loads=False
    )
    assert len(answer.points) == 1
    assert answer.choice.before == 0
    assert answer.choice.after > 0
    # What is promised is what comes.
    [place] = answer.points
    tried = trying.compare(county, Changes(added=(Added("shop", place.lon, place.lat),)), TODAY)
    [row] = county.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'county' AND valid @> %s::date", [TODAY]
    ).fetchall()
    met = tried.differences["shop"][row[0]][3]
    assert met == answer.choice.after


def test_what_no_facility_gives_is_still_refused(county: Conn) -> None:
    for kind in ("grid_worker", "nothing"):
        with pytest.raises(InvalidInputError, match="not a service that facilities give"):
            places.find(
                county,
                Question(kind, "most"),
                Changes(),
                TODAY,
                is_rounded=False,
                has_rounded_loads=False,
            )
