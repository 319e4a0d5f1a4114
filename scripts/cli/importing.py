"""``gridmap import``: bring a county's own files in, all or nothing, with a report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import click
import psycopg
from psycopg.rows import TupleRow

from geodata.accounts import audit
from geodata.database import clock
from geodata.frames import FRAMES
from geodata.importing.files.requests import Acceptable, Columns, FileRequest, Progress
from geodata.importing.grids.writing import GridImport
from geodata.importing.lists.buildings import import_buildings
from geodata.importing.lists.facilities import import_facilities
from geodata.importing.lists.issues import import_issues
from geodata.importing.lists.members import import_members
from geodata.importing.lists.reading import ListImport
from geodata.importing.report.report import Report
from geodata.importing.roads import requests as orders
from geodata.importing.roads.writing import import_roads
from geodata.importing.values import days
from geodata.model import LEVELS
from scripts.cli import divisions, output
from scripts.cli.connecting import database
from scripts.cli.language import translate as _
from scripts.cli.progress import Progress as Bar

# Where each stage begins on the bar; learned from a large import.
STAGES = {
    "reading": 0.0,
    "converting coordinates": 0.06,
    "checking shapes": 0.08,
    "joining roads": 0.1,
    "weighing slopes": 0.25,
    "fitting shared boundaries": 0.1,
    "giving slips to neighbours": 0.13,
    "looking for overlaps": 0.18,
    "looking for slivers": 0.21,
    "checking against the level above": 0.24,
    "handing over": 0.28,
    "checking the levels below": 0.3,
    "writing": 0.32,
    "checking in the database": 0.65,
    "drawing for small scales": 0.9,
}


def place_on_bar(stage: str, share: float) -> float:
    """Return how far the whole is when so much of a stage is done."""
    start = STAGES.get(stage)
    if start is None:
        return share
    end = min((begin for begin in STAGES.values() if begin > start), default=1.0)
    return start + (end - start) * share


class ImportBlockedError(click.ClickException):
    """The report said why; only the exit status is left to give."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Say nothing more."""


@click.group("import")
def import_() -> None:
    """Bring files in: grids, members, issues, facilities, buildings, roads.

    Every file is opened in a separate process with limits and without a network. All or nothing:
    while one problem must be put right, nothing is written.
    """


