"""The bodies of `POST /requests`: one schema an action, made from the registry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from cdk_streamer_runtime.http.schemas import REQUEST_ID, WEBHOOK
from cdk_streamer_runtime.operations import COMPONENTS, Schema, ref
from cdk_streamer_runtime.requests.actions import Action
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.inputs import InvalidInput

# What holds schemas by names of its own, and what holds values that are no schemas.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
_VALUES = frozenset({"const", "enum", "default", "examples", "example"})
_DEFINITIONS = "#/$defs/"


def submissions(app: AsyncApp) -> dict[str, Schema]:
    """Give the components that describe submissions; `Submission` is any of them."""
    components: dict[str, Schema] = {}
    names: dict[str, str] = {}
    for action in app.actions.values():
        name = _free(re.sub(r"[^A-Za-z0-9._-]", "_", action.name), components)
        components |= _payload(f"Payload.{name}", action.input.schema())
        components[f"Submission.{name}"] = _submission(action, ref(f"Payload.{name}"))
        names[action.name] = f"{COMPONENTS}Submission.{name}"
    several = {
        "oneOf": [{"$ref": target} for target in names.values()],
        "discriminator": {"propertyName": "action", "mapping": names},
    }
    # Of an app without actions nothing can be asked.
    return {"Submission": several if names else {"not": {}}, **components}


def _submission(action: Action, payload: Schema) -> Schema:
    needs = f"needs the scope {', '.join(sorted(action.scopes))}" if action.scopes else None
    schema: Schema = {
        "type": "object",
        "required": ["action", *(["payload"] if _is_needed(action) else [])],
        "properties": {
            "action": {"const": action.name},
            "payload": payload,
            "id": {
                **REQUEST_ID,
                "type": ["string", "null"],
                "description": "the request's id and idempotency key",
            },
            "metadata": {"type": ["object", "null"]},
            "prefer": {"enum": ["sync", "async", None]},
            **({} if action.mode == "sync" else {"webhook": _or_null(WEBHOOK)}),
        },
    }
    return {"description": needs, **schema} if needs else schema


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _is_needed(action: Action) -> bool:
    """Tell whether the empty object, which stands for no payload, would be refused."""
    if not action.input.schema():
        return False  # an author's own function, which is not for us to call
    try:
        action.input.read({})
    except InvalidInput:
        return True
    return False


def _payload(name: str, document: Mapping[str, Any]) -> dict[str, Schema]:
    """Move a schema's definitions to where OpenAPI has them, and what refers to them along."""

    def moved(schema: object) -> object:
        if isinstance(schema, list):
            return [moved(each) for each in cast("list[object]", schema)]
        if not isinstance(schema, dict):
            return schema
        return {key: member(key, value) for key, value in cast("Schema", schema).items()}

    def member(key: str, value: Any) -> object:  # noqa: ANN401 - any JSON
        if key in _VALUES:
            return value
        if key in _NAMED and isinstance(value, dict):
            return {inner: moved(each) for inner, each in cast("Schema", value).items()}
        if key == "mapping" and isinstance(value, dict):
            return {inner: target(each) for inner, each in cast("dict[str, str]", value).items()}
        return target(value) if key == "$ref" else moved(value)

    def target(reference: str) -> str:
        if reference == "#":
            return f"{COMPONENTS}{name}"
        inner = reference.removeprefix(_DEFINITIONS)
        return reference if inner == reference else f"{COMPONENTS}{name}.{inner}"

    definitions: Mapping[str, Any] = document.get("$defs", {})
    root = {key: value for key, value in document.items() if key != "$defs"}
    components = {f"{name}.{inner}": moved(each) for inner, each in definitions.items()}
    return cast("dict[str, Schema]", {name: moved(root), **components})


def _free(name: str, taken: Mapping[str, object]) -> str:
    free, number = name, 2
    while f"Submission.{free}" in taken:
        free, number = f"{name}.{number}", number + 1
    return free
