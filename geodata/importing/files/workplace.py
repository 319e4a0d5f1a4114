"""The folder in which a file from outside is worked on; what killed imports left goes as well.

Its files hold all that the file says, columns that are never stored among them: who reported an
issue, and how to reach them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "gridmap-import-"
# A folder is locked right after it was made; a younger one may not be yet.
_YOUNG_S = 60.0


@contextmanager
def folder() -> Generator[Path]:
    """Give an empty folder that is ours alone, and delete it at the end."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        held = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # Ends with our process, however that ends: then the folder is nobody's.
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Path(name)
        finally:
            os.close(held)


def _sweep() -> None:
    """Delete the folders of our account whose process is gone."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            held = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                facts = os.fstat(held)
                if facts.st_uid == os.geteuid() and time.time() - facts.st_mtime > _YOUNG_S:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(left)
            finally:
                os.close(held)
