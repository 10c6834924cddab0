"""What steps write to and read from: the constructs behind their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from aws_cdk import Annotations, aws_iam as iam
from constructs import Construct, IConstruct

from cdk_streamer_runtime.contract.streams import (
    BUS_RESOURCE,
    CLAIMS_RESOURCE,
    TABLE_RESOURCE,
    ResourceKind,
)

if TYPE_CHECKING:
    from cdk_streamer._streams.manifest import Use

# Names that are taken; the arguments that bring them are called the same.
_OWN = {
    TABLE_RESOURCE: ResourceKind.TABLE,
    BUS_RESOURCE: ResourceKind.EVENT_BUS,
    CLAIMS_RESOURCE: ResourceKind.BUCKET,
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
# The attribute by which a kind is known, and the one that the runtime addresses it by. Interfaces
# of jsii cannot be asked for by isinstance.
_MARKS: dict[ResourceKind, tuple[str, str]] = {
    ResourceKind.CHANNELS: ("grant_connect", "grant_publish"),
    ResourceKind.TABLE: ("table_arn", "table_name"),
    ResourceKind.EVENT_BUS: ("event_bus_arn", "event_bus_name"),
    ResourceKind.STREAM: ("stream_arn", "stream_name"),
    ResourceKind.QUEUE: ("queue_arn", "queue_url"),
    ResourceKind.TOPIC: ("topic_arn", "topic_arn"),
    ResourceKind.BUCKET: ("bucket_arn", "bucket_name"),
    ResourceKind.FUNCTION: ("function_arn", "function_arn"),
    ResourceKind.STATE_MACHINE: ("state_machine_arn", "state_machine_arn"),
    ResourceKind.SCHEDULE_GROUP: ("schedule_group_arn", "schedule_group_name"),
    ResourceKind.SECRET: ("secret_arn", "secret_arn"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A construct that steps call by a name, and how much of it is theirs.

    `prefixes` are what the keys of a bucket's objects begin with; `role` is whom schedules act as.
    """

    kind: ResourceKind
    construct: IConstruct
    prefixes: tuple[str, ...] = ("",)
    role: iam.IRole | None = None

    @classmethod
    def read(cls, name: str, value: object) -> Named:
        """Check what the user gave; raises ValueError with the remedy."""
        part = getattr(value, "named", None)
        if isinstance(part, cls):
            return part
        kind = kind_of(value)
        if kind is None:
            known = ", ".join(sorted(kind.value for kind in ResourceKind))
            raise ValueError(
                f"resources[{name!r}] must be a construct of one of these kinds: {known}; "
                f"got {value!r}"
            )
        return cls(kind=kind, construct=cast("IConstruct", value))

    @property
    def arn(self) -> str:
        """The ARN; channels have none."""
        return str(getattr(self.construct, _MARKS[self.kind][0]))

    @property
    def address(self) -> str:
        """What the runtime finds it by."""
        if self.kind is ResourceKind.CHANNELS:
            return self.construct.node.path
        return str(getattr(self.construct, _MARKS[self.kind][1]))


def kind_of(value: object) -> ResourceKind | None:
    """Tell what a construct is."""
    # By each mark, and not by the class: what is imported has one of jsii's own.
    if not hasattr(value, "node"):
        return None
    for kind, marks in _MARKS.items():
        if all(hasattr(value, mark) for mark in marks):
            return kind
    return None


def expect(argument: str, value: object, kind: ResourceKind) -> None:
    """Refuse what is of another kind; None is nothing to refuse."""
    if value is not None and (found := kind_of(value)) is not kind:
        got = repr(value) if found is None else f"the {found.value} {_path_of(value)!r}"
        raise ValueError(f"{argument} must be the construct of {_article(kind)}, got {got}")


def read_prefixes(prefixes: Sequence[str]) -> tuple[str, ...]:
    """Check what the user gave; raises ValueError with the remedy."""
    if isinstance(prefixes, str) or not prefixes:
        raise ValueError(f"prefixes must be a list like ['orders/'], got {prefixes!r}")
    for prefix in prefixes:
        if not prefix or prefix.startswith("/") or "*" in prefix:
            raise ValueError(
                f"prefixes must be what keys begin with, like 'orders/', got {prefix!r}; "
                "pass the bucket itself for all of its objects"
            )
    return tuple(sorted(set(prefixes)))


def read_resources(resources: Mapping[str, object]) -> dict[str, Named]:
    """Check the names and what they stand for; raises ValueError with the remedy."""
    if not isinstance(cast("object", resources), Mapping):
        raise ValueError(  # noqa: TRY004 - as all bad arguments
            f"resources must be constructs by the names that steps have for them, got "
            f"{resources!r}; write resources={{'orders': queue}}"
        )
    for name in resources:
        if name in _OWN:
            raise ValueError(
                f"resources cannot have {name!r}, which is the processor's own; pass "
                f"{name}= instead, or choose another name"
            )
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"resources has the name {name!r}; begin with a letter, and use letters, digits, "
                "'.', '_' and '-'"
            )
    return {name: Named.read(name, resources[name]) for name in sorted(resources)}


def _article(kind: ResourceKind) -> str:
    return f"{'an' if kind.value[0] in 'aeiou' else 'a'} {kind.value}"


def _path_of(value: object) -> str:
    return cast("IConstruct", value).node.path


def check_uses(resources: Mapping[str, Named], uses: tuple[Use, ...]) -> None:
    """Refuse steps whose resource is not there or is another; raises ValueError with the remedy."""
    kinds = {**_OWN, **{name: found.kind for name, found in resources.items()}}
    for use in uses:
        kind = kinds.get(use.name)
        what = "something" if use.kind is None else f"a {use.kind}"
        if kind is None:
            raise ValueError(
                f"{use.by} uses {what} named {use.name!r}, and resources has "
                f"{sorted(resources)}; pass resources={{{use.name!r}: ...}}"
            )
        if use.kind is not None and use.kind != kind:
            raise ValueError(
                f"{use.by} uses {use.name!r} as {what}, and it is a {kind.value}; pass another "
                f"construct as resources[{use.name!r}], or correct the rule"
            )


def warn_of_unused(
    construct: Construct, resources: Mapping[str, Named], uses: tuple[Use, ...]
) -> None:
    """Say which resources no step names."""
    unused = sorted(resources.keys() - {use.name for use in uses})
    if unused:
        Annotations.of(construct).add_warning_v2(
            "cdk-streamer:unusedResources",
            f"no step uses {', '.join(map(repr, unused))} of resources, so nothing is granted on "
            "them; leave them out, or correct the names in the rules",
        )
