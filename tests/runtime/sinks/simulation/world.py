"""The services around one sink, who sends to it, and who operates it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from cdk_streamer_runtime.attributes import unmarshal_item
from cdk_streamer_runtime.contract.sinks import (
    KEY_ATTRIBUTE,
    RECONCILE_SECONDS,
    ControllerCommand,
    SinkRow,
)
from cdk_streamer_runtime.memory import MemoryAws, TableSchema
from tests.runtime.simulation.scheduler import START, Group, Scheduler
from tests.runtime.sinks.simulation.downstream import Downstream, Sick
from tests.runtime.sinks.simulation.history import History, State
from tests.runtime.sinks.simulation.lambdas import Function, Handler, Outcome, Sandbox
from tests.runtime.sinks.simulation.mapping import Mapping
from tests.runtime.sinks.simulation.moves import Moves
from tests.runtime.sinks.simulation.operations import Operations
from tests.runtime.sinks.simulation.queues import Message, Queue
from tests.runtime.sinks.simulation.scenarios import Scenario
from tests.runtime.sinks.simulation.weather import FAULTS, SECOND, Faults, outages

TABLE = "sinks"
MAPPING = "mapping-1"
COMMANDS = 10  # of one invocation of the controller
CONTROLLERS = 2


class Strategy(Protocol):
    """How messages get from the queue to the downstream."""

    name: str
    reserved: int | None  # concurrency of the function, instead of the mapping's
    most_receives: int  # of a FIFO queue
    has_controller: bool

    def worker(self, world: World, sandbox: Sandbox) -> Handler:
        """Build the function that delivers, for one process."""
        ...

    def controller(self, world: World, sandbox: Sandbox) -> Handler:
        """Build the function that pauses and probes."""
        ...


class World:
    """Everything around one sink."""

    def __init__(self, scenario: Scenario, scheduler: Scheduler, strategy: Strategy) -> None:
        self.scenario = scenario
        self.scheduler = scheduler
        self.strategy = strategy
        self.found: list[str] = []  # what no fault explains
        self.faults: Faults = FAULTS[scenario.weather]
        self.outages = outages(scheduler.random, scenario.weather, START)
        self.calls: Counter[str] = Counter()
        self.doubts: Counter[str] = Counter()  # by the `pk` of an item: calls without an answer
        self.metrics: dict[str, int] = {}
        self.deaths: dict[str, int] = {}
        self.history = History()
        self.downstream = _downstream(scenario, scheduler)
        self.memory = MemoryAws(
            clock=scheduler.clock,
            tables=[TableSchema(name=TABLE, partition_key="pk", sort_key="sk")],
        )
        self._make_queues()
        self.sqs = Operations(self.queues, Moves(scheduler, self.queues), lambda: self.faults.lag)
        self.function = self._function("sink", scenario.timeout, strategy.worker)
        self.function.reserved = strategy.reserved
        self.function.on_death += (self.downstream.hear_of_death, self._note_death)
        self.mapping = self._mapping(
            MAPPING, self.queue, self.function, scenario.batch, self._pollers()
        )
        self.controller = self._function("controller", self.controller_timeout, strategy.controller)
        self.controller.on_death.append(self._note_death)

    @property
    def controller_timeout(self) -> int:
        """How long the controller has: longer than the sink that it invokes."""
        return self.scenario.probe_time + 60 * SECOND

    @property
    def is_stuck(self) -> bool:
        """Tell whether the circuit may be open for good: because of messages that always hang.

        They say nothing else to a probe; in a FIFO queue they are not forsaken for it, and others
        stand behind them.
        """
        sick = self.scenario.sick
        left = [sick.get(self.key_of(each)) for each in self.queue.messages.values()]
        some = any if self.scenario.fifo else all
        return bool(left) and some(each is Sick.HANGS for each in left)

    def start(self) -> None:
        """Let it happen."""
        self.mapping.start()
        for sent in self.scenario.messages:
            self.scheduler.spawn(
                Group("sender"), self._sending(sent.key, sent.group), sent.at - START
            )
        if self.strategy.has_controller:
            commands = self._mapping(
                "commands", self.commands, self.controller, COMMANDS, CONTROLLERS
            )
            commands.start()
            self.scheduler.spawn(Group("schedule"), self._tick)
            if self.scenario.held:
                self._operate(self.scenario.held.start, ControllerCommand.PAUSE)
                self._operate(self.scenario.held.end, ControllerCommand.RESUME)
            if self.scenario.redriven_at:
                self._operate(self.scenario.redriven_at, ControllerCommand.REDRIVE)
        if self.scenario.deployed_at:
            self.scheduler.spawn(
                Group("deployment"), self._deploy, self.scenario.deployed_at - START
            )

    def calm_down(self) -> None:
        """Let nothing go wrong any more, but what is on its way."""
        self.faults, self.outages = Faults(late_pause=self.faults.late_pause), ()

    def key_of(self, message: Message) -> str:
        """Give what its sender calls a message."""
        return message.body if message.body[0] != "{" else json.loads(message.body)["key"]

    def command(self, command: ControllerCommand, **members: object) -> Outcome:
        """Ask the controller for something, again until it has answered."""
        while True:
            event = {"command": command.value, **members}
            outcome = self.controller.invoke(event)
            self.history.commands.append((self.scheduler.now, command.value, outcome))
            if outcome.error is None:
                return outcome
            self.scheduler.sleep(5 * SECOND)

    def note_circuit(self) -> None:
        """Look at the circuit's row, for it may have changed."""
        key = {"pk": {"S": SinkRow.CIRCUIT}, "sk": {"S": SinkRow.CIRCUIT}}
        found = self.memory.call("dynamodb", "GetItem", {"TableName": TABLE, "Key": key})
        row = unmarshal_item(found.get("Item", {}))
        now = self.scheduler.now
        state = State(
            now,
            row.get("state", "closed"),
            bool(row.get("held")),
            int(row.get("openings") or 0),
            row.get("trial", ""),
        )
        last = self.history.circuit[-1] if self.history.circuit else State(0)
        if replace(state, at=last.at) != last:
            self.history.circuit.append(state)
            held = ", held" if state.held else ""
            self.scheduler.note(f"circuit is {state.state}{held}")

    def _make_queues(self) -> None:
        scenario, fifo = self.scenario, self.scenario.fifo
        end = ".fifo" if fifo else ""
        self.dead_letters = self._queue(f"dead{end}", 30 * SECOND, fifo=fifo)
        self.rejected = self._queue(f"rejected{end}", 30 * SECOND, fifo=fifo)
        self.queue = self._queue(f"messages{end}", 6 * scenario.timeout, fifo=fifo)
        self.queue.dead_letters = self.dead_letters
        self.queue.most_receives = (
            self.strategy.most_receives if scenario.fifo else scenario.most_receives
        )
        self.lost_commands = self._queue("lost-commands", 30 * SECOND)
        self.commands = self._queue("commands", self.controller_timeout + 30 * SECOND)
        self.commands.dead_letters, self.commands.most_receives = self.lost_commands, 20
        self.queues = [
            self.queue,
            self.dead_letters,
            self.rejected,
            self.commands,
            self.lost_commands,
        ]
        history = self.history
        self.queue.on_receive.append(
            lambda it: history.receives.setdefault(self.key_of(it), []).append(self.scheduler.now)
        )
        self.dead_letters.on_arrive.append(self._note_dead)
        self.queue.on_delete.append(
            lambda it: history.acknowledged.setdefault(self.key_of(it), []).append(
                self.scheduler.now
            )
        )

    def _note_death(self, sandbox: Sandbox) -> None:
        self.deaths[sandbox.group.name] = self.scheduler.now

    def _note_dead(self, message: Message) -> None:
        key = self.key_of(message)
        self.history.dead.setdefault(key, self.scheduler.now)
        self.scheduler.note(f"{key} is a dead letter")

    def _queue(self, name: str, visibility: int, *, fifo: bool = False) -> Queue:
        return Queue(
            name=name,
            clock=self.scheduler.clock,
            random=self.scheduler.random,
            visibility=visibility,
            fifo=fifo,
        )

    def _function(
        self, name: str, timeout: int, build: Callable[[World, Sandbox], Handler]
    ) -> Function:
        return Function(
            name=name,
            scheduler=self.scheduler,
            faults=lambda: self.faults,
            timeout=timeout,
            build=lambda sandbox: build(self, sandbox),
            found=self.found,
        )

    def _mapping(
        self, id: str, queue: Queue, function: Function, batch: int, pollers: int
    ) -> Mapping:
        return Mapping(
            id=id,
            scheduler=self.scheduler,
            faults=lambda: self.faults,
            queue=queue,
            function=function,
            batch=batch,
            pollers=pollers,
            is_out=lambda: any(out.covers("sqs", self.scheduler.now) for out in self.outages),
            receives_regardless=function.reserved is not None,
        )

    def _pollers(self) -> int:
        # Those whom no maximum holds back are five at first: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
        regardless = self.strategy.reserved is not None
        return max(5, self.scenario.workers) if regardless else self.scenario.workers

    def _sending(self, key: str, group: str) -> Callable[[], object]:
        own = {"MessageGroupId": group, "MessageDeduplicationId": key} if group else {}
        entry = {
            "MessageBody": json.dumps({"key": key}),
            "MessageAttributes": {KEY_ATTRIBUTE: {"DataType": "String", "StringValue": key}},
            **own,
        }
        return lambda: self.queue.send(entry)

    def _tick(self) -> None:
        while True:
            self.scheduler.sleep(RECONCILE_SECONDS * SECOND)
            event, random = {"command": ControllerCommand.RECONCILE.value}, self.scheduler.random
            if random.random() < self.faults.tick_twice:
                self.scheduler.spawn(
                    Group("schedule"), lambda event=event: self.controller.invoke(event)
                )
            if random.random() >= self.faults.tick_lost:
                self.controller.invoke(event)

    def _deploy(self) -> None:
        """Replace the processes, and enable the mapping as its template says."""
        self.scheduler.note("deployed")
        self.function.retire()
        self.controller.retire()
        self.mapping.enable()
        if self.strategy.has_controller and self.scheduler.random.random() >= self.faults.tick_lost:
            self.controller.invoke({"command": ControllerCommand.RECONCILE.value})

    def _operate(self, at: int, command: ControllerCommand) -> None:
        self.scheduler.spawn(Group("operator"), lambda: self.command(command), at - START)


def _downstream(scenario: Scenario, scheduler: Scheduler) -> Downstream:
    trouble = scenario.trouble
    return Downstream(
        scheduler=scheduler,
        capacity=trouble.capacity,
        most=trouble.most,
        weak_until=trouble.ends,
        away=trouble.away,
        hanging=trouble.hanging,
        failure=scenario.failure,
        sick=dict(scenario.sick),
    )
