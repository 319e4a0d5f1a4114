"""``gridmap demo``: load the invented demo county."""

from __future__ import annotations

import click

from geodata import demo as county
from geodata.demo.loading import DEFAULT_COMPOUNDS, DEFAULT_SEED
from geodata.installation.home import home_from_env
from scripts import demo_accounts
from scripts.cli.connecting import database
from scripts.cli.language import translate as _
from scripts.cli.progress import Progress


@click.command()
@click.option(
    "--compounds",
    type=click.IntRange(50, 1_000_000),
    default=DEFAULT_COMPOUNDS,
    show_default=True,
    help="How many compounds; all else grows with them.",
)
@click.option("--seed", type=click.IntRange(0), default=DEFAULT_SEED, show_default=True)
@click.option("--replace", is_flag=True, help="Remove the demo county that is there first.")
def demo(compounds: int, seed: int, replace: bool) -> None:
    """Load the demo county, equal for equal sizes and seeds, into an empty database."""
    with database(bulk=True) as conn, Progress(_("Loading the demo county")) as progress:
        if replace:
            county.remove(conn)
        county.load(conn, compounds=compounds, seed=seed, progress=progress)
        path = demo_accounts.write(home_from_env(), county.write_accounts(conn))
    click.echo(_("Its accounts are in {path}.").format(path=path))


commands: tuple[click.Command, ...] = (demo,)
