"""Tells anyone who runs the demo county how to sign in: demo-accounts.json in the home."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from geodata.installation.home import make_home

if TYPE_CHECKING:
    # Slow to import, and needed once.
    from geodata.demo import DemoAccount

NAME = "demo-accounts.json"


def write(home: Path, accounts: Sequence[DemoAccount]) -> Path:
    """Write the accounts with their passwords, readable for the owner alone; return the file."""
    make_home(home)
    path = home / NAME
    unfinished = home / f"{NAME}.new"
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump([asdict(account) for account in accounts], file, ensure_ascii=False, indent=2)
    unfinished.replace(path)
    return path
