"""The browser's libraries are the pinned ones, unchanged, and ask for nothing that is missing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import webmap

ROOT = Path(webmap.__file__).parent.parent
STATIC = ROOT / "webmap" / "static"


def test_what_is_committed_is_what_was_pinned() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "vendor_assets"), "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("file", sorted(STATIC.rglob("*.js")), ids=lambda path: path.name)
def test_no_script_points_at_a_source_map(file: Path) -> None:
    assert b"sourceMappingURL=" not in file.read_bytes()


@pytest.mark.parametrize("file", sorted((STATIC / "js").rglob("*.js")), ids=lambda path: path.name)
def test_modules_are_rooms_not_halls(file: Path) -> None:
    assert file.read_text(encoding="utf-8").count("\n") < 300


INLINE = re.compile(r"""\s(style|on(click|input|change|load|submit))\s*=\s*["']""")


def test_templates_carry_no_inline_style_or_handler() -> None:
    templates = (ROOT / "webmap" / "templates").rglob("*.html")
    found = [path.name for path in templates if INLINE.search(path.read_text(encoding="utf-8"))]
    assert found == []
