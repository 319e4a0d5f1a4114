"""Reference layers of plans over HTTP: files in, lines and points to draw by out.

A file is the body of its request, so that nothing of it is read before it is known who sends it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PureWindowsPath
from threading import BoundedSemaphore
from typing import Annotated, Any

import shapely
from apiflask import APIBlueprint
from flask import Response, jsonify, request
from flask_babel import gettext as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from geodata.errors import InvalidInputError, UnavailableError
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.lines import reading as importing
from geodata.importing.lists import places
from geodata.language.phrases import Phrase
from geodata.plans import keeping, references
from geodata.plans.references import Reference
from webmap.core import acting, bodies, config, describing
from webmap.core.asking import Box, Query, asks
from webmap.plans.models import Words

bp = APIBlueprint(
    "references", __name__, url_prefix="/api/plans/<int:plan_id>/references", tag="Plans"
)

# A file is read in a process with much memory of its own: in each worker one at a time.
_reading = BoundedSemaphore(1)
_WAIT_S = 20
# By content a file is told anyway; the reader of some formats looks at the name as well.
_ENDINGS = (".geojson", ".json", ".gpkg", ".zip", ".dxf", ".kml", ".fgb")
# In a picture of this many pixels a degree of longitude is 360th of it.
_WORLD_PX = 256
_MOST_ZOOM = 24
# Where the command line's hints name its options.
_HINTS: Mapping[str, str] = {
    "no_crs": Phrase("Choose the coordinate system in which it was drawn.").text,
    "no_prj": Phrase("Choose the coordinate system in which it was drawn.").text,
    "unknown_crs": Phrase("Choose one from the list, or give its EPSG number.").text,
    "several_layers": Phrase("Choose one of them.").text,
    "wrong_format": Phrase("Send GeoPackage, GeoJSON, zipped Shapefile or DXF.").text,
    "time": Phrase("Leave out what is not needed, or simplify the lines a little.").text,
    "memory": Phrase("Leave out what is not needed, or simplify the lines a little.").text,
}
_LIKELY = Phrase(
    "Choose the coordinate system in which it was drawn. The coordinates look like {guess}."
).text


def _file_name(text: str) -> str:
    """Return a file's name without folders and characters that cannot be shown."""
    name = PureWindowsPath("".join(c for c in text if c.isprintable())).name.strip()
    if not name:
        raise InvalidInputError("Say what the file is called.")
    return name[-120:]


def _zoom(text: str) -> float:
    try:
        zoom = float(text)
    except ValueError:
        zoom = -1.0
    if not 0 <= zoom <= _MOST_ZOOM:
        raise InvalidInputError("A zoom is a number from 0 to {most}.", most=_MOST_ZOOM)
    return zoom


class FileIn(Query):
    """What is said of a file that is sent."""

    name: Annotated[str, BeforeValidator(_file_name)] = Field(
        max_length=200, description="What the file is called."
    )
    crs: str = Field(
        "",
        max_length=100,
        description="Its coordinate system: EPSG:4548, gcj02, bd09. Else what the file says.",
    )
    layer: str | None = Field(None, max_length=200, description="Which layer, if it has several.")


class AroundIn(Query):
    """Which part of the map."""

    box: Box = Field(description="West,south,east,north in degrees.")
    zoom: Annotated[float, BeforeValidator(_zoom)] | None = Field(
        None, ge=0, le=_MOST_ZOOM, description="Of the map: what is too much for it is simplified."
    )


