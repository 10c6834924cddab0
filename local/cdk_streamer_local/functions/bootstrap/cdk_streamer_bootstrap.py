"""Stands between the engine and a function's handler, as Lambda's own bootstrap does.

The engine calls `handler` here, and this calls the function's. Everything that the function says
goes to the command at once, line by line; the engine alone would tell at the end of an invocation.
The standard library is all that may be imported.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, Protocol, TextIO, cast

WARM_UP = "cdk-streamer:warm-up"
# Ends what an invocation wrote, for the engine; nobody sees it.
LAST_LINE = "\x04cdk-streamer: last line"
TASK_ROOT = "/var/task"
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")


class Context(Protocol):
    """What the engine tells about an invocation, as far as it matters here."""

    aws_request_id: str


Handler = Callable[[object, Context], object]


class Sink:
    """The command's end of a socket; without a command everything is dropped."""

    def __init__(self, path: str | None) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.request: str | None = None
        if path:
            try:
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.connect(path)
            except OSError:
                self._socket = None

    def send(self, kind: str, *, text: str = "", **members: object) -> None:
        """Tell one thing; of its files, as if they lay where Lambda has them."""
        event = {
            "kind": kind,
            "function": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
            "pid": os.getpid(),
            "time": time.time(),
            "request": self.request,
            "text": text.replace(os.environ.get("LAMBDA_TASK_ROOT", TASK_ROOT), TASK_ROOT),
            **members,
        }
        with self._lock:
            if self._socket is None:
                return
            try:
                self._socket.sendall(json.dumps(event).encode() + b"\n")
            except OSError:
                self._socket = None


class Stream:
    """Lines on their way to the command and, unchanged, to the engine."""

    def __init__(self, sink: Sink, engine: TextIO) -> None:
        self._sink = sink
        self._engine = engine
        self._lock = threading.Lock()
        self._begun = ""

    def write(self, text: str) -> int:
        """Write as a text stream does; a line leaves when it is complete."""
        self._engine.write(text)
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._sink.send("line", text=line)
        return len(text)

    def flush(self) -> None:
        """Flush the engine's stream; a line that is not complete stays."""
        self._engine.flush()

    def finish(self) -> None:
        """Send a line that was never ended; called when an invocation ends."""
        with self._lock:
            text, self._begun = self._begun, ""
        if text:
            self._sink.send("line", text=text)
        # The engine would wait for another line.
        self._engine.write(("\n" if text else "") + LAST_LINE + "\n")
        self._engine.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)


class JsonLines(logging.Formatter):
    """Lambda's JSON log format, as far as it is documented.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """

    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%SZ"
    default_msec_format = None
    _OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """Give the record as one line, with its extras beside Lambda's members."""
        line: dict[str, object] = {
            "timestamp": self.formatTime(record),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": sink.request,
        }
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            line |= {
                "stackTrace": traceback.format_exception(error),
                "errorType": type(error).__name__,
                "errorMessage": str(error),
            }
        own = self._OWN | line.keys()
        extras = {name: value for name, value in vars(record).items() if name not in own}
        return json.dumps(line | extras, default=str)


class TextLines(logging.Formatter):
    """Lambda's text log format."""

    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """Give the record with its level, its time and the request."""
        self._style._fmt = f"[%(levelname)s]\t%(asctime)s\t{sink.request or ''}\t%(message)s"  # noqa: SLF001
        return super().format(record)


def configure_logging() -> None:
    """Set up the root logger as Lambda's runtime does."""
    as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    writer = logging.StreamHandler(cast("TextIO", stream))
    writer.setFormatter(JsonLines() if as_json else TextLines())
    root = logging.getLogger()
    root.addHandler(writer)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL") or ("INFO" if as_json else "")
    if level:
        root.setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))


def refuse_aws() -> None:
    """Let a call of AWS itself fail at once, in words that help."""
    look_up = socket.getaddrinfo

    def getaddrinfo(host: object, *others: Any, **named: Any) -> object:  # noqa: ANN401 - as its
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name.endswith(_AWS_DOMAINS):
            raise OSError(
                f"{name} is AWS itself, which nothing here may call; leave the endpoint to the "
                "variables AWS_ENDPOINT_URL..., which are set here and absent in Lambda"
            )
        return look_up(cast("str", host), *others, **named)

    socket.getaddrinfo = getaddrinfo


def legible(error: BaseException) -> str:
    """Give the traceback from the function's first line on."""
    at = error.__traceback__
    while at and (
        at.tb_frame.f_code.co_filename == __file__ or "importlib" in at.tb_frame.f_code.co_filename
    ):
        at = at.tb_next
    return "".join(traceback.format_exception(type(error), error, at))


def load(entry_point: str) -> Handler:
    """Import the function's own handler; raises what the import raised, after telling it."""
    packages = os.environ.get("CDK_STREAMER_LOCAL_PACKAGES")
    if packages:
        sys.path.append(packages)  # last: what the asset brings comes first, as in Lambda
    module, _, name = entry_point.replace("/", ".").rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except BaseException as error:
        sink.send("unloadable", text=legible(error))
        raise


def is_warm_up(event: object) -> bool:
    """Tell whether the event only wants a worker to be there."""
    return isinstance(event, dict) and WARM_UP in event


def is_start(event: object) -> bool:
    """Tell whether the event wants a durable execution, which does not begin in its function."""
    durable = "CDK_STREAMER_LOCAL_DURABLE" in os.environ
    return durable and not (isinstance(event, dict) and "DurableExecutionArn" in event)


def handler(event: object, context: Context) -> object:
    """Call the function's handler; a warm-up, or a start, only had to come this far."""
    if is_warm_up(event) or is_start(event):
        stream.finish()
        return None
    sink.request = context.aws_request_id
    started = time.monotonic()
    sink.send("start")
    try:
        return function(event, context)
    except BaseException as error:
        sink.send("failed", text=legible(error))
        raise
    finally:
        stream.finish()
        sink.send("end", seconds=time.monotonic() - started)
        sink.request = None


sink = Sink(os.environ.get("CDK_STREAMER_LOCAL_LOGS"))
# The engine has made stdout the same as stderr, since its own stdout carries results.
stream = Stream(sink, sys.stderr)
sys.stdout = sys.stderr = cast("TextIO", stream)
os.environ["_HANDLER"] = os.environ["CDK_STREAMER_LOCAL_HANDLER"]
configure_logging()
refuse_aws()
sink.send("worker")
function = load(os.environ["_HANDLER"])
