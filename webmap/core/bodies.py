"""What is sent: read to its last byte or refused, JSON held to a model before anything is done."""

from __future__ import annotations

from typing import IO, TypeVar, cast

import flask
from flask import abort, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

from geodata.errors import InvalidInputError

Model = TypeVar("Model", bound=BaseModel)


class Request(flask.Request):
    """A request of which no part is taken for the whole."""

    @cached_property
    def stream(self) -> IO[bytes]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Return the body; reading raises RequestEntityTooLarge where there is more than may be."""
        limit = self.max_content_length
        if self.content_length is None and limit and "wsgi.input_terminated" in self.environ:
            return cast("IO[bytes]", _Whole(self.environ["wsgi.input"], limit, is_max=True))
        return super().stream


class _Whole(LimitedStream):
    """A body that came in chunks, with no word of its length: Werkzeug cuts it at the limit."""

    def readall(self) -> bytes:
        body = super().readall()
        if self.is_exhausted and self._stream.read(1):
            self.on_exhausted()
        return body


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
        raise refusal(error) from None


def refusal(error: ValidationError) -> InvalidInputError:
    """Return what is wrong with what was sent: the first fault that a model found."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return InvalidInputError(
        "{where}: {reason}",
        where=".".join(str(each) for each in first["loc"]) or "body",
        reason=first["msg"],
    )


def seen_revision() -> int:
    """Return the revision in If-Match. Aborts with 428 where there is none."""
    given = request.headers.get("If-Match", "").strip()
    if not given:
        abort(428)
    text = given.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdecimal() and len(text) < 18):
        raise InvalidInputError("If-Match is a revision as ETag gave it.")
    return int(text)
