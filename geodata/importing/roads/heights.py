"""Reading heights from an ESRI ASCII grid (.asc) or a text of points "x y height" (.xyz, .csv).

Both are plain text, which needs no library that could follow a file elsewhere. GeoTIFF is not read.
Runs in the limited child process only.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyproj import Transformer
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import QhullError

from geodata.importing.files import coordinates
from geodata.importing.files.refusals import FileRefusedError
from geodata.language.phrases import Phrase
from geodata.roads.network import Floats

# A third of a degree at 1" is 1.4 million; a whole tile of SRTM at 3" 36 million.
MAX_CELLS = 150_000_000
# Triangulated, which takes some 600 bytes each.
MAX_POINTS = 3_000_000
_STRANGE = Phrase("the file is neither an ASCII grid nor a text of points")
_HEADER = re.compile(rb"\s*([A-Za-z_]+)\s+(\S+)")
_WORDS = {"ncols", "nrows", "xllcorner", "xllcenter", "yllcorner", "yllcenter", "cellsize",
          "dx", "dy", "nodata_value"}  # fmt: skip
_SEPARATORS = {",": ",", ";": ";", "\t": "\t"}


@dataclass(frozen=True, slots=True)
class Grid:
    """Heights in metres on a grid: ``values`` (rows, cols) from the south-west, NaN where none.

    ``west`` and ``south`` are the middle of the first cell.
    """

    west: float
    south: float
    step_x: float
    step_y: float
    values: Floats

    def at(self, xy: Floats) -> Floats:
        """Return heights at places (n, 2) between the four cells around, NaN outside."""
        rows, cols = self.values.shape
        x = (xy[:, 0] - self.west) / self.step_x
        y = (xy[:, 1] - self.south) / self.step_y
        # Half a cell beyond the outermost middles is the grid's still.
        with np.errstate(invalid="ignore"):
            inside = (x >= -0.5) & (x <= cols - 0.5) & (y >= -0.5) & (y <= rows - 0.5)
        x = np.clip(np.where(inside, x, 0.0), 0, cols - 1)
        y = np.clip(np.where(inside, y, 0.0), 0, rows - 1)
        col = np.minimum(x.astype(np.int64), max(cols - 2, 0))
        row = np.minimum(y.astype(np.int64), max(rows - 2, 0))
        right, up = np.minimum(col + 1, cols - 1), np.minimum(row + 1, rows - 1)
        dx, dy = x - col, y - row
        low = _mix(self.values[row, col], self.values[row, right], dx)
        high = _mix(self.values[up, col], self.values[up, right], dx)
        return np.where(inside, _mix(low, high, dy), np.nan)


def _mix(one: Floats, two: Floats, share: Floats) -> Floats:
    """Return values between; at the very place of one, the other need not be known."""
    between = one * (1 - share) + two * share
    return np.where(share == 0, one, np.where(share == 1, two, between))


def read(path: Path, crs: str | None) -> Callable[[Floats], Floats]:
    """Return the function that gives heights in metres at places (lon, lat), NaN where none.

    ``crs`` is the system of the file's x and y; without, that of a .prj beside it, else degrees.

    Raises:
        FileRefusedError
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if re.match(rb"\s*ncols\s", head, re.I):
        grid = _read_grid(path)
        heights, corner = grid.at, (grid.west, grid.south)
    else:
        xyz = _read_points(path, head)
        heights, corner = _between(xyz), (float(xyz[0, 0]), float(xyz[0, 1]))
    beside = path.with_suffix(".prj")
    told = crs or (beside.read_text("utf-8", "replace") if beside.is_file() else None)
    if told is None:
        if abs(corner[0]) > 180 or abs(corner[1]) > 90:
            raise FileRefusedError(
                "no_crs",
                "The height file does not say its coordinate system.",
                hint="Give it with --heights-crs, for example --heights-crs EPSG:4548.",
            )
        return heights
    turn = Transformer.from_crs(4326, coordinates.parse(told), always_xy=True)

    def turned(xy: Floats) -> Floats:
        return heights(np.column_stack(turn.transform(xy[:, 0], xy[:, 1])))

    return turned


