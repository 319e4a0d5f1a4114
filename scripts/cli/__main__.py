"""``gridmap``: the group of all commands."""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType

import click

from geodata.errors import GridMapError
from scripts.cli import language

# Command to the module whose ``commands`` has it: a module is loaded when its command is called.
_MODULES = {
    "alerts": "scripts.cli.figures",
    "basemap": "scripts.cli.basemap",
    "changes": "scripts.cli.changes",
    "check": "scripts.cli.checking",
    "coverage": "scripts.cli.coverage",
    "coverage-history": "scripts.cli.figures",
    "demo": "scripts.cli.demo",
    "import": "scripts.cli.importing",
    "jobs": "scripts.cli.jobs",
    "plan": "scripts.cli.plans",
    "report": "scripts.cli.reports",
    "tidy": "scripts.cli.tidying",
    "user": "scripts.cli.users",
    "worker": "scripts.cli.jobs",
}


class _Commands(click.Group):
    """A group that imports a command's module when it needs it, and no sooner."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        commands: tuple[click.Command, ...] = importlib.import_module(_MODULES[cmd_name]).commands
        return next((command for command in commands if command.name == cmd_name), None)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@language.option
def gridmap() -> None:
    """Work on a GridMap: bring files in, draw boundaries, make the base map, manage accounts.

    The database is that of GRIDMAP_DATABASE_URL, else that of GRIDMAP_HOME (default: var/),
    whether its server runs or not.
    """


def main() -> None:
    """Run the command line; a failure is one line on standard error and status 1."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        gridmap(prog_name="gridmap")
    except GridMapError as error:
        sys.exit(language.said(error))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # As Ctrl-C: the transaction is rolled back and the cluster shut down.
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
