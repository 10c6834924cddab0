"""`cdk-streamer call`: runs one action and shows its progress."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from cdk_streamer_client.client import StreamerClient
from cdk_streamer_client.credentials import Token
from cdk_streamer_client.display import Display, display_on
from cdk_streamer_client.document import document_of
from cdk_streamer_client.errors import (
    RequestFailed,
    StreamerClientError,
    Unreachable,
    WaitTimeout,
)
from cdk_streamer_client.messages import Completed, Failed
from cdk_streamer_client.request import Request

T = TypeVar("T")

DONE = 0
FAILED = 1
MISUSED = 2
INTERRUPTED = 130

# How long a caller who pressed Ctrl-C waits to know that the request was cancelled.
CANCEL_SECONDS = 10


class Misused(Exception):
    """An argument that cannot be what was meant."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `run` reads."""
    parser.add_argument("action", metavar="ACTION", help="the action's name")
    parser.add_argument(
        "payload", metavar="PAYLOAD", nargs="?", help="JSON, or @FILE that has it, or - for stdin"
    )
    parser.add_argument("--url", metavar="URL", help="the wss:// address of the API")
    parser.add_argument("--token", metavar="TOKEN", help="who asks, or @FILE that has it")
    parser.add_argument(
        "--ca", metavar="FILE", help="authorities to trust in place of the system's"
    )
    parser.add_argument(
        "--id", metavar="ID", help="the request's id: the same id is the same request"
    )
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="how long to wait")
    parser.add_argument("--json", action="store_true", help="print every message as a line of JSON")
    parser.add_argument("--no-progress", action="store_true", help="show no progress")


def run(arguments: argparse.Namespace) -> int:
    """Run the action; gives 0, 1 when it failed, 2 for bad arguments and 130 after Ctrl-C."""
    console = Console(stderr=True, highlight=False)
    display = display_on(console, progress=not (arguments.json or arguments.no_progress))
    try:
        return asyncio.run(_call(arguments, display))
    except Misused as misuse:
        display.note(f"error: {misuse}")
        return MISUSED
    except KeyboardInterrupt:
        display.note("interrupted")
        return INTERRUPTED


async def _call(arguments: argparse.Namespace, display: Display) -> int:
    payload = _payload(arguments.payload)
    client = _client(arguments, display)
    try:
        with display:
            async with client:
                handle = _submit(client, arguments, payload)
                ending = await _follow(handle, arguments, display)
    except StreamerClientError as error:
        ending = Failed(error=error, seq=0)
        if arguments.json:
            _print(document_of(arguments.id, ending))
    if ending is None:
        return INTERRUPTED
    if not arguments.json:
        _tell(ending, display)
    return DONE if isinstance(ending, Completed) else FAILED


def _client(arguments: argparse.Namespace, display: Display) -> StreamerClient:
    url = _given(arguments.url, "--url")
    token = _token(arguments.token)
    try:
        return StreamerClient(url=url, token=token, ca_bundle=arguments.ca, on_warning=display.note)
    except ValueError as error:
        raise Misused(str(error)) from error


def _submit(client: StreamerClient, arguments: argparse.Namespace, payload: object) -> Request:
    try:
        return client.submit(arguments.action, payload, id=arguments.id)
    except ValueError as error:
        raise Misused(str(error)) from error


async def _follow(
    handle: Request, arguments: argparse.Namespace, display: Display
) -> Completed | Failed | None:
    """Show messages until the end, and give that; None when the caller interrupts."""
    try:
        async with asyncio.timeout(arguments.timeout):
            async for message in handle:
                display.show(message)
                if arguments.json:
                    _print(document_of(handle.id, message))
        return await handle.last()
    except TimeoutError:
        text = f"request {handle.id!r} has no result after {arguments.timeout:g} seconds"
        raise WaitTimeout(f"{text}, and goes on; call with --id {handle.id} to wait on") from None
    except asyncio.CancelledError:
        await _cancel(handle, display)
        return None


async def _cancel(handle: Request, display: Display) -> None:
    display.note(f"cancelling request {handle.id!r}; Ctrl-C again leaves it as it is")
    try:
        async with asyncio.timeout(CANCEL_SECONDS):
            state = await handle.cancel("the caller interrupted it")
            display.note(f"the request is {state}")
    except TimeoutError:
        display.note("nobody confirmed that, so the request may go on")
    except StreamerClientError as error:
        display.note(f"that failed, so the request may go on: {error}")


def _tell(ending: Completed | Failed, display: Display) -> None:
    if isinstance(ending, Completed):
        _print(ending.result, indent=2)
        return
    display.note(f"error: {ending.error}")
    for hint in _hints(ending.error):
        display.note(f"  {hint}")


def _hints(error: StreamerClientError) -> Sequence[str]:
    if isinstance(error, Unreachable):
        return ["an app on this machine is started with: cdk-streamer local"]
    if not isinstance(error, RequestFailed):
        return []
    hints: list[str] = []
    if error.details is not None:
        hints.append(f"details: {json.dumps(error.details, ensure_ascii=False)}")
    if error.retryable:
        wait = f" after {error.retry_after:g} seconds" if error.retry_after else " later"
        hints.append(f"the same call may succeed{wait}")
    if error.trace_id is not None:
        hints.append(f"trace: {error.trace_id}")
    return hints


def _print(document: object, indent: int | None = None) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # not every terminal and no file takes every letter
        text = json.dumps(document, indent=indent)
    print(text, flush=True)  # noqa: T201 - what was asked for


def _payload(text: str | None) -> Any:  # noqa: ANN401 - any JSON
    if text is None:
        return None
    content = sys.stdin.read() if text == "-" else _content(text)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        source = {"-": "stdin"}.get(text, text[1:] if text.startswith("@") else "PAYLOAD")
        example = """'{"month": 11}'"""
        raise Misused(
            f"{source} is not JSON: {error}; write it in quotes, such as {example}"
        ) from error


def _token(token: Token | None) -> Token:
    if isinstance(token, str):
        return _content(token).strip()
    return _given(token, "--token")


def _given(value: T | None, name: str) -> T:
    if value is None:
        raise Misused(f"{name} is missing; without it, run `cdk-streamer local` for the app first")
    return value


def _content(text: str) -> str:
    """Give the text, or what is in the file that it names."""
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{text[1:]!r} cannot be read: {error}") from error
