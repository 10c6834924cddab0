"""The topology: what rules take, do, use and emit, told without running any of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call, Use
from cdk_streamer_runtime.streams.routing.patterns import EventTypes
from cdk_streamer_runtime.streams.rules.rule import Rule

VERSION = 1
_FLAGS = {"a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineTopology:
    """One pipeline.

    `types` and `wildcards` are as the user wrote them, `patterns` are expressions to search for;
    `predicates` is the number of functions, of which nothing can be told.
    """

    id: str
    types: tuple[str, ...]
    wildcards: tuple[str, ...]
    patterns: tuple[str, ...]
    predicates: int
    any: bool
    own: bool
    steps: tuple[str, ...]
    uses: tuple[Use, ...]
    emits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTopology:
    """One rule and the pipelines that it compiles to."""

    id: str
    kind: str
    pipelines: tuple[PipelineTopology, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """All rules of an app. `uses` are the app's own, whatever its rules are.

    With `codec` its records are not JSON, or not only: nobody else can tell their types.
    """

    rules: tuple[RuleTopology, ...]
    uses: tuple[Use, ...] = ()
    codec: bool = False

    def to_document(self) -> dict[str, Any]:
        """Give what is printed as the manifest."""
        document = asdict(self)
        return {"version": VERSION, **document}


def topology_of(
    compiled: Mapping[Rule, Iterable[Pipeline]], *, uses: Iterable[Use] = (), codec: bool = False
) -> Topology:
    """Give the topology of rules and what they compile to."""
    return Topology(
        rules=tuple(
            RuleTopology(id=rule.id, kind=rule.kind, pipelines=tuple(map(_pipeline, pipelines)))
            for rule, pipelines in compiled.items()
        ),
        uses=_joined(uses),
        codec=codec,
    )


def _pipeline(pipeline: Pipeline) -> PipelineTopology:
    types = pipeline.types
    return PipelineTopology(
        id=pipeline.id,
        types=types.exact,
        wildcards=types.wildcards,
        patterns=_expressions(types),
        predicates=len(types.predicates),
        any=types.any,
        own=pipeline.own,
        steps=tuple(step.name for step in pipeline.steps),
        uses=_joined(
            use for step in pipeline.steps if isinstance(step, Call | BulkCall) for use in step.uses
        ),
        emits=pipeline.emits,
    )


def _expressions(types: EventTypes) -> tuple[str, ...]:
    """Give the expressions as texts, with their flags in them."""
    texts: list[str] = []
    for pattern in types.patterns:
        flags = "".join(letter for letter, flag in _FLAGS.items() if pattern.flags & flag)
        texts.append(f"(?{flags}){pattern.pattern}" if flags else pattern.pattern)
    return tuple(texts)


def _joined(uses: Iterable[Use]) -> tuple[Use, ...]:
    """Give one use for each resource, with all that is done with it."""
    actions: dict[tuple[Any, str], set[str]] = {}
    for use in uses:
        actions.setdefault((use.kind, use.name), set()).update(use.actions)
    return tuple(
        Use(kind=kind, name=name, actions=tuple(sorted(several)))
        for (kind, name), several in actions.items()
    )
