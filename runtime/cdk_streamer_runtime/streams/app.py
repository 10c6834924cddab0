"""The app: the rules of a processor, and the handler that runs them over a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from cdk_streamer_runtime.streams import arguments
from cdk_streamer_runtime.streams.answers import Answer, batch_of
from cdk_streamer_runtime.streams.claims.unpacking import Unpacking
from cdk_streamer_runtime.streams.detection import Sources
from cdk_streamer_runtime.streams.engine.deadline import last_pull
from cdk_streamer_runtime.streams.engine.plan import Plan
from cdk_streamer_runtime.streams.engine.reporting import FaultReporter
from cdk_streamer_runtime.streams.engine.run import Run
from cdk_streamer_runtime.streams.engine.surroundings import Surroundings
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.faults.policy import Policy
from cdk_streamer_runtime.streams.json_text import (
    Decode,
    Encode,
    Json,
    decode_json,
    encode_json,
    is_object,
)
from cdk_streamer_runtime.streams.outcome import Outcome
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.routing.router import Router
from cdk_streamer_runtime.streams.rules.rule import Rule, compile_rules
from cdk_streamer_runtime.streams.uow import UnitOfWork

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.pipelines.stream import Stream
    from cdk_streamer_runtime.streams.routing.patterns import EventTypeOption
    from cdk_streamer_runtime.streams.sources.dynamodb import Images

    Build = TypeVar("Build", bound=Callable[[Stream], Stream])

RESUBMISSION = "resubmission"  # in what Lambda is called with: which pipelines records are for
MAX_PARALLEL = 64


class StreamApp:
    """Rules over the records of one stream; `app.handler` is what Lambda calls.

    `source` is the from-function that reads records; without it, the one of the construct's
    source, or of what the records say they are from. `decode` and `encode` read and write JSON,
    by default with the standard library. `policy` says what becomes of errors that the rules'
    own policies do not know. `parallel` keys at most are worked on at the same time. What
    `redact` names, fields or paths like `thing.email`, is not shown in faults. Claim checks are
    redeemed from the processor's own bucket and those that `claims` names.
    """

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        *,
        source: Callable[..., Iterator[Outcome]] | None = None,
        images: Images | None = None,
        decode: Decode | None = None,
        encode: Encode | None = None,
        policy: Policy | None = None,
        parallel: int = 8,
        redact: Iterable[str] = (),
        claims: Iterable[str] = (),
    ) -> None:
        """Check and compile the rules; raises ValueError for what cannot be."""
        if type(parallel) is not int or not 1 <= parallel <= MAX_PARALLEL:
            raise ValueError(f"parallel must be from 1 to {MAX_PARALLEL}, got {parallel!r}")
        arguments.function("source", source, "from_kinesis")
        arguments.function("decode", decode, "json.loads")
        arguments.function("encode", encode, "json.dumps")
        arguments.instance("policy", policy, lambda: Policy)
        arguments.instance("images", images, _images)
        self._sources = Sources(source, images=images, decode=decode)
        self._encode = encode
        self._policy = policy or Policy()
        self._parallel = parallel
        self._redact = arguments.names("redact", redact, "customer.email")
        if self._redact:
            self._reporter("")()  # what is no path is told now
        self.codec = decode is not None
        self.unpacking = Unpacking(
            buckets=arguments.names("claims", claims, "claims"), decode=decode or decode_json
        )
        self._compiled = compile_rules(rules)
        self._surroundings = Surroundings(parallel)
        self._plan: Plan | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, those of `pipeline` too."""
        return tuple(self._compiled)

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """What the rules compile to."""
        return tuple(each for several in self._compiled.values() for each in several)

    def pipeline(
        self,
        id: str,
        *,
        event_type: EventTypeOption,
        filter: Callable[[UnitOfWork], object] | None = None,  # noqa: A002 - the option of all rules
        own: bool = False,
        policy: Policy | None = None,
    ) -> Callable[[Build], Build]:
        """Add a pipeline of one's own: the function gets a stream and gives it with steps."""
        from cdk_streamer_runtime.streams.rules.custom import Custom

        def add(build: Build) -> Build:
            custom = Custom(
                id=id, event_type=event_type, build=build, filter=filter, own=own, policy=policy
            )
            self._compiled = compile_rules([*self._compiled, custom])
            self._plan = None
            return build

        return add

    def handler(self, event: Json, context: object) -> Answer:
        """Run a batch as Lambda gives it; raises what stops the whole of it."""
        meter = self._surroundings.meter()
        try:
            world = self._surroundings.world(context, meter, self._encode or encode_json)
            settings = self._surroundings.settings
            return self._run(event, world, settings.stream_name, settings.source_kind)
        finally:
            meter.flush()

    def handle(self, event: Json, world: World) -> Answer:
        """Run a batch in a world that a test has made."""
        if self._encode is not None:
            world = replace(world, encode=self._encode)
        return self._run(event, world, world.tags.get("source", ""), None)

    def _run(self, event: Json, world: World, source: str, kind: str | None) -> Answer:
        batch = batch_of(event)
        if not batch.records:
            return Answer(batchItemFailures=[])
        read = self._sources.reader(event, kind)
        run = Run(self._planned(source, world), batch, world, self._restriction(event))
        now = world.platform.clock()
        return run.run(read(event), last_pull=last_pull(now, world.deadline))

    def _planned(self, source: str, world: World) -> Plan:
        if self._plan is None or self._plan.routing.source != source:
            self._plan = Plan(
                pipelines=self.pipelines,
                routing=Router(self.pipelines, source=source),
                reporter=self._reporter(world.tags.get("functionname", "")),
                redemption=self.unpacking,
                policy=self._policy,
                parallel=self._parallel,
            )
        return self._plan

    def _reporter(self, function: str) -> Callable[[], FaultReporter]:
        redact = self._redact

        def new() -> FaultReporter:
            from cdk_streamer_runtime.streams.faults import redaction, reporter

            chosen = redaction.Redaction.of(redact)
            return reporter.FaultReporter(redaction=chosen, function=function)

        return new

    def _restriction(self, event: Json) -> frozenset[str] | None:
        """Give the ids of the pipelines that records are resubmitted to, None for all."""
        resubmission: Any = event.get(RESUBMISSION) if is_object(event) else None
        if not resubmission or not resubmission.get("pipelines"):
            return None
        wanted: frozenset[str] = frozenset(resubmission["pipelines"])
        missing = wanted - {pipeline.id for pipeline in self.pipelines}
        if missing:
            raise ValueError(
                f"records are resubmitted to pipelines that are no more: {sorted(missing)}; "
                "resubmit them to others, or to all by naming none"
            )
        return wanted


def _images() -> type:
    from cdk_streamer_runtime.streams.sources.dynamodb import Images

    return Images
