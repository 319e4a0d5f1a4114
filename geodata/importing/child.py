"""The process in which files from outside are opened: ``python -m geodata.importing.child``.

Its only argument is a work folder with ``request.json``. It limits itself, cuts itself off from
the network, works, and leaves ``result.json``. Progress goes to standard output, one JSON object
a line.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from geodata.errors import GridMapError
from geodata.importing.files import limits
from geodata.language.phrases import Phrase, to_plain

# pyogrio loads these where it finds them, for tables that nothing here asks for: that was half of
# the time that a child took to start.
_NOT_LOADED = ("geopandas", "pandas")


def main(work: Path) -> int:
    """Do what the request in a folder says. Returns the exit code of the process."""
    asked: dict[str, Any] = json.loads((work / "request.json").read_text("utf-8"))
    limits.limit(**asked["limits"])
    limits.cut_off()
    warnings.simplefilter("ignore")
    for name in _NOT_LOADED:
        sys.modules[name] = None  # type: ignore[assignment]  # Python's way to refuse an import.
    try:
        result = _work(asked["task"], asked["request"], work)
    except GridMapError as refused:
        data = {key: _plain(value) for key, value in refused.data.items()}
        result = {
            "refused": {
                "fault": data.pop("fault", refused.code),
                "message": refused.message,
                "hint": refused.hint,
                "data": data,
            }
        }
    except MemoryError:
        lacking = Phrase("The file needs more memory than is given to reading one.")
        result = {
            "refused": {"fault": "memory", "message": lacking.text, "hint": "", "data": {}},
        }
    written = json.dumps(result, ensure_ascii=False, default=to_plain)
    (work / "result.json").write_text(written, "utf-8")
    return 0


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, Phrase)) else str(value)


def _work(task: str, request: dict[str, Any], work: Path) -> dict[str, object]:
    # The libraries that read files are loaded behind the limits.
    if task == "grids":
        from geodata.importing.files import features
        from geodata.importing.files.requests import grid_request
        from geodata.importing.grids import results, surveying

        features.allowed_drivers_only()
        found = surveying.run(grid_request(request), work, _tell)
        return results.of_survey(found, work, _tell)
    if task == "table":
        from geodata.importing.files import tables
        from geodata.importing.files.requests import table_request

        _tell("reading", 0.0)
        return tables.read(table_request(request), work)
    if task == "lines":
        from geodata.importing.files import features
        from geodata.importing.files.requests import line_request
        from geodata.importing.files.sniffing import SHAPE_DRIVERS
        from geodata.importing.lines import surveying as lines

        features.allowed_drivers_only(SHAPE_DRIVERS)
        return lines.run(line_request(request), work, _tell)
    if task in {"roads", "osm"}:
        from geodata.importing.files import features
        from geodata.importing.files.process import DRIVERS_OF
        from geodata.importing.files.sniffing import DRIVERS
        from geodata.importing.roads import surveying as roads
        from geodata.importing.roads.requests import road_request

        features.allowed_drivers_only(DRIVERS_OF.get(task, DRIVERS))
        return roads.run(road_request(request), work, _tell)
    raise ValueError(task)


def _tell(stage: str, share: float) -> None:
    sys.stdout.write(json.dumps({"stage": stage, "share": share}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