class NameIn(BaseModel):
    """What a layer is to be called."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Words, Field(max_length=200)]


class ReferenceOut(BaseModel):
    """A layer of lines and points; ``crs`` is the system in which the file was."""

    number: int
    name: str
    source: str
    crs: str
    corners: int
    actor: str
    added_at: datetime
    bounds: list[float] = Field(description="West, south, east, north.")


class AddedOut(ReferenceOut):
    """A layer that was added, and what of its file was left out."""

    notes: list[str]


class ReferencesOut(BaseModel):
    """The layers of a plan, the oldest first."""

    references: list[ReferenceOut]


class LayerOut(BaseModel):
    """What of a layer meets a box: corners are [lon, lat]."""

    number: int
    lines: list[list[list[float]]]
    points: list[list[float]]


class AroundOut(BaseModel):
    """What of the layers meets a box."""

    layers: list[LayerOut]
    is_exact: bool = Field(description="With every corner; else simplified, to look at alone.")


@bp.get("")
@bp.output(ReferencesOut)
@bp.doc(responses=[401, 404])
def listing(plan_id: int) -> dict[str, Any]:
    """List the reference layers of a plan."""
    with acting.drawing_connection() as (conn, _actor):
        keeping.get(conn, plan_id)
        return {"references": [_plain(each) for each in references.listed(conn, plan_id)]}


@bp.post("")
@bp.output(AddedOut, status_code=201)
@asks(FileIn)
@describing.takes_file(config.FILE_TYPE)
@bp.doc(responses=[400, 401, 404, 405, 409, 422, 503])
def add(asked: FileIn, plan_id: int) -> Response:
    """Read a file into a reference layer of a plan; of it only lines and points are kept."""
    if request.mimetype != config.FILE_TYPE:
        raise InvalidInputError(
            "Send the file as it is, as the body of the request, of the type {type}.",
            type=config.FILE_TYPE,
        )
    name, crs, layer = asked.name, asked.crs, asked.layer
    with acting.drawing_connection() as (conn, actor):
        references.check_room(conn, keeping.get(conn, plan_id), actor)
        county_box = places.county_box(conn)
    lines = _read(name, county_box, crs, layer)
    with acting.drawing_connection() as (conn, actor):
        title = (layer or Path(name).stem)[: references.NAME_LENGTH]
        made = references.add(conn, plan_id, actor, title, name, lines)
    response = jsonify({**_plain(made), "notes": [note.said(_) for note in lines.notes]})
    response.status_code = 201
    return response


@bp.get("/around")
@bp.output(AroundOut)
@asks(AroundIn)
@bp.doc(responses=[400, 401, 404])
def around(asked: AroundIn, plan_id: int) -> dict[str, Any]:
    """Return what of the layers lies in a part of the map, to be drawn by."""
    tolerance = 360 / (_WORLD_PX * 2**asked.zoom) if asked.zoom is not None else 0
    with acting.drawing_connection() as (conn, _actor):
        keeping.get(conn, plan_id)
        found = references.within(conn, plan_id, asked.box, tolerance)
    return {
        "layers": [_shapes(number, shapes) for number, shapes in found.shapes.items()],
        "is_exact": found.is_exact,
    }


@bp.patch("/<int:number>")
@bp.output(ReferenceOut)
@describing.takes(NameIn)
@bp.doc(responses=[400, 401, 404, 405, 409])
def rename(plan_id: int, number: int) -> dict[str, Any]:
    """Give a reference layer another name."""
    wanted = bodies.read(NameIn)
    with acting.drawing_connection() as (conn, actor):
        return _plain(references.rename(conn, plan_id, actor, number, wanted.name))


@bp.delete("/<int:number>")
@bp.output({}, status_code=204)
@bp.doc(responses=[400, 401, 404, 405, 409])
def remove(plan_id: int, number: int) -> Response:
    """Take a reference layer out of a plan, for good."""
    with acting.drawing_connection() as (conn, actor):
        references.remove(conn, plan_id, actor, number)
    return Response(status=204)


def _read(
    name: str, county_box: tuple[float, float, float, float] | None, crs: str, layer: str | None
) -> importing.ReadLines:
    """Keep the body until it has been read. Raises FileRefusedError with hints for the map."""
    with tempfile.TemporaryDirectory(prefix="gridmap-reference-") as folder:
        ending = Path(name).suffix.lower()
        path = Path(folder) / f"file{ending if ending in _ENDINGS else ''}"
        with path.open("wb") as file:
            while chunk := request.stream.read(1 << 20):
                file.write(chunk)
        return _read_in_turn(path, county_box, crs, layer)


def _read_in_turn(
    path: Path, county_box: tuple[float, float, float, float] | None, crs: str, layer: str | None
) -> importing.ReadLines:
    if not _reading.acquire(timeout=_WAIT_S):
        raise UnavailableError("Other files are being read.", hint="Try again in a moment.")
    try:
        return importing.read(path, county_box, crs=crs, layer=layer)
    except FileRefusedError as error:
        hint = _HINTS.get(error.fault, error.hint)
        if error.fault in ("no_crs", "no_prj") and error.data.get("guess"):
            hint = _LIKELY
        data = {key: value for key, value in error.data.items() if key != "fault"}
        raise FileRefusedError(error.fault, error.message, hint=hint, **data) from error
    finally:
        _reading.release()


def _plain(found: Reference) -> dict[str, Any]:
    return {
        "number": found.number,
        "name": found.name,
        "source": found.source,
        "crs": found.crs,
        "corners": found.corners,
        "actor": found.actor,
        "added_at": found.added_at.isoformat(),
        "bounds": found.bounds,
    }


def _shapes(number: int, shapes: list[Any]) -> dict[str, Any]:
    """Return the lines and points of a layer."""
    lines: list[Any] = []
    points: list[Any] = []
    for shape in shapes:
        xy = shapely.get_coordinates(shape).tolist()
        if shape.geom_type == "Point":
            points += xy
        else:
            lines.append(xy)
    return {"number": number, "lines": lines, "points": points}
