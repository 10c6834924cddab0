"""The world in Lambda: made of what the construct has written and what the invocation says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, cast

from cdk_streamer_runtime.aws import LeanClient, Patience
from cdk_streamer_runtime.contract.streams import (
    RESOURCE_ADDRESS,
    ResourceKind,
    StreamEnvironment,
)
from cdk_streamer_runtime.streams.engine.deadline import LONGEST, last_call, last_wait
from cdk_streamer_runtime.streams.engine.machine import LaneMachine
from cdk_streamer_runtime.streams.engine.world import Meter, World
from cdk_streamer_runtime.streams.json_text import Encode

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.metrics import StreamMetrics

# The engine makes calls again by itself, and does other work meanwhile.
IMPATIENCE = Patience(attempts=2, read=10.0, total=15.0)


@dataclass(frozen=True, slots=True)
class NamedResources:
    """The addresses that the construct has written."""

    addresses: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> NamedResources:
        """Read what the construct has written; raises ValueError for anything else."""
        document: object = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError(  # noqa: TRY004 - as for a text that is no JSON
                f"resources must be a JSON object, got {text!r}; redeploy the construct"
            )
        return cls(cast("Mapping[str, str]", document))

    def address(self, kind: ResourceKind, name: str, /) -> str:
        """Give the name, URL or ARN; raises ValueError with the remedy if there is none."""
        if name not in self.addresses:
            known = ", ".join(map(repr, sorted(self.addresses))) or "none"
            raise ValueError(
                f"no {kind} is called {name!r}, only {known}; give the construct its "
                f"{RESOURCE_ADDRESS[kind]} by resources={{{name!r}: ...}}"
            )
        return self.addresses[name]


@dataclass(slots=True)
class Surroundings:
    """What outlives an invocation: the client with its connections, and the threads of lanes."""

    parallel: int
    _aws: LeanClient | None = field(default=None, init=False)
    _machine: LaneMachine | None = field(default=None, init=False)
    _settings: StreamEnvironment | None = field(default=None, init=False)
    _resources: NamedResources | None = field(default=None, init=False)

    @property
    def settings(self) -> StreamEnvironment:
        """What the construct has written; raises ValueError that names what is missing."""
        if self._settings is None:
            self._settings = StreamEnvironment.from_variables()
        return self._settings

    def meter(self) -> StreamMetrics:
        """Give who counts in one invocation."""
        from cdk_streamer_runtime.streams.metrics import StreamMetrics

        return StreamMetrics(self.settings.stream_name)

    def world(self, context: object, meter: Meter, encode: Encode) -> World:
        """Give the world of an invocation."""
        if self._aws is None or self._machine is None or self._resources is None:
            self._aws = LeanClient(patience=IMPATIENCE)
            self._machine = LaneMachine(self.parallel)
            self._resources = NamedResources.read(self.settings.resources)
        remaining: int = getattr(context, "get_remaining_time_in_millis", lambda: LONGEST)()
        now = self._machine.clock()
        deadline = last_call(now, remaining)
        # What does not answer is given up in time to say which records come again.
        self._aws.end = monotonic() + (last_wait(now, remaining, deadline) - now) / 1_000
        return World(
            aws=self._aws,
            platform=self._machine,
            resources=self._resources,
            meter=meter,
            deadline=deadline,
            tags=tags_of(self.settings.stream_name, context),
            encode=encode,
        )


def tags_of(source: str, context: object) -> dict[str, str]:
    """Give the tags of what is emitted, as far as the invocation says them."""
    # arn:aws:lambda:<region>:<account>:function:<name>
    arn = str(getattr(context, "invoked_function_arn", "")).split(":")
    region, account = (arn[3], arn[4]) if len(arn) > 6 else ("", "")  # noqa: PLR2004 - see above
    tags = {
        "account": account,
        "region": region,
        "source": source,
        "functionname": str(getattr(context, "function_name", "")),
    }
    return {name: value for name, value in tags.items() if value}
