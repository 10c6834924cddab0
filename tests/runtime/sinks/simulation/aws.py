"""AWS as one sandbox sees it: every call takes time, and may fail in every way a network can."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import unquote

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import FunctionFailed, Throttled, Unreachable
from cdk_streamer_runtime.memory import MemoryAws
from tests.runtime.simulation.faults import FaultyAws
from tests.runtime.simulation.scheduler import Bell, Group, Scheduler
from tests.runtime.sinks.simulation.lambdas import Function, Outcome, Sandbox
from tests.runtime.sinks.simulation.mapping import Mapping as EventSourceMapping
from tests.runtime.sinks.simulation.operations import Operations
from tests.runtime.sinks.simulation.weather import REJECTED, Faults, Outage

READS = {"GetItem", "BatchGetItem", "Query"}
VERSION = "/2015-03-31/"


class Services(Protocol):
    """The services of one world."""

    scheduler: Scheduler
    faults: Faults
    outages: tuple[Outage, ...]
    memory: MemoryAws
    sqs: Operations
    function: Function
    mapping: EventSourceMapping
    calls: Counter[str]
    doubts: Counter[str]

    def note_circuit(self) -> None:
        """Look at the circuit's row, for it may have changed."""
        ...


class SandboxAws(FaultyAws):
    """The `aws.Aws` of a sandbox."""

    def __init__(self, services: Services, sandbox: Sandbox) -> None:
        super().__init__(
            services.memory, services.scheduler, services.faults, sandbox.group, _nobody
        )
        self._services = services
        self._sandbox = sandbox
        self._kind = sandbox.group.name.partition("-")[0]

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation as often as the signed client would; raises AwsError."""
        try:
            return self._done(
                service, operation, lambda: self._answer(service, operation, parameters)
            )
        except (Throttled, Unreachable):
            key = (parameters.get("Key") or parameters.get("Item") or {}).get("pk", {})
            self._services.doubts[key.get("S", "")] += 1
            raise

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Invoke a function, or look at the mapping and change it; raises AwsError."""
        del headers
        path = unquote(url.partition(".com")[2] or url).removeprefix(VERSION)
        if path.endswith("/invocations"):
            return self._invoke(json.loads(body))
        if service != "lambda" or not path.startswith("event-source-mappings/"):
            raise NotImplementedError(f"{method} {url} is not known to the simulation")

        def effect() -> bytes:
            mapping = self._services.mapping
            if path.rpartition("/")[2] != mapping.id:
                raise aws_error("ResourceNotFoundException", "no such mapping", 404, method)
            if method == "GET":
                return json.dumps(mapping.told()).encode()
            return json.dumps(mapping.switch(enabled=json.loads(body)["Enabled"])).encode()

        return self._done(service, method, effect)

    def _once_only(self, begin: Callable[[], None]) -> None:
        """Send an invocation, which is never repeated and never comes late."""
        self._faults = replace(self._services.faults, lands_late=0.0)
        self._services.calls[f"{self._kind} Invoke"] += 1
        if self._is_out("lambda"):
            raise Unreachable("ServiceUnavailable", "", 503, "Invoke")
        self._try("Invoke", begin, attempts=1)

    def _is_out(self, service: str) -> bool:
        now = self._scheduler.now
        return any(outage.covers(service, now) for outage in self._services.outages)

    def wait(self, milliseconds: int) -> None:
        """Pass time; here the process may die or stand still."""
        self._sandbox.wait(milliseconds)

    def _done(self, service: str, operation: str, effect: Callable[[], Any]) -> Any:
        self._faults = self._services.faults
        self._services.calls[f"{self._kind} {operation}"] += 1

        def act() -> Any:
            if self._is_out(service):
                raise Unreachable("ServiceUnavailable", "", 503, operation)
            return effect()

        return self._try(operation, act)

    def _answer(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        if service == "dynamodb":
            answer = self._services.memory.call(service, operation, parameters)
            if operation not in READS:
                self._services.note_circuit()
            return answer
        if "/rejected" in str(parameters.get("QueueUrl")) and self._is_out(REJECTED):
            raise Unreachable("KmsThrottled", "", 503, operation)
        if service != "sqs":
            raise NotImplementedError(f"{service} {operation} is not known to the simulation")
        random = self._services.scheduler.random
        if not operation.endswith("Batch") or random.random() >= self._faults.partly_sent * 5:
            return self._services.sqs.call(operation, parameters)
        entries = list(parameters["Entries"])
        taken = [each for each in entries if random.random() < 0.7]
        refused = [
            {"Id": each["Id"], "Code": "InternalError", "SenderFault": False, "Message": ""}
            for each in entries
            if each not in taken
        ]
        answer: dict[str, Any] = {}
        if taken:
            answer = self._services.sqs.call(operation, {**parameters, "Entries": taken})
        failed = [*answer.get("Failed", []), *refused]
        return {**answer, "Failed": failed} if failed else answer

    def _invoke(self, event: Any) -> bytes:
        """Invoke the sink and wait for its answer, which may never come."""
        services, outcomes = self._services, list[Outcome]()
        scheduler, bell = services.scheduler, Bell(services.scheduler)

        def run() -> None:
            outcomes.append(services.function.invoke(event, probing=True))
            bell.ring()

        def begin() -> None:
            scheduler.spawn(Group("invoke"), run)

        self._once_only(begin)
        while not outcomes:
            bell.wait(None)
        self.wait(2)
        outcome = outcomes[0]
        if outcome.error is not None:
            raise FunctionFailed("Unhandled", outcome.error, 200, "Invoke")
        return json.dumps(outcome.answer).encode()


def _nobody(*_: object) -> None:
    return None
