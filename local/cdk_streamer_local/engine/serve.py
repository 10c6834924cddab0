"""Runs the engine, in the engine's own environment: a program, never imported.

    python serve.py LISTENER CERTIFICATE KEY SCRATCH UNPACKED

LISTENER is the descriptor of a listening socket. The parent holds the other end of stdin: when it
ends, however it ends, so do this process and every worker below it, and SCRATCH is removed. What
assets were unpacked to is in UNPACKED, and stays.
"""

from __future__ import annotations

import contextlib
import importlib
import os
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

_PACKAGE = "cdk_streamer_local"


def main() -> None:
    """Serve until the parent ends."""
    descriptor, certificate, key, scratch, unpacked = sys.argv[1:]
    threading.Thread(target=_end_with_parent, args=(scratch,), daemon=True).start()
    _allow_many_connections()
    listener = socket.socket(fileno=int(descriptor))
    uvicorn: Any = importlib.import_module("uvicorn")
    engine: Any = importlib.import_module("ministack.app")
    _name_the_package()
    parts = _parts_before(engine, Path(scratch))
    _mend_workers(Path(unpacked))
    config = uvicorn.Config(
        fronted(parts),
        ssl_certfile=certificate,
        ssl_keyfile=key,
        http="httptools",
        loop="uvloop",
        ws="websockets-sansio",  # of other services; WebSocket APIs are the gateway's
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        timeout_keep_alive=75,
        lifespan="on",
        log_level="warning",
        access_log=False,
    )
    config.load()
    # A client that reads in a thread while it sends its first request in another may lose the
    # answer when tickets come in between; nobody resumes a session with them here.
    config.ssl.num_tickets = 0
    uvicorn.Server(config).run(sockets=[listener])


def fronted(application: Application) -> Application:
    """Give the engine, with a line that tells the parent when it is ready."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        async def send_fronted(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                print("ready", flush=True)  # noqa: T201 - the parent waits for this line
            await send(message)

        await application(scope, receive, send_fronted)

    return app


def _name_the_package() -> None:
    """Have our own modules found, without the package's __init__, which is for the command."""
    package = types.ModuleType(_PACKAGE)
    package.__path__ = [str(Path(__file__).parents[1])]
    sys.modules[package.__name__] = package


def _parts_before(engine: Any, scratch: Path) -> Application:  # noqa: ANN401 - its module
    """Put our parts into and before the engine; gives all of it."""
    rights = _rights(engine)
    front = _our("engine.durable_front").DurableFront(
        engine.app,
        _our("engine.durable_chained").ChainedInvocations(rights.refusal_of_invocation),
        _our("pollers.exposed").exposed,
    )
    _mend_apis()
    actions = _its("core.iam_actions")
    _our("engine.durable_rights").tell_rights(actions, front.arns)
    _our("engine.rights").tell_rights(actions, rights)
    _mend_queues(rights)
    pollers = _our("pollers.engine").take_over(os.environ)
    # Beside the other operations that the console asks for.
    _its("services.sqs")._HANDLERS["CdkStreamerShards"] = pollers.glance  # noqa: SLF001
    scheduler, events = _its("services.scheduler"), _its("services.eventbridge")
    _our("engine.background").invoke_in_background(events, _its("services.lambda_svc"))
    occasions = _our("engine.occasions").Occasions(events, scheduler)
    punctual = _our("engine.punctual")
    schedules = punctual.SchedulesFront(front, scheduler, pollers.begin, occasions.look)
    glances = _our("engine.schedule_glances").ScheduleGlances(schedules, scheduler, events)
    return _with_sockets(engine, glances, scratch)


def _with_sockets(engine: Any, application: Application, scratch: Path) -> Application:  # noqa: ANN401
    """Answer the WebSocket gateway beside the engine."""
    apis, evaluator = _its("services.apigateway"), _its("core.iam_evaluator")
    responses, access_key = _its("core.responses"), _its("core.router").extract_access_key_id
    signers = _our("engine.socket_signers").Signers(
        apis, responses, access_key, evaluator.resolve_caller_identity
    )
    bridge = _our("engine.socket_bridge")
    answers = bridge.Engine(apis, _its("services.lambda_svc"), _its("core.concurrency"), signers)
    rights = _our("engine.connection_rights").ConnectionRights(
        engine.app, evaluator, responses, _its("core.sigv4"), are_enforced=engine.AUTH
    )
    return bridge.SocketBridge(application, scratch / "sockets", answers, {"verdict": rights.judge})


def _rights(engine: Any) -> Any:  # noqa: ANN401 - modules of the engine, and a part of ours
    return _our("engine.rights").Rights(
        _its("core.iam_evaluator"),
        _its("core.responses"),
        _its("core.router").extract_access_key_id,
        are_enforced=engine.AUTH,
    )


def _mend_apis() -> None:
    _our("engine.cors").read_templates(_its("services.apigateway"))


def _mend_queues(rights: Any) -> None:  # noqa: ANN401 - a part of ours
    queues, wake = _its("services.sqs"), _its("core.concurrency").esm_wake
    lock = _our("engine.queue_lock").lock_queues(queues)
    _our("engine.message_moves").MessageMoves(queues, lock, rights, wake.set).serve()
    _our("engine.queue_glances").QueueGlances(queues, lock).serve()
    _our("engine.punctual").deliver_delayed(queues, wake)


def _mend_workers(unpacked: Path) -> None:
    runtime = _its("core.lambda_runtime")
    _our("engine.unpacking").share_unpacked(runtime, unpacked)
    _our("engine.last_lines").heed_last_lines(runtime)


def _our(module: str) -> Any:  # noqa: ANN401 - of modules that only the package's folder has
    return importlib.import_module(f"{_PACKAGE}.{module}")


def _its(module: str) -> Any:  # noqa: ANN401 - the engine's modules have no types
    return importlib.import_module(f"ministack.{module}")


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
