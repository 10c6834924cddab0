"""Starts batches, each by an id: what is started twice runs once."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from cdk_streamer_runtime.aws import Aws, LeanClient
from cdk_streamer_runtime.contract import STEP_BYTES
from cdk_streamer_runtime.contract.batches import (
    BATCH_ID_PATTERN,
    BatchSettings,
    BatchStarterEnvironment,
    StartMember,
)
from cdk_streamer_runtime.documents import decode, encode, size
from cdk_streamer_runtime.durable.executions import Executions
from cdk_streamer_runtime.errors import Conflict

logger = logging.getLogger(__name__)

_ROOM = 1024  # of the step that records it, for all but the payload


def start_batch(
    name: str,
    payload: object = None,
    *,
    batch_id: str,
    tenant: str | None = None,
    aws: Aws | None = None,
) -> str:
    """Start a batch of the DurableBatch with the construct id `name`; gives its id.

    The same id with the same payload is the same run, for as long as the construct remembers it;
    with another payload it raises Conflict. `tenant` is whose channel progress is told on.
    """
    settings = BatchSettings.from_variables(name)
    return Starter(aws or _lambdas(), settings).start(payload, batch_id=batch_id, tenant=tenant)


class Starter:
    """Starts the batches of one construct."""

    def __init__(self, aws: Aws, settings: BatchSettings) -> None:
        """Take the client; raises ValueError when the batch has no function of its own."""
        if settings.function is None:
            raise ValueError(
                f"the batch {settings.name!r} runs in requests alone; give its DurableBatch "
                "handlers to start it"
            )
        self._name = settings.name
        self._function = settings.function
        self._executions = Executions(aws, settings.function)

    def start(self, payload: object, *, batch_id: str, tenant: str | None = None) -> str:
        """Start a batch, unless it was started before; gives its id."""
        is_text = isinstance(batch_id, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        if not is_text or not re.fullmatch(BATCH_ID_PATTERN, batch_id):
            raise ValueError(
                f"batch_id must be 1 to 64 letters, digits, - and _, got {batch_id!r}; "
                "make it of what is to run once, like 'invoices-2026-11'"
            )
        # Of whom it is: an id is one in the whole account, and a batch of another construct by the
        # same id has to be a conflict, not the same run.
        start = {"batch": self._function, "payload": payload}
        text = encode(start if tenant is None else {**start, "tenant": tenant})
        if size(text) > STEP_BYTES - _ROOM:
            raise ValueError(
                f"the payload has {size(text)} bytes, and {STEP_BYTES - _ROOM} is the most; "
                "store it elsewhere and pass its address"
            )
        if not self._executions.begin(batch_id, _in_order(decode(text))):
            raise Conflict(
                f"the batch {batch_id!r} was started with another payload, or by another "
                "construct; use another id"
            )
        logger.info("batch started", extra={"batch": self._name, "id": batch_id})
        return batch_id


def _in_order(document: object) -> object:
    """Give an equal document whose text is the same, whoever wrote it: texts are compared."""
    return json.loads(json.dumps(document, sort_keys=True))


class ScheduledStarter:
    """Starts one batch for each occurrence of a schedule, however often it tells of it."""

    def __init__(self, aws: Aws, environment: BatchStarterEnvironment) -> None:
        """Take the client and the settings."""
        self._starter = Starter(aws, BatchSettings.from_text(environment.batch))
        self._prefix = environment.id_prefix

    def start(self, event: Mapping[str, object]) -> str:
        """Start the batch of the occurrence that the event tells of; gives its id."""
        moment = scheduled_at(event.get(StartMember.SCHEDULED_AT))
        batch_id = f"{self._prefix}-{moment:%Y%m%dT%H%MZ}"
        return self._starter.start(event.get(StartMember.PAYLOAD), batch_id=batch_id)


def scheduled_at(text: object) -> datetime:
    """Read the time of an occurrence; raises ValueError when it is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"{StartMember.SCHEDULED_AT} must be a time like '2026-11-22T06:00:00Z', got {text!r}; "
            "let a schedule of EventBridge Scheduler invoke the starter"
        )
    return moment.astimezone(UTC)


def scheduled_starter() -> ScheduledStarter:
    """Build the starter of this process."""
    return ScheduledStarter(_lambdas(), BatchStarterEnvironment.from_variables())


@lru_cache(maxsize=1)
def _lambdas() -> Aws:
    return LeanClient()
