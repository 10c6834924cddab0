"""An invocation's surroundings: AWS in memory, a bus and functions that fail as they are told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from cdk_streamer_runtime.aws import NO_HEADERS, Part
from cdk_streamer_runtime.contract.streams import ResourceKind, StreamMetric
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError, FunctionFailed
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.testing import MemoryAws, QueueSchema

BUS, CLAIMS, FAULTS = "the-bus", "own-claims", "faults"
TAGS = {"account": "123456789012", "region": "us-east-1", "source": "orders", "functionname": "fn"}


class ScriptedAws:
    """AWS in memory, with a bus that refuses by script, functions, and a list of what was asked."""

    def __init__(self, platform: MemoryPlatform, buckets: tuple[str, ...] = (CLAIMS,)) -> None:
        self.memory = MemoryAws(
            clock=platform.clock, buckets=buckets, buses=[BUS], queues=[QueueSchema(name=FAULTS)]
        )
        self.asked: list[str] = []
        self.published: list[dict[str, Any]] = []
        self.refusals: list[list[str | None] | AwsError] = []  # one a PutEvents: codes, by entry
        self.functions: dict[str, Callable[[Any], Any]] = {}
        self.invoked: list[tuple[str, Any]] = []
        self.broken: dict[str, AwsError] = {}  # what is asked, and what it meets

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._ask(operation)
        if service != "events":
            return self.memory.call(service, operation, parameters)
        refusal = self.refusals.pop(0) if self.refusals else [None] * 10
        if isinstance(refusal, AwsError):
            raise refusal
        self.memory.call(service, operation, parameters)  # for its limits
        answers: list[dict[str, Any]] = []
        for entry, code in zip(parameters["Entries"], refusal, strict=False):
            if code is None:
                self.published.append(entry)
            answers.append({"EventId": "e"} if code is None else {"ErrorCode": code})
        return {"Entries": answers, "FailedEntryCount": sum("ErrorCode" in a for a in answers)}

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        self._ask(f"{method} {service}")
        if service != "lambda":
            return self.memory.rest(service, method, url, body=body, headers=headers)
        name = unquote(url.split("/")[3])
        if name not in self.functions:
            raise aws_error("ResourceNotFoundException", "", 404, "POST lambda")
        event = json.loads(body)
        self.invoked.append((name, event))
        try:
            return json.dumps(self.functions[name](event)).encode()
        except Exception as error:
            raise FunctionFailed("Unhandled", "", 200, "POST lambda") from error

    def presign(
        self, method: str, path: str, *, seconds: int, headers: Mapping[str, str] = NO_HEADERS
    ) -> str:
        return self.memory.presign(method, path, seconds=seconds, headers=headers)

    def read_object(self, path: str, start: int, end: int, *, tag: str | None = None) -> Part:
        self._ask(f"GET {path}")
        return self.memory.read_object(path, start, end, tag=tag)

    @property
    def faults(self) -> list[dict[str, Any]]:
        """What is on the bus."""
        return [json.loads(entry["Detail"]) for entry in self.published]

    def stored(self) -> dict[str, Any]:
        """What is in the buckets, by path."""
        return {
            path: json.loads(self.memory.rest("s3", "GET", path))
            for path in self.memory.objects.paths()
        }

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.broken:
            raise self.broken[what]


class Named:
    """The names that an app has given to resources."""

    def __init__(self, **names: str) -> None:
        self._names = names

    def address(self, kind: ResourceKind, name: str, /) -> str:
        if name not in self._names:
            raise ValueError(f"there is no {kind} {name!r}; add it to the construct's resources")
        return self._names[name]


class Counted:
    """A meter that keeps what it is told."""

    def __init__(self) -> None:
        self.counts = Counter[str]()

    def count(
        self, metric: StreamMetric, value: int = 1, /, *, pipeline: str = "", step: str = ""
    ) -> None:
        del pipeline, step
        self.counts[metric] += value

    def milliseconds(
        self, metric: StreamMetric, /, *values: float, pipeline: str = "", step: str = ""
    ) -> None:
        del pipeline, step
        self.counts[metric] += len(values)


class Surroundings:
    """A world, and what stands behind it. Without a bucket there are no claim checks."""

    def __init__(self, *, bucket: bool = True, **names: str) -> None:
        self.platform = MemoryPlatform()
        self.aws = ScriptedAws(self.platform, (CLAIMS, *names.values()))
        self.meter = Counted()
        own = {"bus": BUS, **({"claims": CLAIMS} if bucket else {})}
        self.world = World(
            aws=self.aws,
            platform=self.platform,
            resources=Named(**own, **names),
            meter=self.meter,
            deadline=START + 60_000,
            tags=TAGS,
        )
