"""``gridmap report``: documents and files that the map offers, made without a browser."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from psycopg import Connection

from geodata import disclosure
from geodata.accounts import places
from geodata.coverage.figures import keeping as figures
from geodata.database import clock
from geodata.errors import InvalidInputError, NotFoundError
from geodata.exporting import coverage as exporting
from geodata.grids import reading as grids
from geodata.model import LEVELS
from scripts.cli.connecting import database
from scripts.cli.language import language
from scripts.cli.output import Output, written

_ENDINGS = (".pdf", ".xlsx", ".gpkg", ".svg")


@click.group("report")
def report() -> None:
    """Make documents and files of what the map shows."""


@report.command()
@click.option(
    "--town",
    "--grid",
    "name",
    default="",
    help="Code or name of a town, or of a community; the county if left out.",
)
@click.option("--kind", help="Only this kind of service, for example clinic; all if left out.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day; today if left out.")
@click.option(
    "--out",
    "file",
    required=True,
    type=Output(),
    help="The file: .pdf (report), .xlsx, .gpkg or .svg (map of one kind).",
)
@click.option(
    "--for-everybody",
    is_flag=True,
    help="Round counts, as for readers without a role.",
)
def coverage(
    name: str, kind: str | None, day: datetime | None, file: Path, for_everybody: bool
) -> None:
    """Write who is served in a grid and in those in it, and why not.

    gridmap report coverage --town 衡山镇 --kind clinic --out clinics.pdf
    """
    ending = file.suffix.lower()
    if ending not in _ENDINGS:
        raise InvalidInputError(
            "“{value}” is not a kind of file for reports.",
            hint="Let its name end in one of: {choices}.",
            value=ending or file.name,
            choices=", ".join(_ENDINGS),
        )
    if ending == ".svg" and not kind:
        raise InvalidInputError(
            "A picture shows one kind of service.", hint="Name it as kind, for example clinic."
        )
    # Slow to load, and no other command needs them.
    from webmap import create_app
    from webmap.coverage import paper as report_pages
    from webmap.coverage import reports

    on = day.date() if day else clock.today()
    with written(file) as draft, database() as conn:
        grid_id = _grid(conn, name, on)
        figures.ensure(conn, on)
        steps = 2 if ending in (".pdf", ".svg") else len(LEVELS)
        extract = exporting.take(
            conn,
            grid_id,
            on,
            kind,
            least=disclosure.least_count(conn) if for_everybody else 0,
            deepest=reports.deepest(grids.get(conn, grid_id, on).level, steps),
        )
        app = create_app({"DATABASE_URL": conn.info.dsn})
        with app.test_request_context(f"/?lang={language()}"):
            if ending == ".pdf":
                draft.write(reports.to_pdf(report_pages.document(conn, extract, kind)))
            elif ending == ".svg":
                draft.write(report_pages.picture(conn, extract).encode())
            elif ending == ".xlsx":
                draft.write(reports.to_excel(extract))
            else:
                with reports.to_geopackage(conn, extract) as made:
                    draft.copy(made)


def _grid(conn: Connection[Any], name: str, on: date) -> int:
    """Return the grid of a code or a name; the county without."""
    text = name.strip()
    if not text:
        county = grids.read_extent(conn, on)
        if county is None:
            raise NotFoundError("There are no boundaries on this map on {on}.", on=on)
        return county[0].grid_id
    found = [
        place for place in places.find_named(conn, [text], on)[text] if place.grid_id is not None
    ]
    if not found:
        raise NotFoundError(
            "There is no grid “{text}” on {on}.",
            hint="Give its code, or its name as it is written on the map.",
            text=text[:60],
            on=on,
        )
    if len(found) > 1:
        raise InvalidInputError(
            "There are {count} places called “{text}”.",
            hint="Give the code instead: {codes}.",
            count=len(found),
            text=text[:60],
            codes=[f"{place.code} ({place.within})" for place in found[:6]],
        )
    assert found[0].grid_id is not None
    return found[0].grid_id


commands: tuple[click.Command, ...] = (report,)
