"""The API under made-up requests: schemathesis reads /api/openapi.json and sends what it allows and
what it does not, against a real server on the demo county. No answer may be a fault of ours.

Run: .venv/bin/python -m scripts.bench.fuzz [--cases 3200] [--seed 1]
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from geodata import demo
from geodata.database import connecting as db
from geodata.installation.embedded import Cluster
from scripts import serve
from scripts.bench.table import Row, show

CHECKS: list[CheckFunction] = [
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@dataclass
class Found:
    """What came of the requests: how many, answers by status, and what was wrong."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter[int])
    faults: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])


def fuzz(
    schema: Any,
    each: int,
    number: int,
    base_url: str | None = None,
    *,
    session: Mapping[str, Mapping[str, str]] | None = None,
    below: str = "/",
    aim: Callable[[Any], None] | None = None,
) -> Found:
    """Send ``each`` requests to every operation, half of them against the description.

    The same ``number`` makes the same requests. ``base_url`` is None for an application in this
    process, ``session`` are somebody's headers and cookies, ``below`` is where the operations are,
    ``aim`` turns a request to what is there before it is sent.
    """
    found = Found()
    for result in schema.get_all_operations():
        operation = result.ok()
        if not operation.path.startswith(below):
            continue
        modes = [GenerationMode.POSITIVE]
        # Where nothing is asked, nothing can be asked against the description.
        if operation.body or list(operation.iter_parameters()):
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            _try(operation, mode, each // 2, number, base_url, _plain(session or {}), aim, found)
    return found


def _plain(session: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """Ask for answers as they are: within one process nobody would unpack them."""
    headers = {"Accept-Encoding": "identity", **session.get("headers", {})}
    return {**session, "headers": headers}


def _try(
    operation: Any,
    mode: Any,
    cases: int,
    number: int,
    base_url: str | None,
    session: dict[str, Mapping[str, str]],
    aim: Callable[[Any], None] | None,
    found: Found,
) -> None:
    @seed(number)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        if aim is not None:
            aim(case)
        response = case.call(base_url=base_url, **session)
        found.cases += 1
        found.statuses[response.status_code] += 1
        if response.status_code >= 500:
            found.faults.append(f"{response.status_code}: {case.as_curl_command()}")
            return
        try:
            case.validate_response(response, checks=CHECKS)
        except (schemathesis.errors.SchemathesisError, AssertionError) as wrong:
            found.broken.append(str(wrong))
        except BaseExceptionGroup as wrong:
            found.broken.append("; ".join(map(str, wrong.exceptions)))

    send()


def rows(found: Found, seconds: float) -> Sequence[Row]:
    """Return the table's rows."""
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(found.statuses.items()))
    return [
        Row("requests", f"{found.cases:,}", ">= 3,000", found.cases >= 3000),
        Row("answers by status", statuses),
        Row("answers of 5xx", str(len(found.faults)), "0", not found.faults),
        Row("answers not in the description", str(len(found.broken)), "0", not found.broken),
        Row("requests a second", f"{found.cases / seconds:.0f}"),
    ]  # fmt: skip


@click.command()
@click.option("--cases", default=3_200, show_default=True)
@click.option("--seed", "number", default=1, show_default=True)
def main(cases: int, number: int) -> None:
    """Measure and print the table."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with Cluster(home, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                demo.load(conn)
            with (
                serve.listen("127.0.0.1", 0) as listener,
                serve.Server(cluster.url, listener) as server,
            ):
                server.wait_until_ready()
                base = server.url.rstrip("/")
                schema = schemathesis.openapi.from_url(f"{base}/api/openapi.json")
                operations = len(list(schema.get_all_operations()))
                begin = time.perf_counter()
                found = fuzz(schema, -(-cases // operations), number, base)
                seconds = time.perf_counter() - begin
    show(f"Made-up requests to {operations} operations of the API", rows(found, seconds))
    for line in dict.fromkeys(found.faults + found.broken):
        click.echo(f"\n{line}")


if __name__ == "__main__":
    main()
