"""The function of a StreamProcessor, and what it is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import (
    Duration,
    aws_dynamodb as dynamodb,
    aws_events as events,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_s3 as s3,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._code.handlers import Convention, Handlers
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer._resources.layer import new_runtime_layer
from cdk_streamer._streams.grants import actions_of, allow
from cdk_streamer._streams.named import Named, expect
from cdk_streamer._streams.rules import Rules
from cdk_streamer._streams.storage import Faults, new_claims_bucket, new_faults, new_table
from cdk_streamer._streams.way import Plan, Source, Way
from cdk_streamer_runtime.contract.streams import (
    BUS_RESOURCE,
    CLAIM_PREFIX,
    CLAIMS_RESOURCE,
    RECORD_PREFIX,
    RULES_METADATA,
    STREAM_METADATA,
    TABLE_RESOURCE,
    ResourceKind,
    StreamEnvironment,
)

HANDLER = Convention(
    module="streams", attribute="handler", what="handler = app.handler of a StreamApp"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What the user has already."""

    table: dynamodb.ITable | None
    bus: events.IEventBus | None
    claims: s3.IBucket | None
    fault_queue: sqs.IQueue | None
    key: kms.IKey | None

    def check(self) -> None:
        """Refuse what is of another kind; raises ValueError with the remedy."""
        expect("table", self.table, ResourceKind.TABLE)
        expect("bus", self.bus, ResourceKind.EVENT_BUS)
        expect("claims", self.claims, ResourceKind.BUCKET)
        expect("fault_queue", self.fault_queue, ResourceKind.QUEUE)
        if self.fault_queue is not None and self.fault_queue.fifo:
            raise ValueError(
                f"fault_queue must be a standard queue, got the FIFO queue "
                f"{self.fault_queue.node.path!r}; leave it out to get one"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """What is kept, made here or brought."""

    table: dynamodb.ITable | None
    bus: events.IEventBus
    claims: s3.IBucket
    faults: Faults

    @classmethod
    def create(
        cls, scope: Construct, brought: Brought, rules: Rules, way: Way, defaults: Defaults
    ) -> Storage:
        """Create in `scope` what the user has not."""
        key, removal_policy = brought.key, defaults.removal_policy
        table = brought.table
        if table is None and rules.needs_table:
            table = new_table(scope, key, removal_policy)
        bus = brought.bus or way.bus or events.EventBus(scope, "Bus")
        return cls(
            table=table,
            bus=bus,
            claims=brought.claims or new_claims_bucket(scope, key, removal_policy),
            faults=new_faults(
                scope, name=scope.node.path, bus=bus, queue=brought.fault_queue, key=key
            ),
        )

    def named(self, rules: Rules) -> dict[str, Named]:
        """Give all that steps can name."""
        table, kind = self.table, ResourceKind
        own = {
            BUS_RESOURCE: Named(kind=kind.EVENT_BUS, construct=self.bus),
            CLAIMS_RESOURCE: Named(
                kind=kind.BUCKET, construct=self.claims, prefixes=(CLAIM_PREFIX, RECORD_PREFIX)
            ),
        }
        if table is not None:
            own[TABLE_RESOURCE] = Named(kind=kind.TABLE, construct=table)
        return {**own, **rules.resources}


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """The function, what brings records to it, and what it keeps."""

    name: str
    function: RuntimeFunction
    layer: lambda_.ILayerVersion
    source: Source
    storage: Storage
    way: Way
    rules: Rules

    @classmethod
    def create(
        cls,
        scope: Construct,
        *,
        app: Handlers,
        rules: Rules,
        way: Way,
        brought: Brought,
        seconds: int,
        defaults: Defaults,
    ) -> Processor:
        """Create them in `scope`."""
        name = scope.node.path
        storage = Storage.create(scope, brought, rules, way, defaults)
        named = storage.named(rules)
        layer = new_runtime_layer(scope)
        function = RuntimeFunction(
            scope,
            "Processor",
            description="Runs the rules of a stream",
            entry_point=app.entry_point.replace(":", "."),
            package=app.with_layer(layer),
            environment=StreamEnvironment(
                stream_name=name, source_kind=way.kind, resources=_addresses(named)
            ),
            timeout=Duration.seconds(seconds),
            defaults=defaults,
        )
        for resource, actions in actions_of(rules.uses).items():
            allow(function, named[resource], actions)
        plan = Plan(
            name=name,
            function=function,
            seconds=seconds,
            manifest=rules.manifest,
            types=rules.types,
            key=brought.key,
        )
        source = way.bind(scope, plan)
        function.describe(STREAM_METADATA, name)
        if rules.manifest is not None:
            function.describe(RULES_METADATA, rules.manifest.content)
        return cls(
            name=name, function=function, layer=layer, source=source, storage=storage, way=way,
            rules=rules,
        )  # fmt: skip


def _addresses(named: Mapping[str, Named]) -> str:
    addresses = {name: named[name].address for name in sorted(named)}
    return json.dumps(addresses, separators=(",", ":"))
