"""A county whose every text is a payload, for tests that look at what becomes of text.

It is a row of strips from west to east. Each strip is a town, and a community of the same shape
with a compound inside; there are as many strips as there are payloads, so that every field of every
kind of thing holds every payload once.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from geodata.accounts import keeping as accounts
from geodata.database import settings
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.plans import checking, keeping
from tests.county import box, noded

BEGIN = date(2024, 1, 1)
PASSWORD = "brass-lantern-quiet-orchard"
USERNAME = "official"
# States of plans, and whether they are archived.
_STATES = (("draft", False), ("submitted", False), ("withdrawn", True))
_WEST, _SOUTH, _NORTH, _WIDTH = 116.20, 31.40, 31.46, 0.002


@dataclass(frozen=True)
class Planted:
    """Numbers of what was planted, each list in the order of the payloads."""

    county: int
    towns: list[int]
    compounds: list[int]
    members: list[int]
    issues: list[int]
    account_id: int
    plans: list[int]


def plant(conn: Connection[Any], texts: Sequence[str]) -> Planted:
    """Write the county as its owner, past all checks of what a form or a file would refuse."""
    county, towns, compounds = _grids(conn, texts)
    organisations = _ids(
        conn,
        "INSERT INTO organisation (kind, name, source) VALUES ('business', %s, %s)"
        " RETURNING organisation_id",
        [(text, text) for text in texts],
    )
    members = _members(conn, texts, organisations, towns[0], compounds[0])
    issues = _issues(conn, texts, organisations, compounds)
    _services(conn, texts)
    # Fixed by the product; a county's own list could say otherwise.
    for role, text in zip(_column(conn, "SELECT role FROM duty_role"), texts[::-1], strict=False):
        conn.execute(
            "UPDATE duty_role SET name_zh = %s, name_en = %s WHERE role = %s", [text, text, role]
        )
    settings.write(conn, "county_name", {"zh": texts[0], "en": texts[1]})
    account_id = _account(conn, texts, county, towns, organisations)
    for text in texts:
        conn.execute(
            "INSERT INTO audit_event (account_id, actor, action, subject, detail, request_id)"
            " VALUES (%s, %s, 'account.changed', %s, %s, %s)",
            [account_id, text, text, Jsonb({"username": text, text: text}), text],
        )
    plans = _plans(conn, texts, (county, account_id), towns, compounds)
    return Planted(county, towns, compounds, members, issues, account_id, plans)


def name_all(conn: Connection[Any], planted: Planted, text: str) -> None:
    """Give the account, its user name and the county the name of one payload."""
    username = "".join(text.lower().split())[:60]
    conn.execute(
        "UPDATE account SET name = %s, username = %s WHERE account_id = %s",
        [text, username, planted.account_id],
    )
    conn.execute("UPDATE grid_version SET name = %s WHERE grid_id = %s", [text, planted.county])
    settings.write(conn, "county_name", {"zh": text, "en": text})


def _grids(conn: Connection[Any], texts: Sequence[str]) -> tuple[int, list[int], list[int]]:
    edges = [round(_WEST + _WIDTH * i, 7) for i in range(len(texts) + 1)]
    strips = [box(west, _SOUTH, east, _NORTH) for west, east in itertools.pairwise(edges)]
    whole = noded(box(edges[0], _SOUTH, edges[-1], _NORTH), *strips)

    def write(level: Any, rows: Any) -> list[int]:
        versions = [
            NewVersion(None, text, text, parent, 100, 300, shape) for text, parent, shape in rows
        ]
        return boundaries.insert_versions(conn, level, versions, valid_from=BEGIN, source=texts[0])

    [county] = write("county", [(texts[0], None, whole)])
    towns = write("town", [(t, county, s) for t, s in zip(texts, strips, strict=True)])
    communities = write(
        "community", [(t, g, s) for t, g, s in zip(texts, towns, strips, strict=True)]
    )
    inner = [box(edge + 0.0005, _SOUTH + 0.01, edge + 0.0015, _NORTH - 0.01) for edge in edges[:-1]]
    compounds = write(
        "compound", [(t, g, s) for t, g, s in zip(texts, communities, inner, strict=True)]
    )
    # Words that the lists carry for their filter.
    conn.execute("UPDATE grid_version SET pinyin = name")
    for level in ("county", "town", "community", "compound"):
        boundaries.refresh_shapes(conn, level)
    return county, towns, compounds


def _members(
    conn: Connection[Any],
    texts: Sequence[str],
    organisations: Sequence[int],
    town: int,
    compound: int,
) -> list[int]:
    members = _ids(
        conn,
        "INSERT INTO member (name, pinyin, organisation_id, source) VALUES (%s, %s, %s, %s)"
        " RETURNING member_id",
        [(t, t, o, t) for t, o in zip(texts, organisations, strict=True)],
    )
    buildings = _ids(
        conn,
        "INSERT INTO building (name, units, households, geom)"
        " VALUES (%s, 2, 10, ST_SetSRID(ST_MakePoint(%s, %s), 4326)) RETURNING building_id",
        [(text, _WEST + 0.001, _SOUTH + 0.012 + 0.0004 * i) for i, text in enumerate(texts)],
    )
    for text, member, building in zip(texts, members, buildings, strict=True):
        conn.execute(
            "INSERT INTO member_contact (member_id, phone, email) VALUES (%s, %s, %s)",
            [member, text, text],
        )
        for role, grid_id, building_id in (
            ("town_chief", town, None),
            ("grid_worker", compound, None),
            ("building_lead", None, building),
        ):
            conn.execute(
                "INSERT INTO duty (member_id, role, grid_id, building_id, pledge, term)"
                " VALUES (%s, %s, %s, %s, %s, '[2024-01-01,)')",
                [member, role, grid_id, building_id, text],
            )
    return members


def _issues(
    conn: Connection[Any],
    texts: Sequence[str],
    organisations: Sequence[int],
    compounds: Sequence[int],
) -> list[int]:
    [large] = _ids(
        conn,
        "INSERT INTO issue_category (code, name_zh, name_en, kind)"
        " VALUES ('large', %s, %s, 'event') RETURNING category_id",
        [(texts[0], texts[0])],
    )
    now = datetime.now(UTC)
    found: list[int] = []
    for i, (text, organisation, compound) in enumerate(
        zip(texts, organisations, compounds, strict=True)
    ):
        [category] = _ids(
            conn,
            "INSERT INTO issue_category (parent_id, code, name_zh, name_en, kind, lead_unit)"
            " VALUES (%s, %s, %s, %s, 'event', %s) RETURNING category_id",
            [(large if i % 2 else None, f"{text}", text, text, text)],
        )
        reported = now - timedelta(days=2, minutes=i)
        [issue] = _ids(
            conn,
            "INSERT INTO issue (category_id, title, detail, geom, grid_id, reported_at, due_at,"
            " source, external_id) VALUES (%s, %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s,"
            " %s, %s, %s, %s) RETURNING issue_id",
            [
                (category, text, text, _WEST + 0.001 + _WIDTH * i, 31.43, compound, reported,
                 now + timedelta(days=i - 20), text, text)
            ],
        )  # fmt: skip
        conn.execute(
            "INSERT INTO issue_reporter (issue_id, name, phone) VALUES (%s, %s, %s)",
            [issue, text, text],
        )
        for begin, state in ((None, "reported"), ("reported", "filed"), ("filed", "dispatched")):
            conn.execute(
                "INSERT INTO issue_event (issue_id, at, from_state, to_state, organisation_id,"
                " note) VALUES (%s, %s, %s, %s, %s, %s)",
                [issue, reported, begin, state, organisation, text],
            )
        found.append(issue)
    return found


def _services(conn: Connection[Any], texts: Sequence[str]) -> None:
    for i, text in enumerate(texts):
        conn.execute(
            "INSERT INTO service_kind (kind, name_zh, name_en, rank) VALUES (%s, %s, %s, %s)",
            [f"kind_{i}", text, text, 100 + i],
        )
        conn.execute(
            "INSERT INTO service_standard (kind, place, valid, reach)"
            " SELECT %s, place, '[2000-01-01,)', 500 FROM (VALUES ('town'), ('village')) p (place)",
            [f"kind_{i}"],
        )
        conn.execute(
            "INSERT INTO service_provider (kind, via) VALUES (%s, 'facility')", [f"kind_{i}"]
        )
        conn.execute(
            "INSERT INTO facility (kind, name, address, source, code, geom)"
            " VALUES (%s, %s, %s, %s, %s, ST_SetSRID(ST_MakePoint(%s, 31.431), 4326))",
            [f"kind_{i}", text, text, text, text, _WEST + 0.001],
        )
    # The kind that is shown without asking.
    conn.execute(
        "INSERT INTO facility (kind, name, geom) VALUES ('service_station', %s,"
        " ST_SetSRID(ST_MakePoint(116.201, 31.431), 4326))",
        [texts[0]],
    )


def _plans(
    conn: Connection[Any],
    texts: Sequence[str],
    office: tuple[int, int],
    towns: Sequence[int],
    compounds: Sequence[int],
) -> list[int]:
    """Write a plan for each payload: shared, drawn in, sent back and forth; some are archived."""
    county, account_id = office
    others = [accounts.create(conn, f"drawer{i}", "甲") for i in range(len(texts))]
    for other, text in zip(others, texts, strict=True):
        conn.execute("UPDATE account SET name = %s WHERE account_id = %s", [text, other])
        accounts.grant(conn, other, "county_staff", grid_id=county, since=BEGIN)
    plans = _ids(
        conn,
        "INSERT INTO plan (title, purpose, effective_on, owner_id, owner, state, is_archived, step)"
        " VALUES (%s, %s, current_date, %s, %s, %s, %s, 2) RETURNING plan_id",
        [
            (text[:120], text, (account_id, None)[i % 2], text, *_STATES[i % len(_STATES)])
            for i, text in enumerate(texts)
        ],
    )
    for i, (text, plan) in enumerate(zip(texts, plans, strict=True)):
        town, compound = towns[i], compounds[i]
        conn.execute(
            "INSERT INTO plan_collaborator (plan_id, account_id) VALUES (%s, %s)", [plan, others[i]]
        )
        rename = {"do": "rename", "grid": compound, "name": text}
        message = "There is no grid with the number {grid_id} in this plan."
        fault = {"message": message, "hint": "", "data": {"grid_id": text}}
        for number, (operation, why) in enumerate(((rename, None), (rename, fault)), start=1):
            conn.execute(
                "INSERT INTO plan_step (plan_id, number, operation, new_id, actor, fault)"
                " VALUES (%s, %s, %s, -1, %s, %s)",
                [plan, number, Jsonb(operation), text, Jsonb(why) if why else None],
            )
        conn.execute(
            "INSERT INTO plan_grid (plan_id, grid_id, steps, level, parent_id, name, code,"
            " households, population, geom) SELECT %s, grid_id, '[1,)', level, parent_id,"
            " %s, %s, 900, population, geom FROM grid_version WHERE grid_id = ANY(%s)",
            [plan, texts[i - 1], texts[i - 1], [town, compound]],
        )
        conn.execute(
            "INSERT INTO plan_base (plan_id, grid_id, version_id) SELECT %s, grid_id, 0"
            " FROM grid_version WHERE grid_id = %s",
            [plan, compound],
        )
        for found in checking.find(conn, keeping.get(conn, plan)):
            conn.execute(
                "INSERT INTO plan_acceptance (plan_id, problem, reason, actor)"
                " VALUES (%s, %s, %s, %s)",
                [plan, found.key, text, text],
            )
        for action in ("created", "returned", "withdrawn"):
            conn.execute(
                "INSERT INTO plan_event (plan_id, account_id, actor, action, reason, detail)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [plan, account_id, text, action, text, Jsonb({text: text})],
            )
    return plans


def _account(
    conn: Connection[Any],
    texts: Sequence[str],
    county: int,
    towns: Sequence[int],
    organisations: Sequence[int],
) -> int:
    account_id = accounts.create(conn, USERNAME, "官员", password=PASSWORD)
    for role in ("county_official", "county_staff", "auditor", "administrator"):
        accounts.grant(conn, account_id, role, grid_id=county, since=BEGIN)
    for town in towns:
        accounts.grant(conn, account_id, "town_official", grid_id=town, since=BEGIN)
    for organisation in organisations:
        accounts.grant(conn, account_id, "unit_user", organisation_id=organisation, since=BEGIN)
    for i, text in enumerate(texts):
        conn.execute(
            "INSERT INTO account_identity (issuer, subject, account_id) VALUES (%s, %s, %s)",
            [text, text, account_id],
        )
        conn.execute(
            "INSERT INTO session (token_hash, account_id, expires_at, device)"
            " VALUES (sha256(%s), %s, now() + interval '1 day', %s)",
            [f"session {i}".encode(), account_id, text],
        )
    return account_id


def _ids(conn: Connection[Any], statement: Any, rows: Sequence[tuple[Any, ...]]) -> list[int]:
    """Insert rows and return their numbers."""
    found: list[int] = []
    for row in rows:
        inserted = conn.execute(statement, row).fetchone()
        assert inserted is not None
        found.append(inserted[0])
    return found


def _column(conn: Connection[Any], statement: Any) -> list[Any]:
    return [row[0] for row in conn.execute(statement).fetchall()]
