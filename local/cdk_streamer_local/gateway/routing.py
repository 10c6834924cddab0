"""Which route a message takes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from cdk_streamer_local.gateway.apis import CONNECT, DEFAULT, DISCONNECT, Route

_VARIABLE = re.compile(r"\$\{request\.body\.?(?P<wrapped>[^}]*)\}|^\$request\.body\.?(?P<bare>.*)$")
_STEP = re.compile(r"\.?(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\[['\"](?P<quoted>[^'\"]*)['\"]\]")


def route_of(routes: Mapping[str, Route], selection: str, message: str) -> Route | None:
    """Give the route that a message takes, or None if there is none for it."""
    key = route_key(selection, message)
    if key is not None and key not in {CONNECT, DISCONNECT} and key in routes:
        return routes[key]
    return routes.get(DEFAULT)


def route_key(selection: str, message: str) -> str | None:
    """Evaluate a route selection expression; None if the message lacks what it asks for."""
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        return None
    found = [_value(body, _path(variable)) for variable in _VARIABLE.finditer(selection)]
    if any(value is None for value in found):
        return None
    values = iter([_text(value) for value in found])
    return _VARIABLE.sub(lambda _: next(values), selection)


def _path(variable: re.Match[str]) -> str:
    return variable["wrapped"] if variable["wrapped"] is not None else variable["bare"]


def _value(body: object, path: str) -> object:
    """Follow a path; a missing step is None, as a null is."""
    value = body
    for step in _STEP.finditer(path):
        name = step["name"] if step["name"] is not None else step["quoted"]
        match value:
            case dict() if name is not None:
                value = cast("dict[str, Any]", value).get(name)
            case list() if step["index"] is not None:
                items = cast("list[Any]", value)
                value = items[int(step["index"])] if int(step["index"]) < len(items) else None
            case _:
                return None
    return value


def _text(value: object) -> str:
    """Write a value as API Gateway does: a list of two is "[item1, item2]"."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(_text(item) for item in cast('list[object]', value))}]"
        case dict():
            return json.dumps(value, separators=(",", ":"))
        case _:
            return str(value)
