"""A role alone shows nothing: every policy asks whose session it is, or whom an attempt names.

Tables, policies and grants are read from the database's own catalog: one that is added is tested.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, errors, sql
from watched import Person, Watched, watch

from geodata.accounts import attempts, sessions
from geodata.accounts.acting import act, name_identity, name_username, take_role
from geodata.database import connecting as db
from geodata.database.roles import APP, TAKEN_ROLES

# What any role may read whole: the ground, names and duties of duty holders (public by law), what
# is reckoned from them, and tables of the application's own. A new table has policies, or a word.
OPEN = {
    *("grid", "grid_version", "grid_shape", "grid_border", "shape_due", "partition_exception"),
    *("organisation", "member", "duty", "duty_role", "service_area"),
    *("building", "building_rounded", "facility", "road_source", "road_node", "road_edge"),
    *("issue_category", "issue_state", "issue_transition"),
    *("service_kind", "service_standard", "service_provider"),
    *("coverage_stretch", "coverage_grid", "coverage_rest", "coverage_due"),
    *("coverage_record", "coverage_recorded"),
    *("revision", "setting", "role_right", "role_place"),
}
# What any role may write: a change is counted.
RECKONED = {"revision"}
# Functions with their owner's rights that anybody may call.
HARMLESS = {"least_count", "block_of"}
# Tables of jobs, which no role reads or writes; and the functions by which some are asked for, seen
# and tried again.
QUEUE = {
    *("procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers"),
    *("procrastinate_workers", "job_done", "job_failure"),
}
EVERYBODY, ADMINISTRATORS = frozenset({APP, *TAKEN_ROLES}), frozenset({"gridmap_accounts"})
ASKED_OF_THE_QUEUE: dict[str, frozenset[str] | None] = {
    **dict.fromkeys(("coverage_wanted", "coverage_waiting_since"), EVERYBODY),
    **dict.fromkeys(("jobs_listed", "job_retried"), ADMINISTRATORS),
    **dict.fromkeys(("is_owner", "coverage_asked", "coverage_counts_again", "coverage_analyze")),
}
# Extensions' own.
FOREIGN = {"spatial_ref_sys", "geography_columns", "geometry_columns"}

# What watch() leaves empty. Rows that need not make sense: they are only to be seen or not.
MORE = """
    INSERT INTO account_identity (issuer, subject, account_id)
    SELECT 'https://issuer', 'subject-' || account_id, account_id FROM account;
    INSERT INTO account_device (device_hash, account_id)
    SELECT sha256(username::bytea), account_id FROM account ON CONFLICT DO NOTHING;
    UPDATE account_secret SET password_hash = 'hash-' || account_id;
    INSERT INTO attempt (key, failures) VALUES ('\\x01', 1), ('\\x02', 1);
    INSERT INTO issue_move (issue_id, since, from_grid, plan_id)
    SELECT min(issue_id), '2026-01-01', min(grid_id), (SELECT min(plan_id) FROM plan) FROM issue;
    INSERT INTO plan_acceptance (plan_id, problem, reason) SELECT plan_id, 'p', 'r' FROM plan;
    INSERT INTO plan_publication (plan_id, draft_id, grid_id) SELECT plan_id, 1, 1 FROM plan;
    INSERT INTO plan_collaborator SELECT plan_id, (SELECT min(account_id) FROM account) FROM plan;
    INSERT INTO plan_file (plan_id, number, source, level, has_households, has_population)
    SELECT plan_id, 1, 'f', 'town', false, false FROM plan;
    INSERT INTO plan_file_grid (plan_id, number, grid_id, is_ending)
    SELECT plan_id, 1, 1, true FROM plan;
    INSERT INTO plan_file_pair (plan_id, number, position, old_id, m2, old_share, is_continued)
    SELECT plan_id, 1, 1, 1, 1, 1, false FROM plan;
    INSERT INTO scenario_search (scenario_id, kind, asked, answer)
    SELECT scenario_id, (SELECT min(kind) FROM service_kind), '{}', '{}' FROM scenario;
    INSERT INTO standard_change (kind, what) SELECT kind, 'added' FROM service_kind LIMIT 1;
