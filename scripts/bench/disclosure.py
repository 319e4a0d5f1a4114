"""What can be found out about withheld counts from all that everybody is told of the demo county.

Every public figure is asked for over HTTP: all kinds, all levels, two days. Each has to be a sum of
rounded buildings and nothing else. Then the attacker of ``scripts.bench.adversary`` knows every
rounded building, and asks of each withheld count how many values remain possible.

Beside it stands what the same county gave away when shares in whole per cents stood beside exact
households.

Run: .venv/bin/python -m scripts.bench.disclosure
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import numpy as np
from flask.testing import FlaskClient
from numpy.typing import NDArray
from psycopg import Connection

from geodata import demo, disclosure
from geodata.coverage.judging import people, sums
from geodata.coverage.judging.people import People
from geodata.coverage.judging.verdicts import Verdict
from geodata.coverage.standards import model as standards
from geodata.database import clock
from geodata.database import connecting as db
from geodata.installation.embedded import Cluster
from geodata.model import LEVELS
from scripts.bench.adversary import Block, possible
from scripts.bench.table import Row, show
from webmap import create_app

_PARTS = ("met", "over_capacity", "too_few", "too_far", "nobody", "term_ended")
Group = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Groups of buildings by what is told of them: (day, kind, grid, part) > buildings."""

    groups: Mapping[tuple[date, str, int, str], NDArray[np.int64]]
    people: Mapping[date, People]


@click.command()
@click.option("--compounds", default=2_000, show_default=True)
def main(compounds: int) -> None:
    """Load the county, ask it, attack it, print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                demo.load(conn, compounds=compounds)
                conn.commit()
                client = create_app({"DATABASE_URL": cluster.url}).test_client()
                rows = measure(conn, client)
    show(f"What everybody is told of households, {compounds:,} compounds", rows)


def measure(conn: Connection[Any], client: FlaskClient) -> list[Row]:
    """Return the rows of the table."""
    today = clock.today()
    days = (today, today - timedelta(days=300))
    start = time.monotonic()
    answers = {key: value for day in days for key, value in _answers(client, day)}
    told = _groups(conn, days)
    others = _unlike(answers, told)
    least = disclosure.least_count(conn)
    withheld = _withheld(told, least)
    left = [_values(conn, group, told.people[today], least) for group in withheld]
    found, all_ = _found_before(told, least)
    return [
        Row("public figures asked for", f"{len(answers):,}"),
        Row("of them other than a sum of rounded buildings", f"{others}", "0", others == 0),
        Row("withheld counts (groups of buildings)", f"{len(withheld):,}"),
        Row(
            "values that remain possible, fewest",
            f"{min(left)}",
            f">= {least - 1}",
            min(left) >= least - 1,
        ),
        Row("  median", f"{int(np.median(left))}"),
        Row("exact recoveries", f"{left.count(1)}", "0", 1 not in left),
        Row("with shares in whole per cents beside exact households", f"{found} of {all_} found"),
        _crossed(conn, told.people[today]),
        *(_accuracy(told.people[today], level) for level in LEVELS),
        Row("taken", f"{time.monotonic() - start:.0f} s"),
    ]


def _crossed(conn: Connection[Any], everybody: People) -> Row:
    """Count the blocks of which a reader with rights in one compound knows a part only."""
    blocks = dict(conn.execute("SELECT building_id, rounding_block FROM building").fetchall())
    grids: defaultdict[int, set[int]] = defaultdict(set)
    for row in everybody.rows[~everybody.rows["is_estimated"]]:
        grids[blocks[int(row["building"])]].add(int(row["compound"]))
    crossed = sum(len(some) > 1 for some in grids.values())
    what = "blocks that a reader of one compound knows in part"
    return Row(what, f"{crossed} of {len(grids):,}", "0", crossed == 0)


def _accuracy(everybody: People, level: str) -> Row:
    """Return how far rounded households are from the exact ones, in the mean of a level's grids."""
    rows = everybody.rows[everybody.rows[level] > 0]
    _, grid = np.unique(rows[level], return_inverse=True)
    exact, rounded = (np.bincount(grid, rows[name]) for name in ("households", "rounded"))
    off = float(np.mean(np.abs(rounded - exact) / exact))
    return Row(f"rounded households differ, mean of {level} level", f"{off:.2%}")


