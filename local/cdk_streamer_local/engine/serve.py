"""Runs the engine, in the engine's own environment: a program, never imported.

    python serve.py LISTENER CERTIFICATE KEY SCRATCH UNPACKED SUBPROTOCOL

LISTENER is the descriptor of a listening socket. The parent holds the other end of stdin: when it
ends, however it ends, so do this process and every worker below it, and SCRATCH is removed. What
assets were unpacked to is in UNPACKED, and stays.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import resource
import shutil
import signal
import socket
import sys
import threading
import types
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
MESSAGE_BYTES = 128 * 1024
_INTERNAL_ERROR = '{"message": "Internal server error"}'
# What the engine would send to the client when a worker ends instead of answering.
_ENDS = re.compile(
    r"Worker process died|Worker returned no response|Task timed out after \d+\.00 seconds"
    r"|(Worker init failed|Worker process exited immediately)[\s\S]*"
)


def main() -> None:
    """Serve until the parent ends."""
    descriptor, certificate, key, scratch, unpacked, subprotocol = sys.argv[1:]
    threading.Thread(target=_end_with_parent, args=(scratch,), daemon=True).start()
    _allow_many_connections()
    listener = socket.socket(fileno=int(descriptor))
    uvicorn: Any = importlib.import_module("uvicorn")
    engine: Any = importlib.import_module("ministack.app")
    # Beside this file: a program's own folder is the first place that Python looks into.
    durable: Any = importlib.import_module("durable_front")
    front = durable.DurableFront(engine.app)
    punctual: Any = importlib.import_module("punctual")
    scheduler: Any = importlib.import_module("ministack.services.scheduler")
    _mend_apis()
    _mend_rights(front.arns)
    pollers = _take_over_streams()
    unpacking: Any = importlib.import_module("unpacking")
    unpacking.share_unpacked(
        importlib.import_module("ministack.core.lambda_runtime"), Path(unpacked)
    )
    punctual.deliver_delayed(
        importlib.import_module("ministack.services.sqs"),
        importlib.import_module("ministack.core.concurrency").esm_wake,
    )
    config = uvicorn.Config(
        fronted(punctual.SchedulesFront(front, scheduler, pollers.begin), subprotocol),
        ssl_certfile=certificate,
        ssl_keyfile=key,
        http="httptools",
        loop="uvloop",
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES,
        ws_ping_interval=None,  # API Gateway sends none
        ws_per_message_deflate=False,  # nor does it compress
        timeout_keep_alive=75,
        lifespan="on",
        log_level="warning",
        access_log=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


def fronted(application: Application, subprotocol: str) -> Application:
    """Give the engine with what it leaves to whoever serves it.

    A line tells the parent that it is ready. The subprotocol is echoed when it was offered, since
    browsers insist on it and the engine forgets what `$connect` answered. How a worker ended is
    hidden as API Gateway hides it.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        offered = subprotocol in scope.get("subprotocols", ())

        async def send_fronted(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                print("ready", flush=True)  # noqa: T201 - the parent waits for this line
            elif message["type"] == "websocket.accept" and offered:
                message = {**message, "subprotocol": subprotocol}
            elif message["type"] == "websocket.send" and _ENDS.fullmatch(message.get("text") or ""):
                message = {**message, "text": _INTERNAL_ERROR}
            await send(message)

        await application(scope, receive, send_fronted)

    return app


def _mend_apis() -> None:
    apis: Any = importlib.import_module("ministack.services.apigateway")
    cors: Any = importlib.import_module("cors")
    cors.read_templates(apis)
    signers: Any = importlib.import_module("signers")
    signers.tell_signers(
        apis,
        importlib.import_module("ministack.core.router").extract_access_key_id,
        importlib.import_module("ministack.core.iam_evaluator").resolve_caller_identity,
    )


def _mend_rights(arns: dict[str, str]) -> None:
    rights: Any = importlib.import_module("durable_rights")
    rights.tell_rights(importlib.import_module("ministack.core.iam_actions"), arns)


def _take_over_streams() -> Any:  # noqa: ANN401 - of a module that only the package's folder has
    # The package without its __init__, which is for the command's environment.
    package = types.ModuleType("cdk_streamer_local")
    package.__path__ = [str(Path(__file__).parents[1])]
    sys.modules[package.__name__] = package
    engine: Any = importlib.import_module("cdk_streamer_local.pollers.engine")
    return engine.take_over(os.environ)


def _allow_many_connections() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS names a limit that it does not allow
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _end_with_parent(scratch: str) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
