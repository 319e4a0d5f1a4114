"""What programs send: JSON, held to a model before anything is done with it."""

from __future__ import annotations

from typing import TypeVar

from flask import abort, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from geodata.errors import InvalidInputError

Model = TypeVar("Model", bound=BaseModel)


def plain() -> object:
    """Return the body as JSON data. Raises InvalidInputError if it is none."""
    try:
        return request.get_json(force=True)
    except (BadRequest, RecursionError, ValueError) as error:
        raise InvalidInputError("What was sent is not JSON.") from error


def read(model: type[Model]) -> Model:
    """Return the body as what it should be. Raises InvalidInputError with the first fault."""
    try:
        return model.model_validate(plain())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise InvalidInputError(
            "{where}: {reason}",
            where=".".join(str(each) for each in first["loc"]) or "body",
            reason=first["msg"],
        ) from None


def seen_revision() -> int:
    """Return the revision in If-Match. Aborts with 428 where there is none."""
    given = request.headers.get("If-Match", "").strip()
    if not given:
        abort(428)
    text = given.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdecimal() and len(text) < 18):
        raise InvalidInputError("If-Match is a revision as ETag gave it.")
    return int(text)