def _answers(client: FlaskClient, day: date) -> Iterator[tuple[tuple[date, str, int, str], int]]:
    for level in LEVELS:
        page = pages = 1
        while page <= pages:
            found = client.get(f"/api/coverage?level={level}&page={page}&on={day}").get_json()
            pages = found["pages"]
            for grid in found["grids"]:
                for kind in grid["kinds"]:
                    told = {"met": kind["met"], **kind["reasons"]}
                    for part in _PARTS:
                        yield (day, kind["kind"], grid["grid_id"], part), told[part]
            page += 1


def _groups(conn: Connection[Any], days: tuple[date, ...]) -> Told:
    groups: dict[tuple[date, str, int, str], NDArray[np.int64]] = {}
    everybody: dict[date, People] = {}
    for day in days:
        nearby = everybody[day] = people.read_all(conn, day)
        kinds = standards.list_provided(conn, day)
        for kind, judgement in sums.judge_kinds(conn, kinds, nearby, day, None, count="rounded"):
            for level in LEVELS:
                keys = nearby.rows[level] * len(Verdict) + judgement.verdict
                order = np.argsort(keys, kind="stable")
                ids, first = np.unique(keys[order], return_index=True)
                for key, some in zip(ids.tolist(), np.split(order, first[1:]), strict=True):
                    grid_id, verdict = divmod(key, len(Verdict))
                    name = Verdict(verdict).name.lower()
                    groups[day, kind.kind, grid_id, name] = some
    return Told(groups, everybody)


def _unlike(answers: Mapping[tuple[date, str, int, str], int], told: Told) -> int:
    none = np.empty(0, dtype=np.int64)
    return sum(
        int(told.people[key[0]].rows["rounded"][told.groups.get(key, none)].sum()) != value
        for key, value in answers.items()
    )


def _withheld(told: Told, least: int) -> set[Group]:
    """Return the groups of buildings of which a grid has few households, each once."""
    found: set[Group] = set()
    for (day, _kind, grid_id, _part), some in told.groups.items():
        rows = told.people[day].rows[some]
        if grid_id and 0 < int(rows["households"].sum()) < least and not rows["is_estimated"].any():
            found.add(tuple(sorted(rows["building"].tolist())))
    return found


def _values(conn: Connection[Any], group: Group, everybody: People, least: int) -> int:
    """Return how many sums of households of a group are possible."""
    rows = conn.execute(
        """
        SELECT b.rounding_block, b.building_id, r.households
        FROM building b JOIN building_rounded r USING (building_id)
        WHERE b.households > 0 AND b.rounding_block IN (
            SELECT rounding_block FROM building WHERE building_id = ANY(%s))
        ORDER BY building_id
        """,
        [list(group)],
    ).fetchall()
    blocks: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for block, building, rounded in rows:
        blocks[block].append((building, rounded))
    known = [Block.read([rounded for _, rounded in some], least) for some in blocks.values()]
    low, high = possible(
        known, [[building in group for building, _ in some] for some in blocks.values()]
    )
    return high - low + 1


def _found_before(told: Told, least: int) -> tuple[int, int]:
    """Return how many withheld counts a share in whole per cents gives away, and of how many."""
    found = total = 0
    seen: defaultdict[tuple[date, str, int], dict[str, int]] = defaultdict(dict)
    for (day, kind, grid_id, part), some in told.groups.items():
        seen[day, kind, grid_id][part] = int(told.people[day].rows["households"][some].sum())
    for parts in seen.values():
        households, met = sum(parts.values()), parts.get("met", 0)
        if households < least or not 0 < households - met < least:
            continue
        total += 1
        share = met * 100 // households
        alike = [n for n in range(households + 1) if n * 100 // households == share]
        found += len(alike) == 1
    return found, total


if __name__ == "__main__":
    main()
