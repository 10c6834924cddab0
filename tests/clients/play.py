"""Plays a test vector against the session: JSON steps in, JSON outputs out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.errors import (
    ConnectionLost,
    HandshakeRefused,
    RequestFailed,
    StreamerClientError,
)
from cdk_streamer_client.messages import Completed, Failed, InputRequired, Message
from cdk_streamer_client.session import (
    Answered,
    Ended,
    Fetch,
    Heard,
    Output,
    Send,
    Session,
    Subject,
    Warned,
)
from cdk_streamer_client.timing import Timing

VECTORS = Path(__file__).parents[2] / "clients" / "vectors"
LARGEST_SHOWN = 1_000

Step = Mapping[str, Any]


def load() -> dict[str, dict[str, Any]]:
    """Give every vector by the name of its file and its own, with the steps that are given."""
    vectors: dict[str, dict[str, Any]] = {}
    for path in sorted(VECTORS.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for vector in document["vectors"]:
            given = document["given"][vector["given"]] if "given" in vector else []
            steps = [*given, *vector["steps"]]
            vectors[f"{path.stem}: {vector['name']}"] = {**vector, "steps": steps}
    return vectors


class Player:
    """A session whose time is the steps'."""

    def __init__(self, vector: Mapping[str, Any]) -> None:
        randoms = cycle(vector.get("uniform", [0.5]))
        self.session = Session(
            uniform=lambda: next(randoms),
            timing=Timing(**vector.get("timing", {})),
            refreshable=vector.get("refreshable", True),
        )

    def play(self, step: Step) -> dict[str, Any]:
        """Take one step, and give what came of it, in the form that the vector has."""
        due = self.session.wake_at()
        at = step["at"]
        if step["do"] == "tick":
            assert due == at, f"the session asked to be woken at {due}, not at {at}"
        else:
            assert due is None or due >= at, f"a tick at {due} is missing before {at}"
        raised = {}
        try:
            _INPUTS[step["do"]](self.session, step)
        except (StreamerClientError, ValueError, TypeError) as error:
            raised = {"raises": type(error).__name__}
        return {**raised, "out": [_output(output) for output in self.session.outputs()]}


def _submit(session: Session, step: Step) -> None:
    names = ("action", "payload", "metadata", "prefer", "webhook", "idempotent")
    members = {name: step[name] for name in names if name in step}
    if "repeat" in step:
        members["payload"] = step["repeat"]["text"] * step["repeat"]["times"]
    session.submit(step["id"], step["at"], **members)


def _received(session: Session, step: Step) -> None:
    text = step["text"] if "text" in step else json.dumps(step["message"])
    session.received(step["link"], text, step["at"])


def _failed(session: Session, step: Step) -> None:
    reason = step.get("reason", "no answer")
    session.failed(step["link"], step["at"], reason=reason, status=step.get("status"))


def _subject(step: Step) -> Subject:
    return Subject(request_id=step.get("request_id"), channel=step.get("channel"))


_INPUTS: dict[str, Callable[[Session, Step], object]] = {
    "start": lambda session, step: session.start(step["at"]),
    "tick": lambda session, step: session.tick(step["at"]),
    "opened": lambda session, step: session.opened(step["link"], step["at"]),
    "failed": _failed,
    "lost": lambda session, step: session.lost(step["link"], step["at"], reason="cut"),
    "received": _received,
    "fetched": lambda session, step: session.fetched(step["fetch"], step["text"], step["at"]),
    "unfetched": lambda session, step: session.unfetched(step["fetch"], step["at"], reason="no"),
    "submit": _submit,
    "follow": lambda session, step: session.follow(_subject(step), step["at"]),
    "leave": lambda session, step: session.leave(_subject(step), step["at"]),
    "call": lambda session, step: session.call(step["action"], step.get("payload"), step["at"]),
    "forget": lambda session, step: session.forget(step["call"]),
    "close": lambda session, step: session.close(step["at"]),
}


def _output(output: Output) -> dict[str, Any]:
    kind = {"output": type(output).__name__.lower()}
    match output:
        case Send(link=link, text=text):
            return kind | {"link": link, "frame": _frame(text)}
        case Heard(subject=subject, message=message):
            return kind | subject.arguments | {"message": _message(message)}
        case Answered(call=call, data=data, error=error):
            answer = {"data": data} if error is None else {"error": _error(error)}
            return kind | {"call": call} | answer
        case Fetch(fetch=fetch, subject=subject, url=url, size=size):
            return kind | subject.arguments | {"fetch": fetch, "url": url, "size": size}
        case Ended(error=error):
            return kind | {"error": _error(error)}
        case Warned():
            return kind  # each language has its own words
        case _:
            return kind | asdict(output)


_KINDS: dict[type[Message], str] = {InputRequired: "input_required"}


def _frame(text: str) -> dict[str, Any]:
    size = len(text.encode())
    return json.loads(text) if size <= LARGEST_SHOWN else {"bytes": size}


def _message(message: Message) -> dict[str, Any]:
    kind: dict[str, Any] = {"kind": _KINDS.get(type(message)) or type(message).__name__.lower()}
    if isinstance(message, Chunk):
        members = {"attempt": message.attempt, "index": message.index, "data": message.data}
        return kind | members
    kind["seq"] = message.seq
    match message:
        case Failed(error=error):
            return kind | {"error": _error(error)}
        case Completed(result=result, missing_chunk=missing):
            return (
                kind | {"result": result} | ({} if missing is None else {"missing_chunk": missing})
            )
        case _:
            members = {name: _plain(value) for name, value in asdict(message).items()}
            return kind | {
                name: value for name, value in members.items() if value not in (None, {})
            }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def _error(error: StreamerClientError) -> dict[str, Any]:
    name = {"name": type(error).__name__}
    match error:
        case RequestFailed():
            members = {
                "code": error.code,
                "message": error.message,
                "retryable": error.retryable or None,
                "retry_after": error.retry_after,
                "details": error.details,
                "trace_id": error.trace_id,
            }
            return name | {key: value for key, value in members.items() if value is not None}
        case ConnectionLost():
            return name | {"may_have_run": error.may_have_run}
        case HandshakeRefused():
            return name | {"status": error.status}
        case _:
            return name
