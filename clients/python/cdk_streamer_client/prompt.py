"""Asks a person at the terminal for what a JSON Schema wants."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from cdk_streamer_client.wire import Malformed, parse

Ask = Callable[[str], Awaitable[str]]
Schema = Mapping[str, Any]

_YES = frozenset({"y", "yes", "true"})
_NO = frozenset({"n", "no", "false"})


class NotUnderstood(ValueError):
    """What was typed is not what was asked for."""


async def asked(schema: Schema, ask: Ask, name: str = "answer") -> Any:  # noqa: ANN401 - any JSON
    """Ask until something was typed that can be read; the service checks it against the schema."""
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        return await _object(schema, ask)
    hint = _hint(schema)
    label = f"{name} ({hint}): " if hint else f"{name}: "
    while True:
        text = await ask(label)
        try:
            return value_of(text.strip(), schema)
        except NotUnderstood as error:
            label = f"{error}\n{name}: "


def value_of(text: str, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
    """Give what the text means where the schema is; raises NotUnderstood."""
    kind = schema.get("type")
    if kind == "boolean":
        return _boolean(text)
    choices = schema.get("enum")
    if isinstance(choices, list):
        return _choice(text, cast("list[object]", choices))
    if kind == "string":
        return text
    try:
        return parse(text)
    except Malformed:
        if kind is None:
            return text
        raise NotUnderstood(f"{text!r} is no {kind}") from None


async def typed(label: str) -> str:
    """Give the line that a person types; raises EOFError when there will be none.

    Its thread is a daemon: nobody can end a read of the terminal, and Ctrl-C must not wait for it.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def work() -> None:
        try:
            # Not by input itself: stdout is for what programs read.
            sys.stderr.write(label)
            sys.stderr.flush()
            outcome, value = _settle, input()
        except (EOFError, OSError) as error:
            outcome, value = _fail, error
        loop.call_soon_threadsafe(outcome, line, value)

    threading.Thread(target=work, daemon=True, name="cdk-streamer-input").start()
    return await line


async def _object(schema: Schema, ask: Ask) -> dict[str, Any]:
    properties = cast("Mapping[str, Schema]", schema["properties"])
    required = cast("list[str]", schema.get("required", []))
    answers: dict[str, Any] = {}
    for name, part in properties.items():
        if name in required:
            answers[name] = await asked(part, ask, str(part.get("title", name)))
    return answers


def _boolean(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise NotUnderstood(f"{text!r} is neither yes nor no")


def _choice(text: str, choices: list[object]) -> object:
    for choice in choices:
        if text in {choice if isinstance(choice, str) else None, json.dumps(choice)}:
            return choice
    raise NotUnderstood(f"{text!r} is none of {_listed(choices)}")


def _hint(schema: Schema) -> str:
    if schema.get("type") == "boolean":
        return "y/n"
    choices = schema.get("enum")
    if isinstance(choices, list):
        return _listed(cast("list[object]", choices))
    kind = schema.get("type")
    return "" if kind == "string" or kind is None else str(kind)


def _listed(choices: list[object]) -> str:
    return ", ".join(
        choice if isinstance(choice, str) else json.dumps(choice) for choice in choices
    )


def _settle(line: asyncio.Future[str], value: Any) -> None:  # noqa: ANN401
    if not line.done():
        line.set_result(value)


def _fail(line: asyncio.Future[str], error: Any) -> None:  # noqa: ANN401
    if not line.done():
        line.set_exception(error)
