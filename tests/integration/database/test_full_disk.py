"""A disk that is full, really: the kernel says so, nothing is lost, and with room all goes on."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import reference_files as files
from county import County, build, compute_figures
from flask import Flask
from plan_client import Client
from psycopg import Connection, sql

from geodata.database import clock
from geodata.installation.home import REPOSITORY
from webmap import create_app

Conn = Connection[Any]


@pytest.fixture
def county(conn: Conn) -> County:
    made = build(conn)
    compute_figures(conn, clock.today())
    return made


@pytest.fixture
def app(database_url: str, county: County) -> Flask:
    return create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 32})


@contextmanager
def full(conn: Conn, table: str) -> Iterator[None]:
    """Let an empty table lie on a disk without room: the kernel's own, /dev/full."""
    conn.commit()
    url = conn.info.dsn.replace("user=gridmap ", "user=postgres ")
    with psycopg.connect(url, autocommit=True) as admin:
        # A session keeps the files open that it has used.
        admin.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
            [conn.info.backend_pid],
        )
        [folder, name] = admin.execute(
            "SELECT current_setting('data_directory'), pg_relation_filepath(%s)", [table]
        ).fetchone() or ("", "")
        [size] = admin.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        ).fetchone() or (0,)
        assert size == 0
        admin.execute("CHECKPOINT")
    path = Path(folder, name)
    kept = path.with_suffix(".kept")
    path.rename(kept)
    path.symlink_to("/dev/full")
    try:
        yield
    finally:
        path.unlink()
        kept.rename(path)
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
                [conn.info.backend_pid],
            )


def test_a_step_of_a_plan_is_saved_once_there_is_room(
    app: Flask, conn: Conn, county: County
) -> None:
    staff = Client(app, conn, "county_staff")
    made = staff.ask("POST", "", {"title": "划小小区", "purpose": ""}).get_json()
    plan, revision = made["plan_id"], made["revision"]
    step = {"do": "rename", "grid": county.compounds[0], "name": "一"}
    with full(conn, "plan_step"):
        answer = staff.ask("POST", f"/{plan}/steps?lang=en", step, revision)
        assert answer.status_code == 507, answer.text
        assert answer.mimetype == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
        problem = answer.get_json()
        assert problem["type"] == "urn:gridmap:problem:storage_full"
        assert problem["detail"].startswith("The disk of the database is full. Nothing was saved.")
        assert "base/" not in answer.text
    assert staff.ask("GET", f"/{plan}").get_json()["revision"] == revision
    again = staff.ask("POST", f"/{plan}/steps", step, revision)
    assert again.status_code == 200, again.text
    assert again.get_json()["plan"]["step"] == 1


def test_a_page_says_it_in_words(app: Flask, conn: Conn) -> None:
    client = app.test_client()
    page = client.get("/sign-in?lang=en").text
    [csrf] = re.findall(r'name="csrf_token" value="([^"]+)"', page)
    fields = {"csrf_token": csrf, "username": "nobody", "password": "not it"}
    with full(conn, "attempt"):
        answer = client.post("/sign-in", data=fields)
        assert answer.status_code == 507, answer.text
        assert "No space left" in answer.text
        assert "The disk of the database is full." in answer.text
    assert conn.execute("SELECT count(*) FROM attempt").fetchone() == (0,)
    conn.commit()
    assert client.post("/sign-in", data=fields).status_code == 422


# Runs where a small disk is mounted on the folder for temporary files, which ends with it.
ON_A_SMALL_DISK = """
import json, os, sys, tempfile
from pathlib import Path
from webmap import create_app

url, cookie, csrf, plan, file = sys.argv[1:]
client = create_app({"DATABASE_URL": url, "SECRET_KEY": "k" * 32}).test_client()
name, _, value = cookie.partition("=")
client.set_cookie(name, value)
client.set_cookie("lang", "en")
csrf = {"X-CSRFToken": csrf}
body = Path(file).read_bytes()

def say(answer):
    said = answer.get_json().get("detail") if answer.is_json else answer.text
    print(json.dumps([answer.status_code, answer.headers.get("Retry-After"), said]), flush=True)

room = Path(tempfile.gettempdir())
def send():
    return client.post(f"/api/plans/{plan}/references?name=a.geojson", data=body, headers=csrf,
                       content_type="application/octet-stream")
def fill(left):
    with (room / "filler").open("wb") as out:
        free = os.statvfs(room).f_bavail * os.statvfs(room).f_frsize
        out.write(bytes(max(0, free - left)))
fill(0)
say(send())
say(client.get("/reports/coverage.gpkg"))
big = "a," * 400_000
sent = ("--b\\r\\nContent-Disposition: form-data; name=file; filename=a.csv\\r\\n\\r\\n" + big
        + "\\r\\n--b--\\r\\n").encode()
say(client.post("/sign-in", data=sent, content_type="multipart/form-data; boundary=b"))
fill(len(body) + 3 * 4096 + 20_000)
say(send())
(room / "filler").unlink()
say(send())
print(json.dumps(os.listdir(room)))
"""


def small_disk(folder: Path, command: list[str]) -> list[str]:
    """Return a command that runs another with 6 MB for temporary files."""
    mounted = f'mount -t tmpfs -o size=6m tmpfs {folder} && TMPDIR={folder} exec "$@"'
    for mapped in ([], ["--map-root-user", "--user"]):
        tried = ["unshare", "--mount", *mapped, "sh", "-c", mounted, "sh"]
        if shutil.which("unshare") and not subprocess.run([*tried, "true"]).returncode:
            return [*tried, *command]
    pytest.skip("no disk can be mounted here, not even in a namespace of our own")


def test_files_of_a_request_find_no_room(
    app: Flask, conn: Conn, county: County, tmp_path: Path, database_url: str
) -> None:
    staff = Client(app, conn, "county_staff")
    plan = staff.ask("POST", "", {"title": "画线", "purpose": ""}).get_json()["plan_id"]
    lines = [[(116.3 + i / 1e5, 31.4), (116.3 + i / 1e5, 31.41)] for i in range(3000)]
    sent = files.geojson(tmp_path / "a.geojson", *(files.line(each) for each in lines))
    kept = staff.client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert kept
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        small_disk(
            folder,
            [
                *(sys.executable, "-c", ON_A_SMALL_DISK),
                *(database_url, f"{kept.key}={kept.value}", staff.token, str(plan), str(sent)),
            ],
        ),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *answers, left = map(json.loads, done.stdout.splitlines())
    *refused, last = answers
    for status, retry, said in refused:
        assert status == 507, said
        assert retry == "300"
        assert "The disk for temporary files is full." in said
    assert last[0] == 201
    assert left == []
