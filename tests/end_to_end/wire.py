"""A client that knows nothing but the wire contract, and holds every frame against its schema."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Self, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.end_to_end import running
from tests.end_to_end.schemas import check_received, check_sent

Message = dict[str, Any]
T = TypeVar("T")

PROTOCOL = "streamer.v1"
PATIENCE = 30.0 * running.PATIENCE  # seconds that any single message may take on a busy machine
DIRECT = frozenset({"response", "error", "pong", "hello"})
TERMINAL = frozenset({"complete", "error", "cancelled"})


class Wire:
    """One connection. `seen` has every message that was read, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[Message] = []

    @classmethod
    @contextmanager
    def open(
        cls,
        url: str,
        credential: str | None,
        *,
        tls: ssl.SSLContext | None,
        headers: Mapping[str, str],
    ) -> Iterator[Self]:
        """Connect the way a browser does; raises websockets' InvalidStatus when refused.

        `credential` is the subprotocol that is offered beside the protocol's own.
        """
        offered = [PROTOCOL] if credential is None else [PROTOCOL, credential]
        connecting = connect(
            url,
            ssl=tls,
            proxy=None,
            subprotocols=[Subprotocol(name) for name in offered],
            additional_headers=dict(headers),
            open_timeout=PATIENCE,
            close_timeout=1,
            max_size=256 * 1024,
        )
        wire = cls(_run(connecting.__aenter__()))
        try:
            yield wire
        finally:
            _run(connecting.__aexit__(None, None, None))

    def close(self) -> None:
        """End the connection."""
        _run(self.socket.close())

    def is_closed_by_server(self) -> bool:
        """Read on until the server ends the connection; raises TimeoutError when it does not."""
        try:
            while True:
                self.receive()
        except ConnectionClosed:
            return True

    def send(
        self, action: str, payload: object = None, *, id: str | None = None, **members: object
    ) -> str:
        """Send a message as the protocol wants it and give its id."""
        frame: Message = {"action": action, "id": id or uuid.uuid4().hex, **members}
        if payload is not None:
            frame["payload"] = payload
        check_sent(frame)
        return self.say(frame)

    def say(self, frame: Message) -> str:
        """Send a message whatever the protocol wants, and give its id."""
        frame = {"id": uuid.uuid4().hex, **frame}
        _run(self.socket.send(json.dumps(frame)))
        return frame["id"]

    def say_text(self, text: str) -> None:
        """Send what may be no message at all."""
        _run(self.socket.send(text))

    def receive(self, patience: float = PATIENCE) -> Message:
        """Give the next message; raises TimeoutError when none comes."""
        message = json.loads(_run(asyncio.wait_for(self.socket.recv(), patience)))
        check_received(message)
        self.seen.append(message)
        return message

    def wait_for(self, fits: Callable[[Message], bool], patience: float = PATIENCE) -> Message:
        """Give the first message, seen or to come, that fits; raises TimeoutError."""
        for message in self.seen:
            if fits(message):
                return message
        end = time.monotonic() + patience
        while True:
            message = self.receive(max(0.0, end - time.monotonic()))
            if fits(message):
                return message

    def ask(self, action: str, payload: object = None, **members: Any) -> Message:
        """Send a message and give its answer."""
        return self.answer_to(self.send(action, payload, **members))

    def ask_anyway(self, action: str, payload: object) -> Message:
        """Send a message that the protocol does not allow and give its answer."""
        return self.answer_to(self.say({"action": action, "payload": payload}))

    def answer_to(self, frame_id: str) -> Message:
        """Give the next message that answers this one and is no news of a request."""
        while True:
            message = self.receive()
            if message["type"] in DIRECT and "seq" not in message and _names(message, frame_id):
                return message

    def submit(self, action: str, payload: object = None, **members: Any) -> str:
        """Start an async request and give its id once it was acknowledged."""
        request_id = self.send(action, payload, **members)
        self.wait_for(_is("acknowledgment", request_id))
        return request_id

    def follow(self, request_id: str, patience: float = PATIENCE) -> list[Message]:
        """Give all messages of a request that this connection read, up to its last one."""
        self.wait_for(
            lambda message: message["type"] in TERMINAL and message["request_id"] == request_id,
            patience,
        )
        return self.of(request_id)

    def run(self, action: str, payload: object = None, **members: Any) -> Message:
        """Start an async request and give its last message."""
        return self.follow(self.submit(action, payload, **members))[-1]

    def progress_of(self, request_id: str, **members: object) -> Message:
        """Give the first progress message of a request that has these members."""
        fits = _is("progress", request_id)
        return self.wait_for(
            lambda message: (
                fits(message) and all(message.get(name) == value for name, value in members.items())
            )
        )

    def of(self, request_id: str) -> list[Message]:
        """Give the messages of a request that were read."""
        return [
            message
            for message in self.seen
            if message.get("request_id") == request_id and message["type"] != "response"
        ]


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run on the one loop of all connections.

    Not websockets' own synchronous client: it reads and writes TLS from two threads, and before
    Python 3.13 a frame gets lost in that now and then.
    """
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="wires", daemon=True).start()
    return loop


def _names(message: Message, frame_id: str) -> bool:
    """Tell whether a message answers a frame, or nothing that could be named."""
    return message.get("request_id", message.get("id", frame_id)) in {frame_id, None}


def _is(kind: str, request_id: str) -> Callable[[Message], bool]:
    return lambda message: message["type"] == kind and message["request_id"] == request_id
