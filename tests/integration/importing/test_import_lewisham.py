"""A London borough whole, by the documented commands: real files with real faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from geodata.coverage.figures import keeping as figures
from geodata.coverage.judging import people
from geodata.database import clock
from scripts.bench import lewisham
from scripts.cli.checking import commands as checking
from scripts.cli.importing import commands as importing

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "lewisham"
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not there"),
]
FROM = ["--valid-from", "2016-01-01"]


@pytest.fixture
def gridmap(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)

    def call(*arguments: str) -> Result:
        command = importing[0] if arguments[0] == "import" else checking[0]
        return CliRunner().invoke(command, list(arguments[1:]))

    return call


def level(name: str, file: str, name_column: str, code_column: str, *more: str) -> list[str]:
    return [
        "import", "grids", str(DATA / file), "--level", name, "--name", name_column,
        "--code", code_column, *FROM, *more,
    ]  # fmt: skip


COUNTY = level("county", "council_epsg27700_shp.zip", "LAD22NM", "LAD22CD")
TOWNS = level("town", "msoas_epsg27700_in_geojson.geojson", "MSOA21NM", "MSOA21CD")
COMMUNITIES = level("community", "lsoa_epsg27700_shp.zip", "LSOA21NM", "LSOA21CD")
COMPOUNDS = level("compound", "oa_epsg27700_shp.zip", "OA21CD", "OA21CD")


def test_the_whole_borough(gridmap: Any, database_url: str) -> None:
    for command in (COUNTY, TOWNS, COMMUNITIES):
        done = gridmap(*command)
        assert done.exit_code == 0, done.output

    refused = gridmap(*COMPOUNDS)
    assert refused.exit_code == 1
    assert "Invalid shapes: 4" in refused.output
    assert "Slivers: grids smaller than 1 m²: " in refused.output
    assert "Nothing was imported" in refused.output

    repaired = gridmap(*COMPOUNDS, "--repair")
    assert repaired.exit_code == 0, repaired.output
    assert "Imported: 1,037 new compounds." in repaired.output
    assert "m² changed hands or form" in repaired.output

    issues = gridmap(
        "import", "issues", str(DATA / "fixmystreet_georeport_requests.json.gz"),
        "--source", "FixMyStreet",
    )  # fmt: skip
    assert "Outside the county: 21" in issues.output
    assert "Imported: 14,884 new issues." in issues.output
    closures = gridmap(
        "import", "issues", str(DATA / "fixmystreet_requests_with_derived_closure.csv"),
        "--source", "FixMyStreet",
    )  # fmt: skip
    assert "issues that changed state" in closures.output

    facilities = gridmap(
        "import", "facilities", str(DATA / "nhs_facilities.geojson"), "--source", "NHS"
    )
    assert "Outside the county: 449" in facilities.output
    assert "Imported: 627 new facilities." in facilities.output
    assert gridmap("check").exit_code == 0

    with psycopg.connect(database_url) as conn:
        counts = conn.execute(
            "SELECT level::text, count(*) FROM grid_version GROUP BY 1 ORDER BY min(level)"
        ).fetchall()
        assert counts == [("county", 1), ("town", 37), ("community", 175), ("compound", 1037)]
        assert conn.execute("SELECT count(*) FROM issue").fetchone() == (14884,)
        assert conn.execute("SELECT count(*) FROM facility").fetchone() == (627,)
        count_who_is_served(conn)


def count_who_is_served(conn: psycopg.Connection[Any]) -> None:
    """Border compounds are served from outside, to the household as all pairs say."""
    conn.execute(
        "UPDATE grid_version SET households = %s WHERE level = 'compound'", [lewisham.HOUSEHOLDS]
    )
    lewisham.set_reach(conn, 500)
    figures.compute(conn, clock.today())
    everybody = people.read_all(conn, clock.today())
    for kind in lewisham.KINDS:
        met, households, _ = lewisham.served(conn, kind)
        assert households == 1037 * lewisham.HOUSEHOLDS
        whole, without = (
            lewisham.plainly(conn, kind, 500, everybody, with_outside=outside)
            for outside in (True, False)
        )
        assert met == whole > without


def test_wards_as_rival_towns_are_refused(gridmap: Any) -> None:
    assert gridmap(*COUNTY).exit_code == 0
    wards = level("town", "ward_epsg27700_shp.zip", "WD22NM", "WD22CD")
    assert gridmap(*wards).exit_code == 0
    refused = gridmap(*COMMUNITIES, "--repair")
    assert refused.exit_code == 1
    assert "Does not lie in one grid of the level above: 30" in refused.output


@pytest.mark.parametrize("kind", ["Pharmacy", "Clinics", "Dentists", "GP", "Hospital", "Optician"])
def test_raw_lists_of_the_health_service(gridmap: Any, kind: str) -> None:
    done = gridmap(
        "import", "facilities", str(DATA / "nhs_raw" / f"{kind}.csv"), "--encoding", "latin-1",
        "--delimiter", "¬", "--kind", kind.lower(), "--map", "name=OrganisationName",
        "--map", "code=OrganisationCode", "--skip-bad-rows",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "new facilities" in done.output
