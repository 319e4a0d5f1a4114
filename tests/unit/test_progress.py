"""What a long command shows while it works."""

from __future__ import annotations

import io

import pytest

from scripts.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_a_step_where_nobody_watches() -> None:
    stream = io.StringIO()
    with Progress("Loading", stream) as progress:
        for step, share in (("reading", 0.0), ("reading", 0.4), ("writing", 0.9)):
            progress(step, share)
    lines = stream.getvalue().splitlines()
    assert lines == ["Loading …", "    0 %  reading", "   90 %  writing", "Loading: done in 0 s"]


def test_one_line_that_changes_on_a_terminal() -> None:
    stream = Terminal()
    with Progress("Loading", stream) as progress:
        progress("reading", 0.5)
        progress("reading", 0.5)
    shown = stream.getvalue()
    assert shown.count("\r") == 2
    assert "██████████░░░░░░░░░░  50 %  reading" in shown
    assert shown.endswith("Loading: done in 0 s\n")


def test_failure_is_not_called_done() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="broken"), Progress("Loading", stream):
        raise ValueError("broken")
    assert "done" not in stream.getvalue()
