"""The table of roles: the guide says what the code holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from geodata.database.rights import RIGHTS, ROLES
from geodata.demo.accounts import _WANTED

GUIDE = Path(__file__).parents[2] / "docs" / "guide"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_guide_has_the_same_table(language):
    lines = (GUIDE / language / "roles.md").read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    _head, _rule, visitor, *roles = rows
    assert not any(visitor[3:])
    accounts = {f"`{wanted.username}`": wanted.role for wanted in _WANTED}
    told = {
        accounts[row[2]]: {right for right, cell in zip(RIGHTS, row[3:], strict=True) if cell}
        for row in roles
    }
    assert told == {name: set(role.rights) for name, role in ROLES.items()}
    places = [row[1].replace("、", ",").count(",") + 1 for row in roles]
    assert places == [len(role.held_in) for role in ROLES.values()]


def test_whoever_watches_or_appoints_sees_nothing_of_it():
    for name in ("auditor", "administrator"):
        assert not any(right.startswith("see_") for right in ROLES[name].rights)
