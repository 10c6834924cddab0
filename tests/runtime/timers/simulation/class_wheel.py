"""PeriodicTimer: the real functions, as the construct puts them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any, ClassVar

from cdk_streamer_runtime.contract import timers as timer_contract
from cdk_streamer_runtime.contract.timers import (
    TIMER_CLASSES,
    TimerApiEnvironment,
    TimerCallbackEnvironment,
    TimerDispatcherEnvironment,
    TimerMetric,
    TimerTickerEnvironment,
)
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.timers import TABLE as TIMER_TABLE
from cdk_streamer_runtime.timers.assembly import TimerAssembly
from cdk_streamer_runtime.timers.callbacks.callback import Callback, TimerFiring
from cdk_streamer_runtime.timers.dispatch.window import CURSOR
from cdk_streamer_runtime.timers.rest.api import TimerApi
from cdk_streamer_runtime.timers.rest.assembly import timer_api
from cdk_streamer_runtime.timers.sending.message import FIRE_KEY
from cdk_streamer_runtime.timers.sending.sender import BATCH
from cdk_streamer_runtime.timers.table import keys
from tests.runtime.simulation.scheduler import Group
from tests.runtime.timers.simulation import requests
from tests.runtime.timers.simulation.callbacks import Delivery
from tests.runtime.timers.simulation.judge import Score
from tests.runtime.timers.simulation.protocol import CALLBACK_TIMEOUT, TABLE, Protocol
from tests.runtime.timers.simulation.queues import Message
from tests.runtime.timers.simulation.wishes import Answer, Wish
from tests.runtime.timers.simulation.world import Invocation

DISPATCH_TIMEOUT = timer_contract.TIMER_DISPATCH_SECONDS * 1000
TICK_TIMEOUT = 30_000
CALM_LATENESS = 1_500
DISPATCH = QueueSchema(name="dispatch", visibility_seconds=150, max_receives=3)
CALLBACKS = QueueSchema(name="callbacks", visibility_seconds=60, max_receives=8)
DEAD = QueueSchema(name="dead-letters")
SCHEMA = replace(TIMER_TABLE, stream=True)


class Meter:
    """Counts what the functions count."""

    def __init__(self) -> None:
        self.counts: Counter[TimerMetric] = Counter()

    def count(self, metric: TimerMetric, value: int = 1) -> None:
        self.counts[metric] += value

    def milliseconds(self, metric: TimerMetric, value: float) -> None:
        del metric, value

    def seconds(self, metric: TimerMetric, value: float) -> None:
        del metric, value


class ClassWheel(Protocol):
    """The class wheel."""

    name = "class wheel"
    has_policies: ClassVar[bool] = True

    def start(self) -> None:
        """Create what the construct creates, with room for so many classes."""
        world, scenario = self.world, self.scenario
        self.metrics = Meter()
        self._given_up = 0  # messages that were received too often
        world.create_table(SCHEMA, self.history.take)
        dispatch = world.queues.create(DISPATCH)
        callbacks = world.queues.create(CALLBACKS, poison=True)
        dead = world.queues.create(DEAD)
        dead.on_send.append(self._bury)
        callbacks.on_dead.append(self._give_up)
        for shard in keys.shard_names(scenario.shards):
            world.put(TABLE, self._count(shard))
        world.every_minute(lambda: self.tick("ticker", self._tick, TICK_TIMEOUT))
        world.consume(dispatch, "dispatcher", DISPATCH_TIMEOUT, self._dispatch, batch=1)
        world.consume(callbacks, "callback", CALLBACK_TIMEOUT, self._call_back)
        if scenario.vandal:
            person = Group("vandal")
            world.scheduler.spawn(person, self._write_by_hand)

    def faults(self, score: Score) -> Iterator[str]:
        """Compare what was sent, written and counted with what it may come to."""
        world, counts = self.world, self.metrics.counts
        died = world.begun["dispatcher"] - world.ended["dispatcher"]
        doubts = world.doubts["SendMessageBatch"]
        bound = BATCH * doubts + (CURSOR + BATCH) * (died + world.failed["dispatcher"])
        if score.redispatched > bound:
            yield f"{score.redispatched} firings were dispatched again, {bound} may be"
        if score.skipped > counts[TimerMetric.FIRINGS_SKIPPED]:
            yield f"{score.skipped} were skipped, {counts[TimerMetric.FIRINGS_SKIPPED]} counted"
        dead = counts[TimerMetric.FIRINGS_REJECTED] + self._given_up
        if score.dead > dead:
            yield f"{score.dead} were refused or given up, {dead} counted"
        if self.scenario.is_calm:
            yield from self._calm_faults(score)

    def _calm_faults(self, score: Score) -> Iterator[str]:
        """Tell what is not exactly as it should be where nothing goes wrong."""
        world, counts = self.world, self.metrics.counts
        late = sorted(score.lateness)[len(score.lateness) * 99 // 100] if score.lateness else 0
        if late > CALM_LATENESS:
            yield f"p99 of the lateness is {late} ms although nothing failed"
        if world.begun != world.ended:
            yield f"{world.begun - world.ended} invocations failed although nothing did"
        if score.skipped:
            yield f"{score.skipped} were skipped although nothing was late"
        if counts[TimerMetric.SEND_RETRIES]:
            yield f"{counts[TimerMetric.SEND_RETRIES]} were sent again although nothing failed"
        windows = sum(len(shard.passed) for shard in self.history.shards.values())
        sent = counts[TimerMetric.ENQUEUED]
        bound = 3 * windows + sent // CURSOR + self.history.moves + self.scenario.shards
        if world.writes["dispatcher"] > bound:
            yield f"dispatchers wrote {world.writes['dispatcher']} times, {bound} may be"

    def _write_by_hand(self) -> None:
        """Put rows among the others that nobody can read."""
        scheduler = self.world.scheduler
        for number in range(3):
            scheduler.sleep(scheduler.random.randint(120_000, 400_000))
            if partitions := self.history.partitions():
                place = {"pk": scheduler.random.choice(partitions), "sk": f"00#junk-{number}"}
                junk = ({"rev": "x"}, {"rev": 1, "since": "x"}, {"data": 7})[number]
                self.world.put(TABLE, {**place, **junk})

    def settled_at(self, id: str, moment: int) -> int:
        """Give when the watermark of its shard passed a moment."""
        shard = keys.shard_of(id, self.scenario.shards)
        return self.history.shards[shard].settled_at(moment)

    # --- the API --------------------------------------------------------------------------------

    def serve(self, invocation: Invocation, wishes: list[Wish]) -> Answer:
        """Send the wishes as HTTP, and read the answer."""
        response = self._api(invocation).handle(requests.event(wishes))
        if response["statusCode"] == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.world.found.append(f"{invocation.name} answers {response['body']}")
        return requests.answer(response, wishes)

    def _api(self, invocation: Invocation) -> TimerApi:
        scenario = self.scenario
        settings = TimerApiEnvironment(
            name="timers",
            table_name=TABLE,
            queue_url=self.world.queues.url(CALLBACKS.name),
            shards=scenario.shards,
            look_ahead_seconds=scenario.look_ahead,
            strict=scenario.strict,
        )
        return timer_api(
            settings, aws=invocation.aws, platform=invocation.platform, metrics=self.metrics
        )

    # --- dispatch -------------------------------------------------------------------------------

    def _tick(self, invocation: Invocation) -> None:
        settings = TimerTickerEnvironment(
            name="timers",
            table_name=TABLE,
            dispatch_queue_url=self.world.queues.url(DISPATCH.name),
            shards=self.scenario.shards,
            look_ahead_seconds=self.scenario.look_ahead,
        )
        _assembly(invocation).ticker(settings, self.metrics).tick()

    def _dispatch(self, invocation: Invocation, messages: list[Message]) -> list[Message]:
        urls, scenario = self.world.queues.url, self.scenario
        settings = TimerDispatcherEnvironment(
            name="timers",
            table_name=TABLE,
            queue_url=urls(CALLBACKS.name),
            dead_letter_queue_url=urls(DEAD.name),
            shards=scenario.shards,
            look_ahead_seconds=scenario.look_ahead,
        )
        dispatcher = _assembly(invocation).dispatcher(settings, self.metrics)
        failed = dispatcher.handle(_event_of(messages), invocation.remaining())
        return [message for message in messages if message.id not in failed]

    # --- the callback ---------------------------------------------------------------------------

    def _call_back(self, invocation: Invocation, messages: list[Message]) -> list[Message]:
        scenario = self.scenario
        settings = TimerCallbackEnvironment(
            timer_name="timers",
            timer_table_name=TABLE,
            timer_strict=scenario.strict,
            timer_dedupe=scenario.dedupe,
        )
        guard = _assembly(invocation).guard(settings, self.metrics)
        function = User(self, invocation, messages)
        callback = Callback(function, platform=invocation.platform, guard=guard)
        failed = callback.handle(_event_of(messages), invocation.remaining())
        return [message for message in messages if message.id not in failed]

    def _give_up(self, message: Message) -> None:
        self._given_up += 1
        self._bury(message)

    def _bury(self, message: Message) -> None:
        if FIRE_KEY in message.attributes:
            id, _, moment = _fire_key(message).rpartition("/")
            self.callbacks.gave_up(id, int(moment))

    def _count(self, shard: str) -> dict[str, Any]:
        room = TIMER_CLASSES - self.scenario.classes
        return {"pk": keys.class_registry(shard), "sk": "#count", "classes": room}


class User:
    """What the user's function does: it takes a while, and at times it fails."""

    def __init__(
        self, protocol: ClassWheel, invocation: Invocation, messages: list[Message]
    ) -> None:
        self._protocol = protocol
        self._invocation = invocation
        self._began = protocol.world.scheduler.now
        self._waiting: dict[str, list[Message]] = {}
        for message in messages:
            self._waiting.setdefault(_fire_key(message), []).append(message)

    def __call__(self, firing: TimerFiring) -> None:
        scheduler, faults = self._protocol.world.scheduler, self._protocol.world.faults
        message = self._waiting[firing.fire_key].pop()
        self._invocation.aws.wait(1)
        if scheduler.random.random() < faults.crash_in_handler:
            raise ValueError(firing.fire_key)
        delivery = Delivery(
            at=scheduler.now,
            clock=self._invocation.platform.clock(),
            began=self._began,
            revision=firing.rev,
            operation=firing.data["op"],
            message=message,
        )
        scheduler.note(f"{firing.fire_key} of {firing.rev} fires, sent by {message.sender}")
        self._protocol.callbacks.called(firing.id, int(firing.fire_at.timestamp()), delivery)
        self._invocation.aws.wait(1)


def _assembly(invocation: Invocation) -> TimerAssembly:
    return TimerAssembly(aws=invocation.aws, platform=invocation.platform)


def _fire_key(message: Message) -> str:
    return message.attributes[FIRE_KEY]["StringValue"]


def _event_of(messages: list[Message]) -> dict[str, Any]:
    return {"Records": [_record(message) for message in messages]}


def _record(message: Message) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": message.id,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receives)},
        "messageAttributes": {
            name: {"dataType": value["DataType"], "stringValue": value["StringValue"]}
            for name, value in message.attributes.items()
        },
    }
