"""``gridmap basemap``: make the offline base map, and choose which one lies under the territory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import click

from geodata.basemap import archive, kinds, making, settings, sources
from geodata.database import clock
from geodata.errors import SetupError
from geodata.frames import FRAMES, Frame
from geodata.installation.home import home_from_env
from geodata.model import Bounds
from scripts.cli.connecting import database
from scripts.cli.language import translate as _
from scripts.cli.output import Output, reason_against, refuse_input
from scripts.cli.progress import Progress


@click.group()
def basemap() -> None:
    """The map under the territory: none, an offline one of your own, or a map service."""


@basemap.command()
@click.argument("files", nargs=-1, metavar="[FILE]…")
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="NAME=FILE[:LAYER]",
    help=f"A layer that does not say what it is; NAME is one of {', '.join(kinds.LAYERS)}.",
)
@click.option(
    "--out",
    type=Output(makes_folders=True),
    help="Default: where GridMap looks.",
)
@click.option("--bbox", metavar="W,S,E,N", help="Box to draw, in degrees. Default: the county's.")
@click.option("--whole", is_flag=True, help="Draw all that the files hold, not the county alone.")
@click.option(
    "--frame", type=click.Choice(FRAMES), default="wgs84", help="Of coordinates in degrees."
)
@click.option("--attribution", default="", help="Whom the map must name for the data.")
@click.option("--attribution-url", default="", help="Where the name leads.")
@click.option("--licence", default="", help="Licence of the data, kept in the file.")
def make(
    files: tuple[str, ...],
    layers: tuple[str, ...],
    out: Path | None,
    bbox: str | None,
    frame: Frame,
    whole: bool,
    **credit: str,
) -> None:
    """Make the offline base map from files: .osm.pbf, GeoPackage, GeoJSON, Shapefile, …

    What a FILE shows is read from OpenStreetMap tags, or from the names of its layers (those of
    Geofabrik and of the national 1:250 000 and 1:1 000 000 data among them).
    """
    given = [sources.parse(text, frame) for text in (*files, *layers)]
    if not given:
        raise click.UsageError(_("Name at least one file."))
    named = making.credit_for(
        given, credit["attribution"], credit["attribution_url"], credit["licence"]
    )
    target = out or home_from_env() / settings.ARCHIVE_NAME
    if reason := reason_against(target, makes_folders=True):
        raise click.UsageError(reason)
    refuse_input(target, *(Path(source.path) for source in given))
    today = clock.today()
    with database() as conn, Progress(_("Making the base map")) as progress:
        box = _box(bbox)
        if box is None and not whole:
            box = making.territory(conn, today)
        made = making.make(
            conn,
            given,
            target,
            box=box,
            credit=named,
            today=today,
            progress=progress,
        )
    _describe(made)
    if out is None and settings.load(home_from_env()).kind != "offline":
        click.echo(_("It is not the one shown: gridmap basemap use offline"))


@basemap.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def info(file: Path | None) -> None:
    """Say which base map is shown, and what the offline one (or FILE) holds."""
    home = home_from_env()
    if file is not None:
        _describe(archive.read(file))
        return
    base = settings.load(home)
    click.echo(_("Shown: {kind}").format(kind=_kind(base)))
    if base.kind in ("xyz", "wmts"):
        for template in base.templates():
            click.echo(f"  {template.replace(base.key, '…') if base.key else template}")
        about = _("frame {frame}, attribution: {attribution}")
        whom = base.attribution or _("none")
        click.echo(f"  {about.format(frame=base.frame, attribution=whom)}")
    if (home / settings.ARCHIVE_NAME).is_file():
        _describe(archive.read(home / settings.ARCHIVE_NAME))


@basemap.group()
def use() -> None:
    """Choose which base map is shown; writes basemap.toml."""


@use.command("none")
def use_none() -> None:
    """Show no base map."""
    _save(settings.BaseMap())


@use.command("offline")
@click.option("--labels", type=click.Choice(get_args(settings.Labels)), default="all")
@click.option("--attribution", default="", help="Default: the one kept in the file.")
def use_offline(labels: settings.Labels, attribution: str) -> None:
    """Show the base map made by "gridmap basemap make"."""
    archive.read(home_from_env() / settings.ARCHIVE_NAME)
    _save(settings.make({"kind": "offline", "labels": labels, "attribution": attribution}))


@use.command("tianditu")
@click.option("--key", required=True, help="Of your account; every visitor's browser sees it.")
@click.option("--imagery", is_flag=True, help="Pictures from above instead of the map.")
@click.option("--attribution", default="", help="With the map approval number, where it is asked.")
def use_tianditu(key: str, imagery: bool, attribution: str) -> None:
    """Show Tianditu, the national map service."""
    _save(settings.tianditu(key, imagery=imagery, attribution=attribution))


def _service_options(command: Any) -> Any:
    """Give a command the options that XYZ and WMTS share."""
    for option in (
        click.option("--labels-url", default="", help="Of a second layer with the names."),
        click.option("--key", default="", help="Put for {key}; every visitor's browser sees it."),
        click.option("--subdomains", default="", help="Characters put for {s}, such as abc."),
        click.option("--attribution", default="", help="Whom the map must name."),
        click.option("--attribution-url", default="", help="Where the name leads."),
        click.option("--frame", type=click.Choice(FRAMES), default="wgs84", help="Of the tiles."),
        click.option("--min-zoom", type=int, default=0, show_default=True),
        click.option("--max-zoom", type=int, default=18, show_default=True),
        click.option("--muted/--vivid", default=True, help="Fade it behind the territory."),
    ):
        command = option(command)
    return command


@use.command("xyz")
@click.option("--url", required=True, help="Template with {z}, {x}, {y}; also {s}, {key}.")
@_service_options
def use_xyz(**values: object) -> None:
    """Show tiles of an XYZ service."""
    _save(settings.make({"kind": "xyz", **values}))


@use.command("wmts")
@click.option("--url", required=True, help="Endpoint, or template with {TileMatrix}, {TileRow}, …")
@click.option("--layer", default="")
@click.option("--labels-layer", default="")
@click.option("--style", default="default", show_default=True)
@click.option("--matrix-set", default="w", show_default=True, help="One in EPSG:3857.")
@click.option("--matrix", default="{z}", show_default=True, help="How the set names its zooms.")
@click.option("--format", default="tiles", show_default=True)
@_service_options
def use_wmts(**values: object) -> None:
    """Show tiles of a WMTS service."""
    _save(settings.make({"kind": "wmts", **values}))


commands: tuple[click.Command, ...] = (basemap,)


def _save(base: settings.BaseMap) -> None:
    home = home_from_env()
    try:
        path = settings.save(home, base)
    except OSError as error:
        path = home / settings.FILE_NAME
        raise SetupError(
            "{path} cannot be written: {reason}.", path=path, reason=error.strerror
        ) from error
    taken = _("{path}: {kind}. Restart GridMap for it to take effect.")
    click.echo(taken.format(path=path, kind=_kind(base)))
    if hosts := base.hosts():
        asked = _("Visitors' browsers will ask: {hosts}")
        click.echo(asked.format(hosts=_(", ").join(hosts)))
    if base.key:
        click.echo(_("They will see the key: bind it to your site's address at the service."))
    if hosts and not base.attribution:
        click.echo(_("Most services ask to be named: --attribution TEXT."))


def _kind(base: settings.BaseMap) -> str:
    """Return what a base map is called; the services go by the names of their protocols."""
    return {"none": _("none"), "offline": _("offline")}.get(base.kind, base.kind)


def _describe(made: archive.Archive) -> None:
    box = made.bounds
    size = _("{path}: {tiles:,} tiles, {megabytes:.1f} MB")
    click.echo(size.format(path=made.path, tiles=made.tile_count, megabytes=made.size / 1e6))
    zooms = _("zoom {first} to {last}").format(first=made.min_zoom, last=made.max_zoom)
    click.echo(f"  {zooms}")
    edges = f"{box.west:.4f},{box.south:.4f},{box.east:.4f},{box.north:.4f}"
    click.echo(f"  {_('box {edges}').format(edges=edges)}")
    for name, line in (
        ("attribution", _("attribution {value}")),
        ("licence", _("licence {value}")),
        ("made", _("made {value}")),
        ("sources", _("sources {value}")),
    ):
        value = made.metadata.get(name)
        if value:
            listed = _(", ").join(value) if isinstance(value, list) else value
            click.echo(f"  {line.format(value=listed)}")


def _box(text: str | None) -> Bounds | None:
    if text is None:
        return None
    parts = re.split(r"\s*,\s*", text.strip())
    try:
        west, south, east, north = map(float, parts)
    except ValueError:
        raise click.BadParameter(
            _("four numbers: west,south,east,north"), param_hint="--bbox"
        ) from None
    if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
        raise click.BadParameter(_("west < east, south < north, in degrees"), param_hint="--bbox")
    return Bounds(west, south, east, north)
