"""Advisory locks have one register: no number stands for two things, none is taken past it."""

from __future__ import annotations

import re
from pathlib import Path

import geodata
from geodata.database.locks import Lock

ROOT = Path(geodata.__file__).parent.parent
MIGRATIONS = sorted((ROOT / "geodata/database/migrations").glob("*.sql"))
TAKEN = re.compile(r"pg_(?:try_)?advisory_\w+\(\s*([^)]*?)\s*\)")


def test_what_migrations_lock_is_in_the_register() -> None:
    taken = {
        number for path in MIGRATIONS for number in TAKEN.findall(path.read_text(encoding="utf-8"))
    }
    # A migration names a lock by its number. A new one goes into the register first.
    assert taken == {str(int(Lock.PARTITION))}


def test_only_the_register_takes_locks() -> None:
    sources = [
        path
        for package in ("geodata", "layers", "webmap", "scripts")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and (path.suffix == ".py" or path.suffix == "")
    ]
    assert len(sources) > 300
    takers = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        if TAKEN.search(path.read_text(encoding="utf-8"))
    }
    assert takers == {"geodata/database/locks.py"}
