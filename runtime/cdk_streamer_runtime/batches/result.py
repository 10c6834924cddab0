"""What a batch came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract.batches import MAX_FAILED_IDS


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """How many items there were, and what became of them: `published + failed == discovered`.

    An id that was discovered twice is one item; `duplicates` counts the others. `failed_ids` are
    the first of those that failed, `summary` is what `aggregate` returned.
    """

    batch_id: str
    discovered: int
    published: int
    failed: int
    failed_ids: Sequence[str] = ()
    chunks: int = 0
    duplicates: int = 0
    retried: int = 0
    summary: Any = None

    def document(self) -> dict[str, Any]:
        """Write it as JSON has it."""
        return {
            "batch_id": self.batch_id,
            "discovered": self.discovered,
            "published": self.published,
            "failed": self.failed,
            "failed_ids": list(self.failed_ids[:MAX_FAILED_IDS]),
            "chunks": self.chunks,
            "duplicates": self.duplicates,
            "retried": self.retried,
            "summary": self.summary,
        }
