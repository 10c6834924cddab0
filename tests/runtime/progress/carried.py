"""A carrier that keeps what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.errors import Interrupted


@dataclass
class Carried:
    """Reports in their order, and how often somebody asked whether to go on."""

    reports: list[Mapping[str, Any]] = field(default_factory=list)
    chunks: list[str] = field(default_factory=list)
    checks: int = 0
    reason: Interrupted | None = None

    def offer(self, report: Mapping[str, Any]) -> None:
        self.check()
        self.reports.append(report)

    def put(self, chunk: str) -> None:
        self.check()
        self.chunks.append(chunk)

    def check(self) -> None:
        self.checks += 1
        if self.reason is not None:
            raise self.reason

    def told(self, name: str) -> list[Any]:
        """Give one member of each report."""
        return [report.get(name) for report in self.reports]
