"""`cdk-streamer call`: runs one action and shows its progress."""

from __future__ import annotations

import argparse
import asyncio
import json
import mimetypes
import random
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from rich.console import Console

from cdk_streamer_client.arguments import Misused, content_of, json_of
from cdk_streamer_client.client import StreamerClient, pause_after, was_refused
from cdk_streamer_client.credentials import Token
from cdk_streamer_client.display import Display, display_on
from cdk_streamer_client.document import document_of
from cdk_streamer_client.errors import (
    RateLimited,
    RequestFailed,
    StreamerClientError,
    Unreachable,
)
from cdk_streamer_client.following import Call
from cdk_streamer_client.messages import Completed, Failed
from cdk_streamer_client.printing import print_json
from cdk_streamer_client.request import Request

T = TypeVar("T")

DONE = 0
FAILED = 1
MISUSED = 2
INTERRUPTED = 130


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
    parser.add_argument(
        "--upload",
        metavar="[NAME=]FILE",
        action="append",
        default=[],
        help="store a file, and put its id into the payload as NAME; default: upload_id",
    )
    parser.add_argument(
        "--input",
        metavar="JSON",
        action="append",
        default=[],
        help="answer what the request asks, or @FILE; once for each question",
    )
    parser.add_argument("--webhook", metavar="URL", help="where to tell how the request ended")
    parser.add_argument(
        "--wait", action="store_true", help="when there are too many requests, try again later"
    )
    parser.add_argument(
        "--chunks", action="store_true", help="print the chunks in place of the result"
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
    payload = json_of(arguments.payload, "PAYLOAD")
    answers = deque(json_of(text, "--input") for text in arguments.input)
    client = _client(arguments, display)
    try:
        with display:
            async with client:
                payload = await _with_uploads(client, arguments.upload, payload)
                ending = await _ending(client, arguments, payload, answers, display)
    except StreamerClientError as error:
        ending = Failed(error=error, seq=0)
        if arguments.json:
            print_json(document_of(arguments.id, ending))
    if ending is None:
        return INTERRUPTED
    if not arguments.json:
        _tell(ending, display, result=not arguments.chunks)
    return DONE if isinstance(ending, Completed) else FAILED


async def _ending(
    client: StreamerClient,
    arguments: argparse.Namespace,
    payload: object,
    answers: deque[Any],
    display: Display,
) -> Completed | Failed | None:
    while True:
        handle = _submit(client, arguments, payload)
        ending = await Call(handle, arguments, display, answers).follow()
        refusal = ending.error if isinstance(ending, Failed) else None
        if not (arguments.wait and isinstance(refusal, RateLimited) and was_refused(handle)):
            return ending
        seconds = pause_after(refusal, random.random())  # noqa: S311 - no secret
        display.note(f"there are too many requests; trying again in {seconds:.1f} seconds")
        await asyncio.sleep(seconds)


async def _with_uploads(client: StreamerClient, uploads: Sequence[str], payload: object) -> object:
    if not uploads:
        return payload
    if not isinstance(payload, dict | None):
        raise Misused("--upload puts an id into PAYLOAD, which must be an object for that")
    members = dict(cast("dict[str, object]", payload or {}))
    for text in uploads:
        member, _, path = text.rpartition("=")
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        try:
            members[member or "upload_id"] = await client.upload(path, type=kind)
        except OSError as error:
            raise Misused(f"{path!r} cannot be read: {error}") from error
    return members


def _client(arguments: argparse.Namespace, display: Display) -> StreamerClient:
    url = _given(arguments.url, "--url")
    token = _token(arguments.token)
    try:
        return StreamerClient(url=url, token=token, ca_bundle=arguments.ca, on_warning=display.note)
    except ValueError as error:
        raise Misused(str(error)) from error


def _submit(client: StreamerClient, arguments: argparse.Namespace, payload: object) -> Request:
    try:
        return client.submit(arguments.action, payload, id=arguments.id, webhook=arguments.webhook)
    except ValueError as error:
        raise Misused(str(error)) from error


def _tell(ending: Completed | Failed, display: Display, *, result: bool) -> None:
    if isinstance(ending, Completed):
        if ending.missing_chunk is not None:
            display.note(f"warning: the service cannot give chunk {ending.missing_chunk}")
        if result:
            print_json(ending.result, indent=2)
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
    if isinstance(error, RateLimited):
        hints.append("with --wait it waits and tries again by itself")
    if error.trace_id is not None:
        hints.append(f"trace: {error.trace_id}")
    return hints


def _token(token: Token | None) -> Token:
    if isinstance(token, str):
        return content_of(token).strip()
    return _given(token, "--token")


def _given(value: T | None, name: str) -> T:
    if value is None:
        raise Misused(f"{name} is missing; without it, run `cdk-streamer local` for the app first")
    return value