def _bad(reason: Phrase) -> FileRefusedError:
    return FileRefusedError(
        "bad_heights",
        "The heights cannot be read: {reason}.",
        hint="Export the heights as ESRI ASCII grid, or as text with x, y and height in a line.",
        reason=reason,
    )


def _read_grid(path: Path) -> Grid:
    with path.open("rb") as file:
        told: dict[str, float] = {}
        while True:
            here = file.tell()
            match = _HEADER.match(file.readline(200))
            if match is None or match[1].decode().lower() not in _WORDS:
                break
            try:
                told[match[1].decode().lower()] = float(match[2])
            except ValueError as failure:
                raise _bad(Phrase("the header of the grid is damaged")) from failure
        file.seek(here)
        step_x, step_y = (told.get(name, told.get("cellsize", 0.0)) for name in ("dx", "dy"))
        size = [told.get(name, 0.0) for name in ("ncols", "nrows")]
        if not all(1 <= each <= MAX_CELLS and each.is_integer() for each in size):
            raise _bad(Phrase("the header of the grid is damaged"))
        cols, rows = int(size[0]), int(size[1])
        west, south = _corner(told, "x", step_x), _corner(told, "y", step_y)
        if not (step_x > 0 and step_y > 0 and np.isfinite([west, south, step_x, step_y]).all()):
            raise _bad(Phrase("the header of the grid is damaged"))
        if rows * cols > MAX_CELLS:
            raise _bad(Phrase("the grid has more than {limit:,} cells", {"limit": MAX_CELLS}))
        values = _numbers(file.read())
    if len(values) != rows * cols:
        told_of = {"found": len(values), "wanted": rows * cols}
        raise _bad(Phrase("the grid has {found:,} heights and should have {wanted:,}", told_of))
    values[values == told.get("nodata_value", -9999.0)] = np.nan
    values[~np.isfinite(values)] = np.nan
    return Grid(west, south, step_x, step_y, values.reshape(rows, cols)[::-1])


def _numbers(text: bytes) -> Floats:
    try:
        with warnings.catch_warnings():
            # What is no number ends the reading, and numpy only warns of it.
            warnings.simplefilter("error", DeprecationWarning)
            return np.fromstring(text, sep=" ")
    except (DeprecationWarning, ValueError) as failure:
        raise _bad(Phrase("the grid holds something that is no number")) from failure


def _corner(told: dict[str, float], axis: str, step: float) -> float:
    """Return the middle of the first cell: some writers give it, some the cell's corner."""
    if f"{axis}llcenter" in told:
        return told[f"{axis}llcenter"]
    return told.get(f"{axis}llcorner", np.nan) + step / 2


def _read_points(path: Path, head: bytes) -> Floats:
    try:
        lines = head.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as failure:
        raise _bad(_STRANGE) from failure
    first = next((line for line in lines if line.strip()), "")
    separator = next((mark for mark in _SEPARATORS if mark in first), None)
    has_header = re.match(r"\s*[-+.\d]", first) is None
    try:
        with warnings.catch_warnings():
            # Of a file without a line of numbers numpy only warns.
            warnings.simplefilter("error", UserWarning)
            xyz = np.loadtxt(
                path,
                delimiter=separator,
                skiprows=lines.index(first) + 1 if has_header and first else 0,
                usecols=(0, 1, 2),
                ndmin=2,
                encoding="utf-8-sig",
                max_rows=MAX_POINTS + 1,
            )
    except (ValueError, IndexError, UserWarning) as failure:
        raise _bad(_STRANGE) from failure
    if len(xyz) > MAX_POINTS:
        raise _bad(Phrase("the file has more than {limit:,} points", {"limit": MAX_POINTS}))
    xyz = xyz[np.isfinite(xyz).all(axis=1)]
    if len(xyz) < 3:
        raise _bad(Phrase("the file has fewer than three points"))
    return xyz


def _between(xyz: Floats) -> Callable[[Floats], Floats]:
    """Return the heights between points: within the triangles that they span."""
    try:
        heights = LinearNDInterpolator(xyz[:, :2], xyz[:, 2], rescale=True)
    except (QhullError, ValueError) as failure:
        raise _bad(Phrase("its points lie on one line")) from failure
    return lambda xy: np.asarray(heights(xy), dtype=np.float64)
