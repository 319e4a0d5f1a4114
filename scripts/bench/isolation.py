"""Whether a pooled connection carries anything of one request into another's: it must not, ever.

Run: python3 -m scripts.bench.isolation
Many people ask at once over a pool of two connections, and one request in five breaks off in the
middle of its transaction. tests/integration/accounts/test_pool_isolation.py does it with fewer.
"""

from __future__ import annotations

import logging
import random
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from flask import Flask
from flask.testing import FlaskClient
from psycopg import Connection
from psycopg.rows import TupleRow

from geodata import demo
from geodata.accounts import sessions
from geodata.database import connecting as db
from geodata.installation.embedded import Cluster
from scripts.bench.table import Row, show
from webmap import create_app
from webmap.core import acting
from webmap.core import db as pool

POOL_SIZE = 2
# Stands for any view that fails: in the application under test this address does.
BROKEN = "/rights"
_WORD = re.compile(r"[\w-]+")
WAYS = ("arithmetic", "grammar", "cancelled", "exception", "killed")


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks: the token of a session ("" for a visitor) and the words to be seen.

    Such a word stands nowhere but in one restricted row. ``has_list`` if lists show some of them.
    """

    name: str
    token: str
    sees: frozenset[str]
    has_list: bool = True


@dataclass(frozen=True, slots=True)
class Address:
    """Where all ask; on a list people find some of what is theirs."""

    path: str
    is_list: bool = False
    method: str = "GET"


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    requests: int = 0
    broken: Counter[str] = field(default_factory=Counter[str])
    foreign: list[str] = field(default_factory=list[str])
    empty: list[str] = field(default_factory=list[str])
    unexpected: list[str] = field(default_factory=list[str])
    # What is left on a connection that was given back: role and session.
    left_behind: list[str] = field(default_factory=list[str])


def application(url: str) -> Flask:
    """Return the map over a small pool, with a view that fails after it has acted for somebody."""
    app = create_app(
        {
            "DATABASE_URL": url,
            "SECRET_KEY": "isolation" * 4,
            "POOL_SIZE": POOL_SIZE,
            # Numbers are shown to a POST; whether it may come from elsewhere is tested elsewhere.
            "WTF_CSRF_ENABLED": False,
        }
    )
    app.view_functions["sign_in.rights"] = _break
    # Some hundred tracebacks that are meant.
    app.logger.setLevel(logging.CRITICAL)
    return app


def run(
    app: Flask,
    askers: Sequence[Asker],
    addresses: Sequence[Address],
    *,
    requests: int,
    threads: int = 8,
    seed: int = 1,
) -> Outcome:
    """Let all ask in disorder and compare what each is shown with what is theirs."""
    everything = frozenset[str]().union(*(asker.sees for asker in askers))
    outcome, lock = Outcome(), threading.Lock()
    clients = {asker.name: _client(app, asker) for asker in askers}

    def ask(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        for _ in range(requests // threads):
            asker, address = chance.choice(askers), chance.choice(addresses)
            way = chance.choice(WAYS[:-1]) if chance.random() < 0.2 else ""
            if way and chance.random() < 0.05:
                way = "killed"
            path = f"{BROKEN}?how={way}" if way else address.path
            response = clients[asker.name]().open(path, method="GET" if way else address.method)
            shown = everything.intersection(_WORD.findall(response.text))
            said = f"{asker.name} {path} {response.status_code}"
            with lock:
                outcome.requests += 1
                outcome.broken.update([way] if way else [])
                if shown - asker.sees:
                    outcome.foreign.append(f"{said}: {sorted(shown - asker.sees)[:3]}")
                if way and response.status_code < 500:
                    outcome.unexpected.append(said)
                if not way and response.status_code >= 500:
                    outcome.unexpected.append(said)
                if not way and address.is_list and asker.has_list and not shown:
                    outcome.empty.append(said)

    workers = [threading.Thread(target=ask, args=[number]) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    outcome.left_behind = _left_behind(app)
    return outcome


def _client(app: Flask, asker: Asker) -> Callable[[], FlaskClient]:
    cookie = ""
    if asker.token:
        with app.test_client() as client, client.session_transaction() as session:
            session[acting.TOKEN] = asker.token
        kept = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
        assert kept is not None
        cookie = kept.value

    def fresh() -> FlaskClient:
        # One for each request: a browser of one thread does not wait for another's.
        client = app.test_client()
        if cookie:
            client.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
        return client

    return fresh


def _break() -> str:
    from flask import request

    with acting.connection() as conn:
        # The rights have been taken on and used.
        conn.execute("SELECT count(*) FROM issue")
        match request.args["how"]:
            case "arithmetic":
                conn.execute("SELECT 1 / 0")
            case "grammar":
                conn.execute("SELECT nothing FROM nowhere")
            case "cancelled":
                conn.execute("SET LOCAL statement_timeout = '5ms'")
                conn.execute("SELECT pg_sleep(1)")
            case "killed":
                conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            case _:
                raise RuntimeError("in the middle of it")
    return "not reached"


def _left_behind(app: Flask) -> list[str]:
    found: list[str] = []
    with app.app_context():
        for _ in range(POOL_SIZE * 4):
            with pool.statements() as conn:
                row = conn.execute(
                    "SELECT current_user, coalesce(current_setting('gridmap.session', true), ''),"
                    " (SELECT count(*) FROM issue), (SELECT count(*) FROM member_contact)"
                ).fetchone()
                if row != ("gridmap_app", "", 0, 0):
                    found.append(str(row))
    return found


@click.command()
@click.option("--requests", default=10_000, show_default=True)
def main(requests: int) -> None:
    """Ask and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                askers, addresses = _demo(conn)
            outcome = run(application(cluster.url), askers, addresses, requests=requests)
    ways = ", ".join(f"{n:,} {way}" for way, n in sorted(outcome.broken.items()))
    count = outcome.broken.total()
    show(
        f"Requests of {len(askers)} people over a pool of {POOL_SIZE} connections",
        [
            Row("requests", f"{outcome.requests:,}", ">= 10,000", outcome.requests >= 10_000),
            Row("broken off in their transaction", f"{count:,} ({ways})", "one in five"),
            Row("with a foreign row", f"{len(outcome.foreign)}", "0", not outcome.foreign),
            Row("without the own rows", f"{len(outcome.empty)}", "0", not outcome.empty),
            Row("answered otherwise", f"{len(outcome.unexpected)}", "0", not outcome.unexpected),
            Row("rights left behind", f"{len(outcome.left_behind)}", "0", not outcome.left_behind),
        ],
    )
    for said in (*outcome.foreign, *outcome.empty, *outcome.unexpected, *outcome.left_behind)[:20]:
        print(said)