"""


@pytest.fixture(scope="module")
def watched(module_url: str) -> Watched:
    with db.connect(module_url) as conn:
        it = watch(conn)
        conn.execute(MORE)
        return it


@pytest.fixture
def owner(module_url: str, watched: Watched) -> Iterator[Connection[Any]]:
    with db.connect(module_url) as conn:
        yield conn


@pytest.fixture
def app(module_url: str, watched: Watched) -> Iterator[Connection[Any]]:
    with psycopg.connect(db.app_url(module_url, timezone="Asia/Shanghai")) as conn:
        yield conn
        conn.rollback()


def restricted_tables(owner: Connection[Any]) -> list[str]:
    rows = owner.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relrowsecurity ORDER BY 1"
    ).fetchall()
    return [row[0] for row in rows]


def seen(conn: Connection[Any], *table: str) -> int:
    """How many rows there are to see; 0 where the table may not be read."""
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table))
    try:
        with conn.transaction():
            row = conn.execute(query).fetchone()
    except errors.InsufficientPrivilege:
        return 0
    assert row
    return row[0]


def test_no_role_shows_a_row_without_a_session(app, owner, watched):
    restricted = restricted_tables(owner)
    assert len(restricted) > 25
    assert [table for table in restricted if not seen(owner, table)] == [], "a row in MORE"
    for role in (APP, *TAKEN_ROLES):
        for session in (None, "", "00" * 32, sessions.digest("forged").hex()):
            with app.transaction():
                if session is not None:
                    app.execute("SELECT set_config('gridmap.session', %s, true)", [session])
                app.execute("SELECT set_config('role', %s, true)", [role])
                shown = {table: n for table in restricted if (n := seen(app, table))}
                assert shown == {}, f"{role} with session {session!r}"


def test_no_policy_lets_everything_through(owner):
    """For writing too: what a role inserts without asking is as wrong as what it reads."""
    rows = owner.execute(
        "SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies"
        " WHERE schemaname = 'public'"
    ).fetchall()
    assert len(rows) > 40
    for table, name, command, qual, check in rows:
        for condition in (qual, check):
            assert condition is None or condition.strip("()") != "true", (table, name)
        assert qual is not None or (command == "INSERT" and check is not None), (table, name)


def test_what_any_role_may_touch_without_a_policy_is_named(owner):
    rows = owner.execute(
        """
        SELECT DISTINCT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relrowsecurity
          AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND EXISTS (SELECT FROM unnest(%s::text[]) role
                      WHERE has_any_column_privilege(role, c.oid, 'SELECT, INSERT, UPDATE')
                         OR has_table_privilege(role, c.oid, 'DELETE, TRUNCATE'))
        """,
        [[APP, *TAKEN_ROLES]],
    ).fetchall()
    found = {row[0] for row in rows} - FOREIGN
    assert found == OPEN


def test_what_is_written_without_a_policy_asks_for_the_right(owner):
    rows = owner.execute(
        """
        SELECT DISTINCT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relrowsecurity
          AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND EXISTS (SELECT FROM unnest(%s::text[]) role
                      WHERE has_any_column_privilege(role, c.oid, 'INSERT, UPDATE')
                         OR has_table_privilege(role, c.oid, 'DELETE, TRUNCATE'))
          AND NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                          WHERE t.tgrelid = c.oid
                            AND p.proname IN ('grid_version_may', 'standard_may'))
        """,
        [[APP, *TAKEN_ROLES]],
    ).fetchall()
    assert {row[0] for row in rows} - FOREIGN == RECKONED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE duty SET term = daterange(lower(term), lower(term) + 1)",
        "UPDATE service_area SET valid = valid",
        "DELETE FROM grid_shape",
        "DELETE FROM grid_border",
        "DELETE FROM shape_due",
        "INSERT INTO partition_exception (kind, grid_id, reason, recorded_by)"
        " SELECT 'gap', min(grid_id), 'reason', 'nobody' FROM grid",
    ],
)
def test_where_boundaries_are_drawn_nothing_is_written_without_a_session(app, watched, statement):
    with app.transaction(force_rollback=True):
        take_role(app, "gridmap_draw", None, "")
        with pytest.raises(errors.InsufficientPrivilege), app.transaction():
            app.execute(statement)


# The queue of jobs ------------------------------------------------------------------------------


def test_no_role_reads_or_writes_the_queue(app, owner):
    rows = owner.execute(
        """
        SELECT c.relname,
               EXISTS (SELECT FROM unnest(%s::text[]) role
                       WHERE has_any_column_privilege(role, c.oid, 'SELECT, INSERT, UPDATE')
                          OR has_table_privilege(role, c.oid, 'DELETE, TRUNCATE, TRIGGER'))
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND (c.relname LIKE 'procrastinate%%' OR c.relname LIKE 'job%%')
        """,
        [[APP, *TAKEN_ROLES]],
    ).fetchall()
    assert dict(rows) == dict.fromkeys(QUEUE, False)
    # Its own functions have the rights of who calls them.
    for role in (APP, *TAKEN_ROLES):
        with app.transaction(force_rollback=True):
            app.execute("SELECT set_config('role', %s, true)", [role])
            with pytest.raises(errors.InsufficientPrivilege), app.transaction():
                app.execute("SELECT procrastinate_cancel_job_v1(1, true, true)")


def test_the_queue_is_asked_by_those_whom_it_concerns(owner):
    rows = owner.execute(
        """
        SELECT p.proname, array_agg(role) FILTER (WHERE has_function_privilege(
                   role, p.oid, 'EXECUTE'))
        FROM pg_proc p, unnest(%s::text[]) role
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY(%s)
        GROUP BY p.proname
        """,
        [[APP, *TAKEN_ROLES], list(ASKED_OF_THE_QUEUE)],
    ).fetchall()
    assert {name: roles and frozenset(roles) for name, roles in rows} == ASKED_OF_THE_QUEUE


def test_jobs_are_seen_and_tried_again_by_who_administers_accounts(app, owner, watched):
    [job] = owner.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args)"
        " VALUES ('upkeep', 'tidy', 'failed', '{\"secret\": \"13800000000\"}') RETURNING id"
    ).fetchone()
    owner.commit()
    for name in (
        "visitor",
        "nobody",
        "official",
        "governor",
        "auditor",
        "planner",
        "fresh",
        "admin",
    ):
        token = person(watched, name).token
        with app.transaction(force_rollback=True):
            take_role(app, "gridmap_accounts", sessions.digest(token) if token else None, "")
            listed = app.execute("SELECT * FROM jobs_listed() WHERE job_id = %s", [job]).fetchall()
            is_admin = name == "admin"
            assert len(listed) == is_admin, name
            # Arguments are nobody's to see.
            assert "13800000000" not in str(listed)
            [retried] = app.execute("SELECT job_retried(%s)", [job]).fetchone()
            assert retried == is_admin, name


# Tables of one's own ----------------------------------------------------------------------------


def test_a_session_of_ones_own_making_opens_nothing(app, owner, watched):
    """Anybody may make temporary tables, and these are looked up first."""
    with app.transaction(force_rollback=True):
        app.execute(
            "CREATE TEMP TABLE session"
            " (token_hash bytea, account_id bigint, expires_at timestamptz)"
        )
        app.execute("GRANT ALL ON session TO PUBLIC")
        for name in ("governor", "planner", "admin", "auditor"):
            token = sessions.digest(f"made up for {name}")
            app.execute(
                "INSERT INTO pg_temp.session VALUES (%s, %s, now() + interval '1 hour')",
                [token, person(watched, name).account_id],
            )
            for role in (APP, *TAKEN_ROLES):
                with app.transaction():
                    app.execute("SELECT set_config('gridmap.session', %s, true)", [token.hex()])
                    app.execute("SELECT set_config('role', %s, true)", [role])
                    tables = restricted_tables(owner)
                    shown = {table: n for table in tables if (n := seen(app, "public", table))}
                    assert shown == {}, f"{role} as {name}"
                app.execute("RESET ROLE")


def test_a_map_of_ones_own_widens_no_territory(app, watched):
    leader = person(watched, "leader")
    with app.transaction(force_rollback=True):
        act(app, sessions.digest(leader.token), "")
        own = seen(app, "issue")
        assert 0 < own < len(watched.issues)
        app.execute("CREATE TEMP TABLE grid_version AS SELECT * FROM public.grid_version")
        app.execute(
            "UPDATE pg_temp.grid_version"
            " SET geom = ST_Multi(ST_MakeEnvelope(-180, -90, 180, 90, 4326))"
        )
        app.execute("GRANT ALL ON pg_temp.grid_version TO PUBLIC")
        assert seen(app, "issue") == own


def test_functions_with_their_owners_rights_are_named_and_read_the_schema_first(owner):
    rows = owner.execute(
        """
        SELECT p.proname, p.prorettype = 'trigger'::regtype,
               coalesce((SELECT setting LIKE '%, pg_temp' FROM unnest(p.proconfig) setting
                         WHERE setting LIKE 'search_path=%'), false),
               has_function_privilege('public', p.oid, 'EXECUTE')
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        """
    ).fetchall()
    assert len(rows) > 15
    assert [row[0] for row in rows if not row[2]] == []
    # Triggers for everybody would be put on temporary tables; others answer for everybody alike.
    assert {row[0] for row in rows if row[3]} == HARMLESS


# Signing in: one account, for who knows its name ----------------------------------------------

ACCOUNT_TABLES = {
    "account": "username",
    "account_secret": "password_hash",
    "account_identity": "subject",
    "account_role": "role",
    "session": "token_hash",
    "account_device": "device_hash",
}


def accounts_at_the_door(app: Connection[Any]) -> dict[str, set[int]]:
    """Whose rows the role for signing in sees, by table."""
    return {
        table: {
            row[0]
            for row in app.execute(
                sql.SQL("SELECT account_id FROM {}").format(sql.Identifier(table))
            ).fetchall()
        }
        for table in ACCOUNT_TABLES
    }


def person(watched: Watched, name: str) -> Person:
    return next(each for each in watched.people if each.name == name)


def test_the_door_sees_nobody_where_nobody_is_named(app, watched):
    for username, subject in (("", ""), ("nobody", "x"), ("user-%", "subject-%")):
        with app.transaction():
            take_role(app, "gridmap_door", None, "")
            name_username(app, username)
            name_identity(app, "https://issuer", subject)
            assert set().union(*accounts_at_the_door(app).values()) == set(), username


def test_the_door_sees_the_account_that_is_named_and_no_other(app, watched):
    wanted = person(watched, "official")
    for way in ("username", "identity", "session"):
        with app.transaction():
            hashed = sessions.digest(wanted.token) if way == "session" else None
            take_role(app, "gridmap_door", hashed, "")
            if way == "username":
                name_username(app, "user-official")
            elif way == "identity":
                name_identity(app, "https://issuer", f"subject-{wanted.account_id}")
            own = accounts_at_the_door(app)
            assert own == {table: {wanted.account_id} for table in ACCOUNT_TABLES}, way
        # And no longer than the transaction.
        with app.transaction():
            app.execute("SELECT set_config('role', 'gridmap_door', true)")
            assert set().union(*accounts_at_the_door(app).values()) == set(), way


def test_the_door_changes_nothing_of_an_account_that_is_not_named(app, watched):
    other = person(watched, "governor").account_id
    for statement in (
        "UPDATE account_secret SET password_hash = 'x' WHERE account_id = %s",
        "DELETE FROM session WHERE account_id = %s",
        "DELETE FROM account_device WHERE account_id = %s",
    ):
        with app.transaction(force_rollback=True):
            take_role(app, "gridmap_door", None, "")
            name_username(app, "user-official")
            assert app.execute(statement, [other]).rowcount == 0
    for statement in (
        "INSERT INTO session (token_hash, account_id, expires_at)"
        " VALUES (sha256('x'), %s, now() + interval '1 hour')",
        "INSERT INTO account_identity (issuer, subject, account_id) VALUES ('i', 's', %s)",
        "INSERT INTO account_device (device_hash, account_id) VALUES (sha256('x'), %s)",
    ):
        with app.transaction(force_rollback=True):
            take_role(app, "gridmap_door", None, "")
            name_username(app, "user-official")
            with pytest.raises(errors.InsufficientPrivilege), app.transaction():
                app.execute(statement, [other])


def test_attempts_are_there_for_who_knows_their_keys(app, owner, watched):
    """Else the limits of everybody could be lifted in one statement."""
    mine = attempts.make_key("secret", "account", "user-official")
    with app.transaction(force_rollback=True):
        take_role(app, "gridmap_door", None, "")
        assert app.execute("DELETE FROM attempt").rowcount == 0
        assert attempts.begin(app, [mine]) is None
        assert app.execute("SELECT key FROM attempt").fetchall() == [(mine.digest,)]
        with pytest.raises(errors.InsufficientPrivilege), app.transaction():
            app.execute("INSERT INTO attempt (key, failures) VALUES ('other', 1000)")
        attempts.forgive(app, [mine])
        assert app.execute("SELECT count(*) FROM attempt").fetchone() == (0,)
    assert seen(owner, "attempt") == 2
