"""Bad luck of invocations that nobody waits for, and which ones the command may harm."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from cdk_streamer_local.pollers.asynchronous import disturb_asynchronous
from cdk_streamer_local.pollers.chaos import Delivery
from cdk_streamer_local.pollers.exposed import exposed, tell_exposed

RECORD = {"config": {"FunctionName": "Tick"}}
JOB = {"config": {"FunctionName": "Job"}}  # a version of it
LATEST = {
    "Tick": RECORD,
    "Job": {"config": {"Environment": {"Variables": {"CDK_STREAMER_LOCAL_DURABLE": "1"}}}},
}


class Engine:
    """What there is of the engine's functions: each invocation is one that is told."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.invoked = threading.Semaphore(0)
        self.told: list[tuple[str | None, ...]] = []
        self.functions = SimpleNamespace(
            _functions=LATEST,
            invoke_async_with_retry=self._invoke,
            _execute_function_dispatch=lambda *_: {"body": None},
        )

    def tell(self, kind, function, text="", *, request=None):
        self.told.append((kind, function, text or request))

    def execute(self, request):
        dispatch = self.functions._execute_function_dispatch  # noqa: SLF001
        return dispatch(RECORD, RECORD["config"], {}, request, 0.0)

    def _invoke(self, _record, event):
        self.events.append(event)
        self.execute(f"request-{len(self.events)}")
        self.invoked.release()


def calm() -> Any:
    engine: Any = Engine()
    tell_exposed(engine.functions, engine)
    return engine


def unlucky(fate):
    engine = calm()
    luck: Any = SimpleNamespace(next=lambda _name: fate)
    disturb_asynchronous(engine.functions, luck, engine)
    return engine


def test_an_event_comes_again_although_the_function_did_it():
    engine = unlucky(Delivery(duplicate=True))

    engine.functions.invoke_async_with_retry(RECORD, "tick")

    assert [engine.invoked.acquire(timeout=10) for _ in range(2)] == [True, True]
    assert engine.events == ["tick", "tick"]
    assert ("chaos", "Tick", "duplicate: 1 event") in engine.told


def test_an_event_comes_late_and_who_sent_it_does_not_wait():
    engine = unlucky(Delivery(delay=0.05))

    engine.functions.invoke_async_with_retry(RECORD, "tick")

    assert engine.told == [("chaos", "Tick", "delay: 1 event, 0.1 s")]
    assert engine.invoked.acquire(timeout=10)
    assert engine.events == ["tick"]


def test_an_event_may_be_harmed_since_it_is_tried_again():
    engine = unlucky(Delivery())

    engine.functions.invoke_async_with_retry(RECORD, "tick")

    assert engine.told == [("exposed", "Tick", "request-1")]


def test_what_starts_a_durable_execution_is_left_alone():
    engine = unlucky(Delivery(duplicate=True, delay=1))

    engine.functions.invoke_async_with_retry(JOB, "start")

    assert (engine.events, engine.told) == (["start"], [])


def test_an_invocation_that_somebody_waits_for_is_no_business_of_the_command():
    engine = calm()

    assert engine.execute("request-1") == {"body": None}
    assert engine.told == []


def test_an_invocation_that_is_made_again_is_told_before_it_begins():
    engine = calm()

    with exposed():
        engine.execute("request-1")
    engine.execute("request-2")

    assert engine.told == [("exposed", "Tick", "request-1")]
