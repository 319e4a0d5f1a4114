"""Progress of a long command: one line that changes on a terminal, a line a step elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from geodata.language.phrases import Phrase
from scripts.cli.language import translate as _


class Progress:
    """Shows what is being done and how far it is, on standard error.

    Call it with the step and the share of the whole that is done, 0 to 1.
    """

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream = stream or sys.stderr
        self._is_live = self._stream.isatty()
        self._shown = ("", -1)
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        if not self._is_live:
            print(f"{self._title} …", file=self._stream, flush=True)
        return self

    def __call__(self, step: str | Phrase, share: float) -> None:
        """Show a step, given in English, and the share of the whole that is done."""
        step = step.said(_) if isinstance(step, Phrase) else _(step)
        percent = round(min(max(share, 0.0), 1.0) * 100)
        if (step, percent) == self._shown:
            return
        if self._is_live:
            bar = "█" * (percent // 5) + "░" * (20 - percent // 5)
            # \x1b[K clears what a longer step left behind.
            self._stream.write(f"\r{self._title}  {bar} {percent:3d} %  {step}\x1b[K")
            self._stream.flush()
        elif step != self._shown[0]:
            print(f"  {percent:3d} %  {step}", file=self._stream, flush=True)
        self._shown = (step, percent)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        taken_s = time.monotonic() - self._start
        if self._is_live:
            self._stream.write("\r\x1b[K")
        if kind is None:
            done = _("{title}: done in {seconds:.0f} s").format(title=self._title, seconds=taken_s)
            print(done, file=self._stream, flush=True)