def _file_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add what all imports share."""
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    for option in (
        click.argument("file", type=path),
        click.option("--layer", metavar="NAME", help="Layer or sheet, where the file has several."),
        click.option("--encoding", metavar="NAME", help="Encoding of texts, for example gbk."),
        click.option("--crs", metavar="CODE", help="Coordinate system, for example EPSG:4548."),
        click.option(
            "--frame", type=click.Choice(FRAMES), help="Frame of the map it was drawn on."
        ),
        click.option("--dry-run", is_flag=True, help="Check and report only."),
        click.option("--all", "show_all", is_flag=True, help="Show every line of the report."),
        click.option(
            "--report",
            "report_file",
            type=output.Output((".json", ".csv", ".txt")),
            help="Write the whole report: .json, .csv or .txt.",
        ),
    ):
        function = option(function)
    return function


@import_.command()
@_file_options
@click.option("--level", type=click.Choice(LEVELS), required=True)
@click.option("--name", required=True, metavar="COLUMN", help="Column of the names.")
@click.option("--code", required=True, metavar="COLUMN", help="Column of the codes.")
@click.option("--parent", metavar="COLUMN", help="Column of the parents' codes or names.")
@click.option("--households", metavar="COLUMN", help="Column of the household counts.")
@click.option("--population", metavar="COLUMN", help="Column of the population counts.")
@click.option(
    "--valid-from",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day from which the grids hold; today if left out.",
)
@click.option("--repair", is_flag=True, help="Mend what can be, and say how much ground moved.")
@click.option(
    "--accept",
    multiple=True,
    type=click.Choice(get_args(Acceptable)),
    help="Let such findings stand as recorded exceptions. May be repeated; needs --reason.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why findings may stand.")
@click.option(
    "--skip-bad-rows", is_flag=True, help="Leave rows with problems out, list them, bring the rest."
)
@divisions.options
def grids(**options: Any) -> None:
    """Import the grids of one level from GeoPackage, GeoJSON, FlatGeobuf, KML or Shapefile."""
    day: datetime | None = options["valid_from"]
    order = GridImport(
        file=_file(options),
        level=options["level"],
        columns=Columns(
            options["name"],
            options["code"],
            options["parent"],
            options["households"],
            options["population"],
        ),
        valid_from=day.date() if day else clock.today(),
        is_dry_run=options["dry_run"],
        repair=options["repair"],
        accept=options["accept"],
        reason=options["reason"],
        skip_bad_rows=options["skip_bad_rows"],
        as_plan=options["as_plan"] is not None,
        table=divisions.table(options),
    )
    _run(options, lambda conn, progress: divisions.bring(conn, order, options, progress))


def _list_command(
    name: str,
    work: Callable[..., Report],
    text: str,
    *extra: Callable[[Callable[..., None]], Callable[..., None]],
) -> None:
    """Add the command for one kind of list."""

    def command(**options: Any) -> None:
        order = ListImport(
            file=_file(options),
            source=options["source"] or options["file"].name.split(".")[0],
            told=_told(options["map"]),
            is_dry_run=options["dry_run"],
            skip_bad_rows=options["skip_bad_rows"],
            kind=options.get("kind"),
            zone=options.get("zone"),
            date_order=options.get("date_order"),
            is_swapped=options.get("swap", False),
            may_lie_outside=options.get("outside", False),
            same=options.get("same", ()),
            different=options.get("different", ()),
            drop_bad=options["drop_bad"],
        )
        _run(options, lambda conn, progress: work(conn, order, progress=progress))

    command.__doc__ = text
    function: Callable[..., None] = _file_options(command)
    for option in (
        click.option("--delimiter", metavar="CHAR", help="Separator of a CSV file."),
        click.option(
            "--map",
            multiple=True,
            metavar="FIELD=COLUMN",
            help="Which column holds what; others are recognised by their headers.",
        ),
        click.option(
            "--source",
            metavar="NAME",
            help="Name of the list; the same name again updates. Default: the file's name.",
        ),
        click.option(
            "--skip-bad-rows", is_flag=True, help="Leave rows with problems out and list them."
        ),
        click.option(
            "--drop-bad",
            multiple=True,
            metavar="FIELD",
            help="Leave values of this field out where they are wrong, and keep their rows.",
        ),
        *extra,
    ):
        function = option(function)
    import_.command(name)(function)


_TIME_OPTIONS = (
    click.option(
        "--date-order",
        type=click.Choice(days.ORDERS),
        help="What stands first in dates such as 03/04/2026: the day or the month.",
    ),
    click.option(
        "--zone",
        metavar="ZONE",
        help="Zone of times that name none, for example Asia/Shanghai. Default: the county's.",
    ),
)
# What lists with points can be told besides.
_POINTS = (
    click.option(
        "--swap", is_flag=True, help="X is north and Y is east, or latitude and longitude swapped."
    ),
    click.option("--outside", is_flag=True, help="Most rows lie outside the county, rightly so."),
)
# Who or what is meant, where a list does not say it.
_IDENTITIES = (
    click.option(
        "--same",
        multiple=True,
        metavar="NAME",
        help="Rows in doubt under this name mean the one that is known, or one another; or all.",
    ),
    click.option(
        "--different",
        multiple=True,
        metavar="NAME",
        help="Rows in doubt under this name mean others than those known and each other; or all.",
    ),
)
_list_command(
    "members",
    import_members,
    "Import members and their duties from Excel or CSV: a row is a duty.",
    *_TIME_OPTIONS,
    *_IDENTITIES,
)
_list_command(
    "issues",
    import_issues,
    "Import issues from CSV, Excel, GeoJSON or Open311 GeoReport JSON.",
    *_TIME_OPTIONS,
    *_POINTS,
)
_list_command(
    "facilities",
    import_facilities,
    "Import facilities from CSV, Excel or a layer of points.",
    *_IDENTITIES,
    click.option("--kind", metavar="KIND", help="Service kind of all rows, for example pharmacy."),
    *_POINTS,
)
_list_command(
    "buildings",
    import_buildings,
    "Import buildings from CSV, Excel or a layer of points.",
    *_IDENTITIES,
    *_POINTS,
)


@import_.command()
@_file_options
@click.option(
    "--source",
    metavar="NAME",
    help="Name of the roads; the same name again replaces them. Default: the file's name.",
)
@click.option("--replace", is_flag=True, help="Throw out the roads of all other files.")
@click.option("--class", "class_column", metavar="COLUMN", help="Column of the class of road.")
@click.option(
    "--tolerance",
    default=orders.TOLERANCE_M,
    show_default=True,
    help="Metres within which ends meet other roads.",
)
@click.option("--join-crossings", is_flag=True, help="Make junctions where roads merely cross.")
@click.option(
    "--heights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Heights of the ground, for slopes: ESRI ASCII grid, or text with x, y, height.",
)
@click.option("--heights-crs", metavar="CODE", help="Coordinate system of the heights.")
@click.option("--licence", default="", metavar="TEXT", help="Under what the roads may be used.")
def roads(**options: Any) -> None:
    """Import roads from an OpenStreetMap extract (.osm.pbf), GeoPackage, GeoJSON or Shapefile.

    They become the network along which distances on foot are measured.
    """
    heights: Path | None = options["heights"]
    order = orders.RoadImport(
        file=_file(options),
        source=options["source"] or options["file"].name.split(".")[0],
        licence=options["licence"],
        class_column=options["class_column"],
        tolerance_m=options["tolerance"],
        join_crossings=options["join_crossings"],
        heights=str(heights.resolve()) if heights else None,
        heights_crs=options["heights_crs"],
        is_replacing=options["replace"],
        is_dry_run=options["dry_run"],
    )
    _run(options, lambda conn, progress: import_roads(conn, order, progress=progress))


def _told(pairs: tuple[str, ...]) -> dict[str, str]:
    """Read the pairs of --map."""
    told: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not equals or not name or not column:
            raise click.BadParameter(_("--map takes FIELD=COLUMN, not {pair}.").format(pair=pair))
        told[name] = column
    return told


def _run(
    options: dict[str, Any],
    work: Callable[[psycopg.Connection[TupleRow], Progress], Report],
) -> None:
    """Do an import, keep or undo it, and show its report."""
    title = _("Importing {file}").format(file=options["file"].name)
    target: Path | None = options["report_file"]
    output.refuse_input(target, options["file"], options.get("heights"), options.get("table"))
    with (
        output.written(target) if target is not None else nullcontext() as draft,
        database(bulk=True) as conn,
        Bar(title) as bar,
    ):
        report = work(conn, lambda stage, share: bar(stage, place_on_bar(stage, share)))
        if report.is_written:
            what, name = click.get_current_context().info_name, options["file"].name
            detail = {"what": what, "file": name, **report.counts}
            audit.record(conn, "import.written", subject="import", detail=detail)
        else:
            conn.rollback()
        # Before the commit: what cannot be told is not done.
        if draft is not None:
            _save(report, draft)
    click.echo(report.to_text(None if options["show_all"] else 10, translate=_))
    if target is not None:
        click.echo(_("The whole report is in {file}.").format(file=target))
    if report.is_blocked:
        raise ImportBlockedError("")


def _save(report: Report, draft: output.Draft) -> None:
    """Write a report in the form that the ending of the file's name asks for."""
    suffix = draft.target.suffix.lower()
    if suffix == ".json":
        draft.write(report.to_json(_).encode())
    elif suffix == ".csv":
        # The mark at the start makes Excel read UTF-8.
        draft.write(report.to_csv(_).encode("utf-8-sig"))
    else:
        draft.write((report.to_text(None, translate=_) + "\n").encode())


def _file(options: dict[str, Any]) -> FileRequest:
    return FileRequest(
        path=str(options["file"].resolve()),
        layer=options["layer"],
        encoding=options["encoding"],
        crs=options["crs"],
        frame=options["frame"],
        delimiter=options.get("delimiter"),
    )


commands: tuple[click.Command, ...] = (import_,)
