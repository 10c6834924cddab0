"""Lambda in memory: functions of a test, invoked at once or noted for later."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import FunctionFailed

INVOCATIONS = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
BYTES, ASYNC_BYTES = 6 * 1024 * 1024, 1024 * 1024

_DURABLE = "x-amz-durable-execution-name"


def is_plain(url: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a request invokes a function, and starts no durable execution."""
    is_durable = _DURABLE in {name.lower() for name in headers}
    return not is_durable and INVOCATIONS.fullmatch(urlsplit(url).path) is not None


def function_arn(name: str) -> str:
    """Give the name of a function as AWS has it."""
    return f"arn:aws:lambda:memory:000000000000:function:{name}"


class MemoryFunctions:
    """Functions by name. What was invoked without waiting stands in `queued`, and does not run."""

    def __init__(self, functions: Mapping[str, Callable[[Any], object]]) -> None:
        self.queued: list[tuple[str, Any]] = []
        self._functions = dict(functions)

    def add(self, name: str, function: Callable[[Any], object]) -> None:
        """Have one more function."""
        self._functions[name] = function

    def rest(self, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Answer an invocation; raises AwsError, FunctionFailed for what a function raises."""
        match = INVOCATIONS.fullmatch(urlsplit(url).path)
        name = unquote(match[1]).rpartition(":")[2] if match else ""
        if name not in self._functions:
            raise aws_error("ResourceNotFoundException", "Function not found", 404, "Invoke")
        waits = headers.get("x-amz-invocation-type", "RequestResponse") == "RequestResponse"
        if len(body) > (BYTES if waits else ASYNC_BYTES):
            raise aws_error("RequestEntityTooLargeException", "too large", 413, "Invoke")
        payload = json.loads(body)
        if not waits:
            self.queued.append((name, payload))
            return b""
        return self._answer(name, payload).encode()

    def invoke(self, function: str, payload: str) -> str:
        """Let a function answer a durable execution; raises FunctionFailed."""
        name = function.removesuffix(":live").rpartition(":")[2]
        if name not in self._functions:
            raise FunctionFailed("ResourceNotFoundException", "", 404, "Invoke")
        return self._answer(name, json.loads(payload))

    def _answer(self, name: str, payload: object) -> str:
        try:
            return json.dumps(self._functions[name](payload))
        except Exception as error:
            raise FunctionFailed(type(error).__name__, "", 200, "Invoke") from error
