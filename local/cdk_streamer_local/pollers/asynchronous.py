"""Bad luck for invocations that nobody waits for: those of schedules, rules, buckets and `Event`.

Lambda keeps them in a queue, which is late now and then, and gives one twice also when the function
did it. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_local.pollers.exposed import exposed
from cdk_streamer_local.pollers.target import Luck
from cdk_streamer_local.pollers.teller import CHAOS, Teller

_AGAIN_SECONDS = 1.0
# What starts a durable execution goes to the runner; the function itself does nothing with it.
_DURABLE = "CDK_STREAMER_LOCAL_DURABLE"


def disturb_asynchronous(functions: Any, luck: Luck, teller: Teller) -> None:  # noqa: ANN401 - a module of the engine
    """Let such invocations come late, and again; what fails is tried again by the engine."""
    invoke = functions.invoke_async_with_retry

    def invoke_with_luck(record: Mapping[str, Any], event: object) -> None:
        name: str = (record.get("config") or record)["FunctionName"]
        if _DURABLE in _variables(functions._functions[name]):  # noqa: SLF001
            invoke(record, event)
            return
        fate = luck.next(name)
        if fate.delay:
            teller.tell(CHAOS, name, f"delay: 1 event, {fate.delay:.1f} s")
        _later(fate.delay, lambda: _invoke(record, event))
        if fate.duplicate:
            teller.tell(CHAOS, name, "duplicate: 1 event")
            _later(fate.delay + _AGAIN_SECONDS, lambda: _invoke(record, event))

    def _invoke(record: Mapping[str, Any], event: object) -> None:
        with exposed():  # the engine's thread takes the context along
            invoke(record, event)

    functions.invoke_async_with_retry = invoke_with_luck


def _variables(function: Mapping[str, Any]) -> Mapping[str, str]:
    """Give the variables of what edits change; published versions keep those that they had."""
    return function["config"].get("Environment", {}).get("Variables", {})


def _later(seconds: float, act: Callable[[], None]) -> None:
    """Do something in the account and region of who asked."""
    if not seconds:
        act()
        return
    timer = threading.Timer(seconds, contextvars.copy_context().run, (act,))
    timer.daemon = True
    timer.start()
