"""What a user says about a StreamProcessor's rules and resources, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Annotations, aws_dynamodb as dynamodb, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._resources import tables
from cdk_streamer._streams.filters import closed, read_types
from cdk_streamer._streams.grants import read_grants
from cdk_streamer._streams.manifest import Manifest, Types, Use
from cdk_streamer._streams.named import Named, check_uses, read_resources, warn_of_unused
from cdk_streamer_runtime.contract.streams import (
    BUS_RESOURCE,
    CLAIMS_RESOURCE,
    TABLE_RESOURCE,
    ResourceKind,
)

# Rules whose items have keys that are fixed.
_KEEPERS = {"collect", "correlate", "evaluate", "expired", "outbox"}
# What the runtime does whatever the rules are: faults, and events that were too large.
_OWN = (
    Use(
        kind=ResourceKind.EVENT_BUS,
        name=BUS_RESOURCE,
        actions=("events:PutEvents",),
        by="the runtime",
    ),
    Use(
        kind=ResourceKind.BUCKET,
        name=CLAIMS_RESOURCE,
        # Without ListBucket, what is not there would be answered as forbidden.
        actions=("s3:GetObject", "s3:ListBucket", "s3:PutObject"),
        by="the runtime",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What rules need: `types` are those that filters let through, `manifest` is None if unread."""

    manifest: Manifest | None
    uses: tuple[Use, ...]
    resources: Mapping[str, Named]
    types: Types | None

    @classmethod
    def read(
        cls,
        *,
        handlers: str | Path | lambda_.Code,
        entry_point: str,
        environment: Mapping[str, str],
        resources: Mapping[str, object],
        event_types: Sequence[str] | None,
        grants: Mapping[str, Sequence[str]] | None,
        filtered: bool,
    ) -> Rules:
        """Check what the user gave, and read the rules; raises ValueError with the remedy."""
        given, types, found = (
            read_grants(grants),
            read_types(event_types),
            read_resources(resources),
        )
        if types is not None and not filtered:
            raise ValueError("event_types are for filter=True; pass it, or leave them out")
        unread = given is not None and (types is not None or not filtered)
        manifest = None if unread else _manifest(handlers, entry_point, environment)
        uses = given if given is not None or manifest is None else manifest.uses
        rules = cls(
            manifest=manifest,
            uses=(*_OWN, *(uses or ())),
            resources=found,
            types=closed(types or (manifest.types if manifest else None)) if filtered else None,
        )
        check_uses(found, rules.uses)
        return rules

    @property
    def needs_table(self) -> bool:
        """Tell whether a step reads or writes the processor's table."""
        return any(use.name == TABLE_RESOURCE for use in self.uses)

    def check_table(self, table: dynamodb.ITable | None) -> None:
        """Refuse a table of the user's in which rules cannot keep what they must."""
        if table is not None and self.manifest is not None and self.manifest.kinds & _KEEPERS:
            tables.check(table, index=None, streams=False)

    def warn(self, construct: Construct) -> None:
        """Say what is legal but unwise."""
        warn_of_unused(construct, self.resources, self.uses)
        if self.manifest is not None and not self.manifest.kinds:
            Annotations.of(construct).add_warning_v2(
                "cdk-streamer:noRules",
                "the app has no rules, so that all records are done at once; give it rules, or "
                "name another app by entry_point",
            )


def _manifest(
    handlers: str | Path | lambda_.Code, entry_point: str, environment: Mapping[str, str]
) -> Manifest | None:
    if isinstance(handlers, lambda_.Code):
        raise ValueError(  # noqa: TRY004 - as all bad arguments
            "handlers is a lambda_.Code, whose rules cannot be read; pass grants= with what they "
            "do, like {'table': ['dynamodb:UpdateItem']}, and event_types= for filter=True"
        )
    return Manifest.of(Path(handlers).resolve(), entry_point, environment)
