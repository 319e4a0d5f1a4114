"""What the application loads when it starts: nothing heavy that only some of its work needs."""

from __future__ import annotations

import subprocess
import sys


def test_the_application_starts_without_what_only_some_of_its_work_needs() -> None:
    code = "import sys, webmap.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "webmap.app" in loaded
    # Chinese readings of names, map files and PDF: each takes a part of a second.
    assert loaded.isdisjoint({"pypinyin", "geopandas", "pyogrio", "weasyprint"})
