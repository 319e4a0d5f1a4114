"""What the OpenAPI document says of what is sent, where the views themselves read it.

The framework would refuse in its own words; ours are in the reader's language (``bodies``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app
from pydantic import BaseModel

View = TypeVar("View", bound=Callable[..., Any])

_REVISION = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": "What is changed as it was seen, by its ETag.",
    "schema": {"type": "string", "pattern": r'^"[0-9]{1,17}"$'},
}


def takes(model: type[BaseModel]) -> Callable[[View], View]:
    """Say what a view takes as JSON."""
    return _marked("takes", model)


def asks(model: type[BaseModel]) -> Callable[[View], View]:
    """Say what a view reads from its address."""
    return _marked("asks", model)


def takes_file(mimetype: str) -> Callable[[View], View]:
    """Say that a view takes a file as it is."""
    return _marked("takes_file", mimetype)


def needs_revision(view: View) -> View:
    """Say that a view wants to know which state of what it changes was seen."""
    return _marked("needs_revision", True)(view)


def describe(spec: dict[str, Any] | str) -> dict[str, Any] | str:
    """Add all that to the document."""
    if isinstance(spec, str):
        return spec
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    for rule in current_app.url_map.iter_rules():
        about: dict[str, Any] = getattr(current_app.view_functions[rule.endpoint], "described", {})
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in rule.methods or ():
            operation = spec.get("paths", {}).get(path, {}).get(method.lower())
            if operation is not None:
                _add(operation, about, schemas)
    return spec


def _add(operation: dict[str, Any], about: dict[str, Any], schemas: dict[str, Any]) -> None:
    if model := about.get("takes"):
        reference = {"$ref": f"#/components/schemas/{_define(model, schemas)}"}
        content = {"application/json": {"schema": reference}}
        operation["requestBody"] = {"required": True, "content": content}
    if mimetype := about.get("takes_file"):
        binary = {mimetype: {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": binary}
    if "requestBody" in operation:
        operation.setdefault("responses", {})["413"] = {"description": "Content Too Large"}
    parameters = operation.setdefault("parameters", [])
    if model := about.get("asks"):
        schema = model.model_json_schema()
        for name, each in schema["properties"].items():
            is_required = name in schema.get("required", ())
            parameters.append(
                {"in": "query", "name": name, "required": is_required, "schema": each}
            )
    if "needs_revision" in about:
        parameters.append(_REVISION)


def _define(model: type[BaseModel], schemas: dict[str, Any]) -> str:
    name = model.__name__
    schema = model.model_json_schema(ref_template=f"#/components/schemas/{name}.{{model}}")
    for part, definition in schema.pop("$defs", {}).items():
        schemas[f"{name}.{part}"] = definition
    schemas[name] = schema
    return name


def _marked(key: str, value: object) -> Callable[[View], View]:
    def mark(view: View) -> View:
        about: dict[str, object] = {**getattr(view, "described", {}), key: value}
        view.described = about  # type: ignore[attr-defined] # pyright: ignore[reportFunctionMemberAccess]
        return view

    return mark
