"""Reports advise only what a command can do and what is not done already."""

from __future__ import annotations

import click
import pytest

from geodata.importing.findings.finding import Finding, RowRef, advice
from geodata.importing.findings.options import COMMANDS, named, offered
from geodata.importing.findings.wording import WORDS
from scripts.cli.checking import commands as checking
from scripts.cli.importing import commands as importing

ROWS = (RowRef(1, "101", "衡山镇"), RowRef(2, "102", "佛子岭镇"))
# What templates take: any of it may stand in an advice.
DATA: dict[str, object] = {
    "known": "a",
    "limit": 0.05,
    "encoding": "gbk",
    "guess": "EPSG:4548",
    "option": "town",
}


def commands() -> dict[str, list[click.Command]]:
    """Return the commands by the name under which reports know them."""
    (group,) = importing
    assert isinstance(group, click.Group)
    lists = ("members", "issues", "facilities", "buildings")
    (check,) = [command for command in checking if command.name == "check"]
    return {
        "grids": [group.commands["grids"]],
        **{name: [group.commands[name]] for name in lists},
        "roads": [group.commands["roads"]],
        "check": [check],
    }


def names(command: click.Command) -> set[str]:
    """Return the options of a command; of --accept with each thing that it accepts."""
    found: set[str] = set()
    for option in command.params:
        found |= set(option.opts)
        if "--accept" in option.opts:
            assert isinstance(option.type, click.Choice)
            found |= {f"--accept {choice}" for choice in option.type.choices}
    return found


def group_of(kind: str, **data: object) -> list[Finding]:
    return [Finding(kind, "blocking", ROWS, 5.0, data=DATA | data)]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_that_a_report_may_name_is_one_of_its_command(name: str) -> None:
    for command in commands()[name]:
        assert COMMANDS[name] <= names(command)


def test_every_option_in_an_advice_belongs_to_some_command() -> None:
    known = frozenset[str]().union(*COMMANDS.values())
    said = {option for words in WORDS.values() for option in named(words.advice + words.offer)}
    assert said
    assert said <= known


@pytest.mark.parametrize("kind", list(WORDS))
@pytest.mark.parametrize("name", list(COMMANDS))
def test_no_advice_names_what_the_command_does_not_have_or_what_is_on(name: str, kind: str) -> None:
    switches = {"--repair", "--join-crossings", "--accept gap", "--accept outside_parent"}
    for on in (set[str](), switches):
        options = offered(name, on)
        for slip in (0, 1):
            told = advice(kind, group_of(kind, slip=slip), options)
            assert told is None or named(str(told)) <= options


@pytest.mark.parametrize("kind", [k for k, words in WORDS.items() if "--repair" in words.offer])
def test_what_a_repair_does_is_offered_until_it_is_on(kind: str) -> None:
    off = advice(kind, group_of(kind, slip=1), offered("grids"))
    on = advice(kind, group_of(kind, slip=1), offered("grids", ["--repair"]))
    assert "--repair" in str(off)
    # Something is still to be done, and said.
    assert on is not None
    assert "--repair" not in str(on)


def test_a_wide_overlap_is_not_offered_to_a_repair_that_refuses_it() -> None:
    told = str(advice("overlap", group_of("overlap", slip=0), offered("grids")))
    assert "--repair" not in told
    assert "up to 1 m wide on average, 3 m at the widest, and up to 10,000 m²" in told
    mixed = group_of("overlap", slip=0) + group_of("overlap", slip=1)
    assert "--repair" in str(advice("overlap", mixed, offered("grids")))


def test_an_overlap_says_how_wide_it_is_and_of_whom_what_share() -> None:
    data = {"width": 952.6, "part": 0.1818, "smaller": 1}
    line = Finding("overlap", "blocking", ROWS, 5_292_892.0, (116.05, 31.025), data).line()
    assert line == (
        "row 1 101 衡山镇 and row 2 102 佛子岭镇 share 5,292,892 m²,"
        " 953 m wide, 18.2% of 佛子岭镇 at 116.05000, 31.02500"
    )
