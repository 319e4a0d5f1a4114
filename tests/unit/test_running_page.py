"""What the page for administrators says is what the code asks for."""

from __future__ import annotations

import re

from geodata.database import roles as dbroles
from geodata.installation.home import REPOSITORY

PAGE = (REPOSITORY / "docs" / "deployment" / "running.md").read_text("utf-8")


def test_who_prepares_a_database_makes_every_role() -> None:
    made = set(re.findall(r"CREATE ROLE (\w+)", PAGE))
    assert {dbroles.APP, *dbroles.TAKEN_ROLES} <= made
    granted = re.search(r"GRANT (gridmap_territory[^;]*?)\s+TO gridmap_app;", PAGE)
    assert granted is not None
    assert set(re.split(r",\s*", granted[1])) == set(dbroles.TAKEN_ROLES)
