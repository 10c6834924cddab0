"""What the console makes of the history of an execution; no engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cdk_streamer_local.console.panels.batches.history import (
    State,
    chunks,
    discovered,
    operations,
    progress,
)

Event = dict[str, Any]


class History:
    """Writes events as Lambda tells them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, kind: str, id: str, *, parent: str = "", **details: Any) -> History:
        number = len(self.events) + 1
        self.events.append(
            {
                "EventType": kind,
                "EventTimestamp": 1_000.0 + number,
                "EventId": number,
                "Id": id,
                "Name": id,
                "ParentId": parent,
                f"{kind}Details": details,
            }
        )
        return self

    def step(self, name: str, result: object, *, parent: str = "") -> History:
        payload = {"Payload": json.dumps({"value": result})}
        self.add("StepStarted", name, parent=parent)
        return self.add("StepSucceeded", name, parent=parent, Result=payload)

    def pages(self, *pages: list[str]) -> History:
        for number, ids in enumerate(pages, start=1):
            following = number if number < len(pages) else None
            self.step(f"discover-{number}", {"value": {"ids": ids, "next": following}})
        return self


def test_an_operation_is_known_by_its_last_event():
    history = History().step("begin", {"payload": 1})
    history.add("WaitStarted", "pause", ScheduledEndTimestamp=2_000.0)
    history.add("StepStarted", "broken")
    history.add("StepFailed", "broken", Error={"Payload": {"ErrorType": "E", "ErrorMessage": "m"}})
    history.add("InvocationCompleted", "")

    done, invocations = operations(history.events)

    told = [(each.name, each.state, each.error, each.until) for each in done]
    assert told == [
        ("begin", State.SUCCEEDED, "", None),
        ("pause", State.RUNNING, "", 2_000.0),
        ("broken", State.FAILED, "E: m", None),
    ]
    assert invocations == 1


def test_events_are_read_in_their_order_however_they_come():
    history = History().step("begin", 1)

    done, _ = operations(reversed(history.events))

    assert done[0].state is State.SUCCEEDED


def test_what_is_discovered_is_known_when_the_last_page_is_there():
    history = History().step("discover-1", {"value": {"ids": ["a"], "next": 2}})
    first = discovered(operations(history.events)[0])
    history.step("discover-2", {"value": {"ids": ["a", "b"], "next": None}})

    assert first is None
    assert discovered(operations(history.events)[0]) == 2


def test_a_chunk_is_all_its_steps_over_its_attempts():
    history = History().pages(["a", "b", "c"])
    history.step("chunk-1", {"published": 1, "rejected": [1], "pause": 5})
    history.step("chunk-1-2", {"failed": [1]}).step("chunk-2", {"published": 1})

    first, second = chunks(operations(history.events)[0], 2, 2)

    assert (first.published, first.failed, first.attempts, first.state) == (1, 1, 2, State.FAILED)
    assert (second.items, second.published, second.state) == (1, 1, State.SUCCEEDED)


def test_a_chunk_whose_rejected_items_come_again_is_waiting():
    history = History().pages(["a", "b"])
    history.step("chunk-1", {"published": 1, "rejected": [1], "pause": 5})

    (chunk,) = chunks(operations(history.events)[0], 2, 2)

    assert chunk.state is State.WAITING


def test_steps_within_a_context_of_a_chunk_are_the_chunks():
    history = History().pages(["a"]).add("ContextStarted", "chunk-1")
    history.step("inner", {"published": 1}, parent="chunk-1")

    (chunk,) = chunks(operations(history.events)[0], 5, 2)

    assert [step.name for step in chunk.steps] == ["chunk-1", "inner"]
    assert chunk.published == 1


def asked(answers: Mapping[str, list[str]]) -> Iterator[tuple[str, str, object]]:
    for name, failed in answers.items():
        yield "ChainedInvokeStarted", name, {}
        yield "ChainedInvokeSucceeded", name, {"Payload": json.dumps({"failed": failed})}


def test_a_function_that_takes_what_it_rejected_before_has_published_all():
    history = History().pages(["a", "b", "c"])
    for kind, name, result in asked({"chunk-1": ["b"], "chunk-1-2": []}):
        history.add(kind, name, Result=result)

    (chunk,) = chunks(operations(history.events)[0], 3, 2)

    assert (chunk.published, chunk.failed, chunk.state) == (3, 0, State.SUCCEEDED)


def test_items_that_a_function_rejects_to_the_last_have_failed():
    history = History().pages(["a", "b", "c"])
    for kind, name, result in asked({"chunk-1": ["b"], "chunk-1-2": ["b"]}):
        history.add(kind, name, Result=result)
    history.step("chunk-1-dead-letters", None)

    (chunk,) = chunks(operations(history.events)[0], 3, 2)

    assert (chunk.published, chunk.failed, chunk.state) == (2, 1, State.FAILED)


def test_progress_adds_up_the_chunks():
    history = History().pages(["a", "b", "c", "d", "e"])
    history.step("chunk-1", {"published": 2}).step("chunk-2", {"published": 1, "failed": [0]})

    told = progress(operations(history.events)[0], 2, 2)

    assert (told.discovered, told.chunks, told.chunks_done) == (5, 3, 2)
    assert (told.published, told.failed, told.retried) == (3, 1, 0)
