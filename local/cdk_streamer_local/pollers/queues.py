"""Bad luck for the engine's own pollers of queues.

What a function did with a batch is forgotten with as little as Lambda would: the messages were
not deleted in time and come again, once more received.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from cdk_streamer_local.pollers.destination import come_by_tls
from cdk_streamer_local.pollers.target import Luck
from cdk_streamer_local.pollers.teller import CHAOS, Teller

_AGAIN_SECONDS = 1


def disturb_queues(services: Any, luck: Luck, teller: Teller) -> None:  # noqa: ANN401 - modules of the engine
    """Let batches of queues come late, and again although they were done."""
    functions, queues = services.functions, services.sqs
    run, delete = functions._run_sqs_batch, queues._delete_messages_for_esm  # noqa: SLF001
    unheard = threading.local()

    def run_with_luck(mapping: Mapping[str, Any], *others: Any) -> None:  # noqa: ANN401 - the engine's
        name: str = mapping["FunctionName"]
        _, _, batch, _, queue = others
        fate = luck.next(name)
        what = f"{_counted(batch)} of {queue}"
        if fate.delay:
            teller.tell(CHAOS, name, f"delay: {what}, {fate.delay:.1f} s")
            time.sleep(fate.delay)
        if fate.duplicate:
            teller.tell(CHAOS, name, f"duplicate: {what}")
        unheard.here = fate.duplicate
        run(mapping, *others)

    def delete_unless_unheard(url: str, handles: set[str]) -> None:
        if not getattr(unheard, "here", False):
            delete(url, handles)
            return
        come_by_tls(services)
        for handle in handles:
            again = {
                "QueueUrl": url,
                "ReceiptHandle": handle,
                "VisibilityTimeout": _AGAIN_SECONDS,
            }
            queues._act_change_visibility(again, url)  # noqa: SLF001

    functions._run_sqs_batch = run_with_luck  # noqa: SLF001
    queues._delete_messages_for_esm = delete_unless_unheard  # noqa: SLF001


def _counted(batch: Sequence[object]) -> str:
    return "1 message" if len(batch) == 1 else f"{len(batch)} messages"
