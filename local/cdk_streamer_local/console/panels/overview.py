"""The app at a glance: where it is, and what went wrong lately. Every page watches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cdk_streamer_local.cloud.apis import Api
from cdk_streamer_local.console.journal import Entry, EntryKind, Journal
from cdk_streamer_local.console.panel import Panel
from cdk_streamer_local.console.running import Running

_TROUBLES = frozenset({EntryKind.FAILED, EntryKind.EXPLAINED})
_LEVELS = frozenset({"ERROR", "CRITICAL"})
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRow:
    """One stack."""

    name: str
    account: str
    region: str
    resources: int
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The whole. `absent` names the panels that the app has nothing of."""

    endpoint: str
    ca_bundle: str
    stacks: Sequence[StackRow]
    sockets: Sequence[Api]
    http_apis: Sequence[Api]
    rest_apis: Sequence[Api]
    functions: Sequence[str]
    absent: Sequence[str]
    troubles: Sequence[Entry]


class Overview(Panel):
    """Read from the record and the journal."""

    name: ClassVar[str] = "overview"

    def __init__(self, journal: Journal, panels: Sequence[Panel]) -> None:
        self._journal = journal
        self._panels = panels
        self._seen = 0
        self._troubles: list[Entry] = []

    def read(self, running: Running) -> Glance:
        """Give all of it."""
        for entry in self._journal.after(self._seen):
            self._seen = entry.number
            if entry.kind in _TROUBLES or entry.level in _LEVELS:
                self._troubles = [*self._troubles, entry][-_SHOWN:]
        record = running.record
        return Glance(
            endpoint=record.endpoint,
            ca_bundle=record.ca_bundle,
            stacks=[
                StackRow(
                    name=stack.template.name,
                    account=stack.services.account,
                    region=stack.services.region,
                    resources=len(stack.template.resources),
                    outputs=record.outputs.get(stack.template.name, {}),
                )
                for stack in running.system.stacks
            ],
            sockets=record.sockets,
            http_apis=record.http_apis,
            rest_apis=record.rest_apis,
            functions=[function.label for function in running.system.functions],
            absent=[panel.name for panel in self._panels if not panel.is_of(running)],
            troubles=list(reversed(self._troubles)),
        )