def _demo(conn: Connection[TupleRow]) -> tuple[list[Asker], list[Address]]:
    """Load the demo county, give each issue a title of its own, and sign everybody in."""
    demo.load(conn)
    made = demo.write_accounts(conn)
    conn.execute("UPDATE issue SET title = 'title-' || issue_id || '-'")
    db.analyze(conn)
    askers = [Asker("visitor", "", frozenset(), has_list=False)]
    for account in made:
        # As the owner, whom no policy holds: what lies in the territory, what was handed over.
        rows = conn.execute(
            """
            SELECT i.title FROM account a JOIN account_role r USING (account_id), issue i
            WHERE a.username = %s
              AND r.role IN (SELECT role FROM role_right WHERE may = 'see_issues')
              AND (EXISTS (SELECT FROM grid_version v WHERE v.grid_id = r.grid_id
                           AND v.valid @> current_date AND ST_Covers(v.geom, i.geom))
                   OR EXISTS (SELECT FROM issue_event e WHERE e.issue_id = i.issue_id
                              AND e.organisation_id = r.organisation_id
                              AND e.to_state IN ('dispatched', 'handling', 'fed_back')))
            """,
            [account.username],
        ).fetchall()
        found = conn.execute(
            "SELECT account_id FROM account WHERE username = %s", [account.username]
        )
        [account_id] = found.fetchone() or [0]
        token, _ = sessions.open_session(conn, account_id, device="", device_token=None)
        titles = frozenset(row[0] for row in rows)
        askers.append(Asker(account.username, token, titles, has_list=bool(titles)))
    [county, last] = conn.execute(
        "SELECT (SELECT grid_id FROM grid WHERE level = 'county'),"
        " (SELECT max(issue_id) FROM issue)"
    ).fetchone() or [0, 0]
    paths = [f"/panel/issue/{last * part // 7}" for part in range(1, 7)]
    return askers, [
        Address(f"/panel/grid/{county}/issues?state=all", is_list=True),
        Address("/panel/home?mode=issues&state=all", is_list=True),
        Address(f"/panel/grid/{county}?mode=issues"),
        Address("/account"),
        *(Address(path) for path in paths),
    ]


if __name__ == "__main__":
    main()
