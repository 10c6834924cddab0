"""Events that are claim checks: fetched in lanes, before they are routed."""

from __future__ import annotations

from cdk_streamer_runtime.streams.engine.plan import CLAIMS
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.pipelines.steps import Call
from tests.runtime.streams.engine.batches import Trial, event, failed, kinesis, pipeline, queue
from tests.runtime.streams.engine.journal import error_of
from tests.runtime.streams.engine.platforms import Interleaved

EMPTY = {"batchItemFailures": []}


class Cloakroom:
    """Gives back what was left, but for some that it has lost or cannot find now."""

    def __init__(self, platform: Interleaved, lost=(), busy=()) -> None:
        self.fetched: list[int] = []
        self.most = self.most_kept = self.through = 0
        self._platform = platform
        self._lost = lost
        self._busy = busy
        self._under_way = 0

    def is_claim(self, event, /):
        return event["type"] == "claim"

    def redeem(self, uow, _world, /):
        number = uow.event["n"]
        self.fetched.append(number)
        self.most_kept = max(self.most_kept, len(self.fetched) - self.through)
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        self._platform.switch()
        self._under_way -= 1
        if number in self._lost or number in self._busy:
            raise error_of("fault" if number in self._lost else "redeliver")
        return uow.extend(event=Event({**uow.event, "type": "whole"}))


def claims(count: int, *numbers: int):
    return [
        event(n, key=f"k{n % 3}", kind="claim" if n in numbers else "whole") for n in range(count)
    ]


def redeemed(batch, window=10, **cloakroom):
    platform, written = Interleaved(1), []
    room = Cloakroom(platform, **cloakroom)

    def send(uow, _):
        written.append((uow.event["n"], uow.event.type))
        room.through += uow.event["n"] in room.fetched

    trial = Trial(
        [pipeline(Call(name="write", send=send))],
        platform=platform,
        redemption=room,
        window=window,
    )
    return trial, room, written, trial.handle(batch)


def test_events_that_were_left_elsewhere_are_whole_in_pipelines():
    _, _, written, answer = redeemed(queue(claims(9, 2, 5)))
    assert sorted(written) == [(n, "whole") for n in range(9)]
    assert answer == EMPTY


def test_keys_keep_their_order_although_some_events_are_fetched():
    _, _, written, _ = redeemed(queue(claims(9, 0, 4, 8)))
    by_key = [[n for n, _ in written if n % 3 == key] for key in range(3)]
    assert by_key == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]


def test_events_are_fetched_at_the_same_time():
    _, room, _, _ = redeemed(queue(claims(9, *range(9))))
    assert room.most == 3


def test_an_event_that_cannot_be_found_is_a_fault_without_a_pipeline():
    trial, _, written, answer = redeemed(queue(claims(4, 1, 2)), lost={1})
    assert (trial.faulted, answer) == ([1], EMPTY)
    assert [(each.pipeline, each.step) for each in trial.published] == [("", "redeem")]
    assert sorted(n for n, _ in written) == [0, 2, 3]


def test_an_event_that_cannot_be_fetched_now_comes_again_and_holds_up_those_above_it():
    batch = kinesis(claims(6, 2))
    _, _, written, answer = redeemed(batch, busy={2})
    assert failed(batch, answer) == [2]
    assert sorted(n for n, _ in written) == [0, 1]


def test_no_more_is_fetched_than_memory_allows_before_it_is_through():
    _, room, written, answer = redeemed(queue(claims(40, *range(3, 40))), window=40)
    assert (len(written), answer) == (40, EMPTY)
    assert room.most_kept == CLAIMS
