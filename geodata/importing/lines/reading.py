"""Reference layers from files of planning offices: their lines and points, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata import frames
from geodata.frames import FRAMES, Frame
from geodata.importing.files import exchange, process
from geodata.importing.files.process import Limits
from geodata.importing.files.requests import FileRequest, LineRequest, Progress, to_plain
from geodata.language.phrases import Phrase

MOST_CORNERS = 200_000
# A layer is read while somebody waits for it.
LIMITS = Limits(memory_bytes=3 << 30, cpu_s=40, wall_s=50, file_bytes=1 << 30)


@dataclass(frozen=True, slots=True)
class ReadLines:
    """Lines and points in WGS 84 on the storage grid; ``crs`` names the system of the file."""

    shapes: NDArray[np.object_]
    corners: int
    crs: str
    notes: tuple[Phrase, ...]


def read(
    path: Path,
    county_box: tuple[float, float, float, float] | None,
    *,
    crs: str = "",
    layer: str | None = None,
    progress: Progress | None = None,
) -> ReadLines:
    """Let the limited process read a file.

    ``county_box`` is west, south, east, north. ``crs`` is a system as people write it,
    "gcj02" or "bd09"; "" is what the file says of itself.

    Raises:
        FileRefusedError: ``data["systems"]`` are likely systems where the system is missing or
            wrong, ``data["layers"]`` the layers of which one must be chosen
    """
    system, frame = _system(crs)
    file = FileRequest(str(path), layer=layer, crs=system, frame=frame)
    request = to_plain(LineRequest(file, county_box, MOST_CORNERS))
    with process.opened("lines", request, {}, progress or _quiet, LIMITS) as done:
        said: dict[str, Any] = done.result
        shapes = exchange.load(done.work / "lines.wkb")
    notes: list[Phrase] = []
    if said["is_cut"]:
        notes.append(Phrase("What lies outside the county was left out."))
    if said["broken"]:
        notes.append(
            Phrase("Left out because a coordinate is no number: {n:,}.", {"n": said["broken"]})
        )
    return ReadLines(shapes, said["corners"], said["crs"][:200], tuple(notes))


def offered_systems(
    county_box: tuple[float, float, float, float] | None,
) -> list[tuple[str, Phrase]]:
    """Return the systems that files of planning offices come in, for a county's box of degrees."""
    offered = [
        ("EPSG:4326", Phrase("WGS 84 or CGCS2000, in degrees")),
        ("gcj02", Phrase("GCJ-02 (Amap, Tencent)")),
        ("bd09", Phrase("BD-09 (Baidu)")),
    ]
    if county_box is None:
        return offered
    lon = (county_box[0] + county_box[2]) / 2
    if not frames.is_in_china((lon, (county_box[1] + county_box[3]) / 2)):
        return offered
    epsg = frames.gauss_kruger_epsg(lon)
    # Central meridians from 75 degrees on, every three; 21 codes earlier with the zone's number.
    values = {"middle": 75 + 3 * (epsg - 4534)}
    return [
        (f"EPSG:{epsg}", Phrase("CGCS2000, 3-degree zone, {middle}°E", values)),
        (
            f"EPSG:{epsg - 21}",
            Phrase("CGCS2000, 3-degree zone, {middle}°E, with zone number", values),
        ),
        *offered,
    ]


def _system(text: str) -> tuple[str | None, Frame | None]:
    text = text.strip()
    name = text.lower().replace("-", "")
    for frame in FRAMES:
        if name == frame:
            # Degrees of a web map, in whatever the file is said to be.
            return "EPSG:4326", frame
    return text or None, None


def _quiet(_stage: str, _share: float) -> None:
    pass
