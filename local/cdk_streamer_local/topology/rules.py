"""Reads a manifest: which rules there are, and what flows between them and resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from cdk_streamer_local.topology.graph import Rule
from cdk_streamer_runtime.contract.streams import CLAIMS_RESOURCE, ResourceKind

Json = Mapping[str, Any]
_READS = ("Get", "Query", "Scan", "BatchGet", "List", "Describe", "HeadObject")
_TYPES = ("types", "wildcards", "patterns")
_SHOWN = 3  # as many are written out


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What a pipeline does with a resource."""

    rule: str
    resource: str
    kind: str
    label: str
    reads: bool


def rules_of(manifest: Json) -> tuple[Rule, ...]:
    """Give the pipelines in their order."""
    return tuple(
        Rule(
            id=pipeline["id"],
            flavor=rule["kind"],
            takes=_takes(pipeline),
            emits=tuple(pipeline.get("emits", ())),
        )
        for rule, pipeline in _pipelines(manifest)
    )


def flows(manifest: Json) -> Iterator[Flow]:
    """Give what flows, one for each pipeline and resource and direction."""
    for _, pipeline in _pipelines(manifest):
        said: dict[tuple[str, bool], Flow] = {}
        for use in cast("list[Json]", pipeline.get("uses", [])):
            if use["name"] == CLAIMS_RESOURCE:
                continue  # of what is too large, whatever it is
            reads = all(_is_read(action) for action in use.get("actions", [""]))
            emits = pipeline.get("emits", [])
            shows_types = use["kind"] in {
                ResourceKind.EVENT_BUS,
                ResourceKind.STREAM,
                ResourceKind.TOPIC,
                ResourceKind.QUEUE,
            }
            said[use["name"], reads] = Flow(
                rule=pipeline["id"],
                resource=use["name"],
                kind=use["kind"],
                label=_some(emits) if shows_types else "",
                reads=reads,
            )
        written = {name for name, reads in said if not reads}
        yield from (flow for (name, reads), flow in said.items() if not (reads and name in written))


def _pipelines(manifest: Json) -> Iterator[tuple[Json, Json]]:
    for rule in cast("list[Json]", manifest.get("rules", [])):
        for pipeline in cast("list[Json]", rule.get("pipelines", [])):
            yield rule, pipeline


def _takes(pipeline: Json) -> str:
    if pipeline.get("any"):
        return "any event"
    texts = [text for name in _TYPES for text in pipeline.get(name, [])]
    return _some(texts)


def _some(texts: list[str]) -> str:
    rest = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _is_read(action: str) -> bool:
    return action.partition(":")[2].startswith(_READS)
