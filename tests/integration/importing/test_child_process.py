"""The process that opens files from outside: what it may not do, and what it does not load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from geodata.importing.files import exchange, process
from geodata.importing.files.requests import (
    Columns,
    FileRequest,
    GridRequest,
    LineRequest,
    TableRequest,
    to_plain,
)
from geodata.importing.files.sniffing import DRIVERS
from tests import faults


def test_what_the_child_may_not_do(tmp_path: Path) -> None:
    """Whatever a library could be talked into: no network, no programs, no heaps of memory."""
    attempts = {
        "socket": "import socket; socket.socket()",
        "program": "import subprocess; subprocess.run(['true'])",
        "memory": "bytearray(2 << 30)",
        "file": "open('x', 'wb').write(bytes(2 << 20))",
        "processor": "while True: pass",
    }
    for name, attempt in {"nothing": "pass", **attempts}.items():
        code = (
            "from geodata.importing.files import limits;"
            " limits.limit(memory_bytes=1 << 30, cpu_s=1, file_bytes=1 << 20); limits.cut_off()\n"
            f"print('begun', flush=True)\n{attempt}\nprint('done')"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, text=True, check=False, cwd=tmp_path,
            env=process.environment(tmp_path),
        )  # fmt: skip
        assert "begun" in done.stdout, (name, done.stderr)
        assert ("done" in done.stdout) is (name == "nothing"), name
        assert (done.returncode == 0) is (name == "nothing"), name


def test_the_child_loads_nothing_for_databases_or_tables_of_its_own(tmp_path: Path) -> None:
    """It knows no database, and what starts with each file is kept small."""
    table = tmp_path / "t.csv"
    table.write_text("name,lon,lat\na,116.3,31.4\n", "utf-8")
    county = faults.write_json(
        tmp_path / "t.geojson", faults.features([faults.COUNTY], ["341525"], ["霍山县"])
    )
    requests = {
        "table": TableRequest(FileRequest(str(table)), {"name": ["name"]}),
        "lines": LineRequest(FileRequest(str(county)), None, 100),
        "grids": GridRequest(
            FileRequest(str(county)),
            "county",
            Columns("name", "code"),
            repair=False,
            accept=(),
            parents=(),
            existing=(),
            county_box=None,
        ),
    }
    code = (
        "import sys; from pathlib import Path; from geodata.importing import child\n"
        "assert child.main(Path(sys.argv[1])) == 0\n"
        "print(*(name for name, module in sys.modules.items() if module is not None))"
    )
    for task, request in requests.items():
        work = tmp_path / task
        work.mkdir()
        for name in ("parents", "existing", "childless", "buildings"):
            exchange.save_wkb(work / f"{name}.wkb", ())
        limits = {"memory_bytes": 2 << 30, "cpu_s": 60, "file_bytes": 1 << 20}
        asked = {"task": task, "request": to_plain(request), "limits": limits}
        (work / "request.json").write_text(json.dumps(asked), "utf-8")
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, str(work)],
            capture_output=True, text=True, check=False,
            env=process.environment(work, process.DRIVERS_OF.get(task, DRIVERS)),
        )  # fmt: skip
        assert done.returncode == 0, (task, done.stderr)
        assert "refused" not in json.loads((work / "result.json").read_text("utf-8")), task
        loaded = set(done.stdout.splitlines()[-1].split())
        assert "geodata.importing.child" in loaded
        assert loaded.isdisjoint({"psycopg", "pandas", "geopandas", "flask"}), task
