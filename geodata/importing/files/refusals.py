"""Why a file is not read at all."""

from __future__ import annotations

from geodata.errors import GridMapError

# Between the names of layers in what a refusal says for programs: no name holds it.
LAYERS_APART = "\x1f"


class FileRefusedError(GridMapError):
    """A file cannot or must not be read. ``data["fault"]`` is stable for machines."""

    code = "file_refused"

    def __init__(self, fault: str, message: str, *, hint: str = "", **data: object) -> None:
        super().__init__(message, hint=hint, **data, fault=fault)
        self.fault = fault
