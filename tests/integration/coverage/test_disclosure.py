"""What everybody is told follows from rounded households alone, by every way out there is.

A county is asked for everything that the public can ask. Then its households are changed behind
what they are rounded to, and it is asked again: not a byte may differ. So no public answer depends
on an exact count, whether it is a number, an order, a share, a class, a colour or a length.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import pytest
from asking import read, tile_of
from county import compute_figures
from psycopg.types.range import DateRange
from signing import sign_in

from geodata import demo
from geodata.coverage.figures import recording
from geodata.database import clock
from geodata.database import connecting as db
from geodata.exporting import coverage
from webmap import create_app
from webmap.core import access
from webmap.coverage import paper as report_pages

TODAY = date(2026, 6, 15)
DAYS = ("2026-06-15", "2025-09-01")

# Public addresses that tell nothing of households, and why.
SILENT = {
    "static_file": "files of the product",
    "health.alive": "whether it runs",
    "health.ready": "whether it can answer",
    "basemap.file": "the base map",
    "tiles.own_tilejson": "issues",
    "tiles.own_tile": "issues",
    "api.shape": "boundaries",
    "api.here": "boundaries",
    "api.search": "names",
    "services.standards": "standards",
    "coverage.area": "ground in reach, which follows from roads",
    "changes.days": "days",
    "openapi.spec": "the description of the interface",
    "standards.index": "standards",
    "standards.show": "standards",
    "page.index": "the frame, never data",
    "panel.grid_issues": "issues",
    "panel.issue": "issues",
    "panel.search": "names",
    "comparing.days": "days",
    "sign_in.sign_in": "a form",
    "sign_in.sign_out": "ends a session",
    "sign_in.rights": "rights",
    "sso.start": "leads elsewhere",
    "sso.callback": "leads back",
}
COUNTING = {
    "tiles.tilejson", "tiles.tile", "api.grid", "services.coverage", "coverage.buildings",
    "coverage.gaps", "changes.find", "reports.coverage_pdf", "reports.coverage_xlsx",
    "reports.coverage_gpkg", "reports.coverage_svg", "panel.county", "panel.here", "panel.grid",
    "gaps.ranked", "why.grid", "why.facility", "comparing.listing", "figures.show",
    "figures.export",
}  # fmt: skip


def test_each_public_address_is_asked_or_tells_no_count():
    public = {name for name, who in access.ACCESS.items() if who in ("public", "open")}
    assert COUNTING.isdisjoint(SILENT)
    assert public == COUNTING | SILENT.keys()


@pytest.fixture(scope="module")
def county(module_url):
    with db.connect(module_url) as conn:
        demo.load(conn, compounds=60, today=TODAY)
        # Of two compounds no building is known.
        conn.execute(
            """
            DELETE FROM building b USING grid_version v, (
                SELECT grid_id FROM grid_version WHERE level = 'compound' AND upper_inf(valid)
                ORDER BY code LIMIT 2) chosen
            WHERE v.grid_id = chosen.grid_id AND ST_Covers(v.geom, b.geom) AND NOT EXISTS (
                SELECT FROM duty d WHERE d.building_id = b.building_id)
            """
        )
        conn.execute("UPDATE service_standard SET capacity = 40 WHERE kind = 'clinic'")
        conn.commit()
        for day, kinds in recording.due(conn, TODAY)[:3]:
            recording.record(conn, day, kinds)
        compute_figures(conn, *days())
        yield conn


@pytest.fixture(scope="module")
def app(module_url, county):
    return create_app({"DATABASE_URL": module_url})


def days() -> list[date]:
    """Return the days that are asked for, and today, which is asked for where none is named."""
    return [*map(date.fromisoformat, DAYS), clock.today()]


def addresses(conn) -> Iterator[str]:
    """Everything that the public can ask where counts of households stand behind the answer."""
    levels: defaultdict[str, list[int]] = defaultdict(list)
    rows = conn.execute(
        "SELECT level::text, grid_id FROM grid_version WHERE valid @> %s::date ORDER BY code",
        [TODAY],
    )
    for level, grid_id in rows:
        levels[level].append(grid_id)
    # By facilities with and without capacity, by duty, by service area.
    kinds = ("clinic", "pharmacy", "building_lead", "volunteer_team")
    facilities = [
        row[0]
        for row in conn.execute("SELECT min(facility_id) FROM facility GROUP BY kind LIMIT 4")
    ]
    # The first two compounds are those of which no building is known.
    near = [levels["town"][0], levels["community"][0], *levels["compound"][:6]]
    some = [*levels["county"], *near]
    for on in DAYS:
        yield f"/panel/home?mode=territory&on={on}"
        yield f"/api/changes?on={on}&versus=2024-01-01"
        yield f"/panel/changes?on={on}&versus=2024-01-01"
        for kind in ("worst", *kinds):
            yield f"/panel/home?mode=coverage&kind={kind}&on={on}"
            yield f"/tiles/coverage.json?kind={kind}&classes=quantile&on={on}"
            for level in ("community", "compound"):
                yield f"/panel/ranked?kind={kind}&level={level}&on={on}"
            yield f"/panel/ranked?kind={kind}&level=compound&page=2&on={on}"
            yield f"/panel/ranked?kind={kind}&level=compound&beside=2025-09-01&on={on}"
        for level in levels:
            yield f"/api/coverage?level={level}&on={on}"
        for kind in kinds:
            yield f"/figures?kind={kind}&versus=2025-09-01&on={on}"
            yield f"/figures/export.csv?kind={kind}&on={on}"
            for grid in some:
                yield f"/panel/grid/{grid}?mode=coverage&kind={kind}&on={on}"
            for grid in near[1:4]:
                yield f"/panel/grid/{grid}/why?kind={kind}&on={on}"
                yield f"/api/coverage/gaps?grid={grid}&kind={kind}&on={on}"
                yield f"/api/coverage/buildings?grid={grid}&kind={kind}&on={on}"
        for grid in some:
            yield f"/api/grids/{grid}?on={on}"
            yield f"/panel/grid/{grid}?mode=territory&versus=2024-01-01&on={on}"
        for facility in facilities:
            yield f"/panel/facility/{facility}?mode=coverage&on={on}"
    for sort in ("-unserved", "share", "change"):
        yield f"/figures?kind=clinic&sort={sort}"
    yield f"/figures?grid={levels['town'][0]}&kind=clinic"
    yield "/panel/here?lon=116.35&lat=31.41&mode=coverage"
    yield f"/reports/coverage.xlsx?on={TODAY}"
    yield f"/reports/coverage.gpkg?grid={levels['town'][0]}&on={TODAY}"
    yield f"/reports/coverage.svg?kind=clinic&on={TODAY}"


def tiles(conn) -> list[str]:
    west, south, east, north = conn.execute(
        """
        SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
        FROM grid_version WHERE level = 'county' AND upper_inf(valid)
        """
    ).fetchone()
    found: list[str] = []
    for z in (8, 9, 11, 13):
        left, top = tile_of(west, north, z)
        right, bottom = tile_of(east, south, z)
        for x in range(left, right + 1):
            for y in range(top, bottom + 1):
                found.append(f"/tiles/coverage/1/{z}/{x}/{y}.mvt?kind=clinic&on={TODAY}")
                found.append(f"/tiles/coverage/1/{z}/{x}/{y}.mvt?kind=worst&on={TODAY}")
    # Of the many of the finest, some.
    return [path for number, path in enumerate(found) if "/13/" not in path or not number % 9]


def told(client, paths: list[str]) -> dict[str, str]:
    """What is answered, without the moment at which it was and the revision of the data."""
    found: dict[str, str] = {}
    for path in paths:
        answer = read(client.get(path))
        assert answer.status in (200, 204, 400, 404), path
        text = re.sub(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}\S*", "MOMENT", answer.text)
        text = re.sub(r"\d{1,2}:\d{2}", "MOMENT", text)
        found[path] = re.sub(r"/tiles/coverage/\d+/", "/tiles/coverage/REVISION/", text)
    return found


def paper(app, conn) -> str:
    """The report for a meeting as everybody gets it, before it is set as PDF."""
    [town] = conn.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'town' AND valid @> %s::date LIMIT 1",
        [TODAY],
    ).fetchone()
    with app.test_request_context("/"):
        extract = coverage.take(conn, town, TODAY, least=10)
        return re.sub(r"\d{1,2}:\d{2}", "MOMENT", report_pages.document(conn, extract, None))


def within_class(count: int) -> int:
    """Another count of the same class of ten; none is 0."""
    low = count // 10 * 10
    return max(1, low) if count % 10 > 5 else low + 9


def change_behind(conn) -> int:
    """Change households so that what they are rounded to stays; return of how many buildings."""
    rows = conn.execute(
        """
        SELECT rounding_block, b.building_id, b.households
        FROM building b JOIN building_rounded USING (building_id) ORDER BY building_id
        """
    ).fetchall()
    blocks: defaultdict[int, list[list[int]]] = defaultdict(list)
    for block, building, households in rows:
        blocks[block].append([building, households, households])
    chance = random.Random(15)
    for some in blocks.values():
        for _ in range(4 * len(some)):
            one, other = chance.choice(some), chance.choice(some)
            # A household from one to the other: classes and the sum stay.
            stays = (one[2] - 1) // 10 == one[2] // 10 and (other[2] + 1) // 10 == other[2] // 10
            if one is not other and one[2] > 1 and stays:
                one[2] -= 1
                other[2] += 1
    changed = [each for some in blocks.values() for each in some if each[1] != each[2]]
    with conn.cursor() as cursor:
        cursor.executemany(
            "UPDATE building SET households = %s WHERE building_id = %s",
            [(now, building) for building, _, now in changed],
        )
    # The same in the counts of grids: each moves within its class, and all above move along.
    rows = conn.execute(
        """
        SELECT v.grid_id, v.households, v.population, c.grid_id, t.grid_id, t.parent_id
        FROM grid_version v
        JOIN grid_version c ON c.grid_id = v.parent_id
        JOIN grid_version t ON t.grid_id = c.parent_id
        JOIN grid_version up ON up.grid_id = t.parent_id
        -- The same versions on both days, so that on both all above move along.
        WHERE v.level = 'compound' AND v.households > 0 AND v.population > 0
          AND %(days)s <@ v.valid * c.valid * t.valid * up.valid
        """,
        {"days": DateRange(date.fromisoformat(DAYS[1]), date.fromisoformat(DAYS[0]), "[]")},
    ).fetchall()
    for grid_id, households, population, *above in rows:
        more = [within_class(count) - count for count in (households, population)]
        conn.execute(
            """
            UPDATE grid_version SET households = households + %s, population = population + %s
            WHERE grid_id = ANY(%s) AND valid @> %s::date
            """,
            [*more, [grid_id, *above], TODAY],
        )
    conn.commit()
    return len(changed)


def test_no_public_answer_depends_on_an_exact_count(app, county):
    visitor, official = app.test_client(), sign_in(app.test_client(), county, "county_official")
    paths = [*addresses(county), *tiles(county)]
    rounded = county.execute("SELECT * FROM building_rounded ORDER BY building_id").fetchall()
    before, exact_before = told(visitor, paths), told(official, paths[:60])
    printed = paper(app, county)
    assert change_behind(county) > len(rounded) / 2
    for day, kinds in recording.due(county, TODAY, TODAY.replace(year=2024))[:3]:
        recording.record(county, day, kinds, is_again=True)
    compute_figures(county, *days())
    assert (
        rounded == county.execute("SELECT * FROM building_rounded ORDER BY building_id").fetchall()
    )
    after, exact_after = told(visitor, paths), told(official, paths[:60])
    assert {path for path in paths if before[path] != after[path]} == set()
    assert paper(app, county) == printed
    # Who may see exact counts is told others: the change was one.
    assert sum(exact_before[path] != exact_after[path] for path in exact_before) > 20


def test_who_knows_a_compound_knows_nothing_of_the_blocks_of_others(county):
    """Readers of exact counts know whole grids; a block that crossed one would tell of the rest."""
    [crossing, blocks] = county.execute(
        """
        SELECT count(*) FILTER (WHERE grids > 1), count(*) FROM (
            SELECT count(DISTINCT coalesce(v.grid_id, 0)) AS grids
            FROM building b
            LEFT JOIN grid_version v ON v.level = 'compound' AND v.valid @> %s::date
                                    AND v.geom && b.geom AND ST_Covers(v.geom, b.geom)
            WHERE b.valid @> %s::date GROUP BY rounding_block) block
        """,
        [TODAY, TODAY],
    ).fetchone()
    assert blocks > 30
    assert crossing == 0
