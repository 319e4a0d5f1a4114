"""``gridmap plan reference``: files of planning offices that a plan is drawn by."""

from __future__ import annotations

from pathlib import Path

import click

from geodata.importing.lines import reading as importing
from geodata.importing.lists import places
from geodata.plans import keeping, references
from geodata.plans.model import COMMAND_LINE
from geodata.plans.references import Reference
from scripts.cli.connecting import database
from scripts.cli.language import translate as _

_number = click.argument("number", type=click.IntRange(min=1))


@click.group("reference")
def reference() -> None:
    """Lines of other offices, to draw a plan's boundaries by."""


@reference.command()
@_number
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--crs", default="", help="Its coordinate system: EPSG:4548, gcj02, bd09.")
@click.option("--layer", help="Which layer of the file, if it has several.")
@click.option("--name", help="What the layer is called; the file's name if left out.")
def add(number: int, file: Path, crs: str, layer: str | None, name: str | None) -> None:
    """Add a file to a plan: GeoPackage, GeoJSON, zipped Shapefile or DXF."""
    with database() as conn:
        references.check_room(conn, keeping.get(conn, number), COMMAND_LINE)
        lines = importing.read(file.resolve(), places.county_box(conn), crs=crs, layer=layer)
        title = name or (layer or file.stem)[: references.NAME_LENGTH]
        made = references.add(conn, number, COMMAND_LINE, title, file.name, lines)
    click.echo(_line(made))
    for note in lines.notes:
        click.echo(note.said(_))


@reference.command("list")
@_number
def list_(number: int) -> None:
    """List the reference layers of a plan."""
    with database() as conn:
        keeping.get(conn, number)
        found = references.list_layers(conn, number)
        conn.rollback()
    if not found:
        click.echo(_("The plan has no reference layers."))
    for each in found:
        click.echo(_line(each))


@reference.command()
@_number
@click.argument("layer", type=click.IntRange(min=1))
def remove(number: int, layer: int) -> None:
    """Remove a layer from a plan for good."""
    with database() as conn:
        references.remove(conn, number, COMMAND_LINE, layer)


def _line(found: Reference) -> str:
    corners = _("{n:,} corners").format(n=found.corners)
    return f"{found.number}  {found.name}  {corners}  {found.crs}  {found.added_at:%Y-%m-%d}"
