"""AWS in memory as its callers meet it: counted, and cut off, repeated or raced as a test says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.aws import NO_HEADERS, Part
from cdk_streamer_runtime.errors import Unreachable
from cdk_streamer_runtime.memory import MemoryAws

Effect = Callable[[], Any]
Intervention = Callable[[Effect], Any]


class Killed(BaseException):
    """The process ended here, without any farewell."""


@dataclass(slots=True)
class ObservedAws:
    """An `aws.Aws` that remembers what was called, by operation: "UpdateItem", "POST"."""

    memory: MemoryAws
    calls: list[str] = field(default_factory=list)
    kill_before: set[int] = field(default_factory=set[int])  # numbers of calls, from 0
    kill_after: set[int] = field(default_factory=set[int])
    _interventions: dict[str, list[Intervention]] = field(default_factory=dict)

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        return self._do(operation, lambda: self.memory.call(service, operation, parameters))

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        given = headers or {}
        name = f"{method} object" if service == "s3" else method
        return self._do(
            name, lambda: self.memory.rest(service, method, url, body=body, headers=given)
        )

    def presign(
        self, method: str, path: str, *, seconds: int, headers: Mapping[str, str] = NO_HEADERS
    ) -> str:
        return self.memory.presign(method, path, seconds=seconds, headers=headers)

    def read_object(self, path: str, start: int, end: int, *, tag: str | None = None) -> Part:
        return self._do("GET object", lambda: self.memory.read_object(path, start, end, tag=tag))

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.calls)

    def on(self, operation: str, *interventions: Intervention) -> None:
        """Let each of the next calls of an operation be done by an intervention."""
        self._interventions.setdefault(operation, []).extend(interventions)

    def _do(self, operation: str, effect: Effect) -> Any:
        number = len(self.calls)
        self.calls.append(operation)
        if number in self.kill_before:
            raise Killed
        waiting = self._interventions.get(operation)
        result = waiting.pop(0)(effect) if waiting else effect()
        if number in self.kill_after:
            raise Killed
        return result


def repeated(effect: Effect) -> Any:
    """Lose the answer, as the signed client meets it: it asks again and gets the second one."""
    effect()
    return effect()


def answer_lost(effect: Effect) -> Any:
    """Do it and never tell."""
    effect()
    raise Unreachable("Timeout", "", 0, "any")


def request_lost(effect: Effect) -> Any:
    """Never do it."""
    del effect
    raise Unreachable("Timeout", "", 0, "any")


def undisturbed(effect: Effect) -> Any:
    """Do it."""
    return effect()


def refused_by(error: Exception) -> Intervention:
    """Answer with an error."""

    def intervene(effect: Effect) -> Any:
        del effect
        raise error

    return intervene


def after(act: Callable[[], object]) -> Intervention:
    """Let something else happen first."""

    def intervene(effect: Effect) -> Any:
        act()
        return effect()

    return intervene
