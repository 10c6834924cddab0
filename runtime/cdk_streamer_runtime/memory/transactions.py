"""TransactWriteItems in memory: all writes or none, and each transaction once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError, CancellationReason, TransactionCancelled
from cdk_streamer_runtime.memory.compiled import refuse_legacy
from cdk_streamer_runtime.memory.tables import MemoryTable, Record
from cdk_streamer_runtime.memory.updates import InvalidUpdate
from cdk_streamer_runtime.memory.values import InvalidValue
from cdk_streamer_runtime.memory.writes import Write, condition_failed, planned

TRANSACTION_WRITES = 100
TOKEN_MILLISECONDS = 10 * 60 * 1000

_WRITES = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheck",
}


class MemoryTransactions:
    """Transactions over several tables, and the tokens of the last ten minutes."""

    def __init__(self, table: Callable[[object], MemoryTable], clock: Callable[[], int]) -> None:
        self._table = table
        self._clock = clock
        self._tokens: dict[str, tuple[int, str]] = {}  # in the order of their times

    def write(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do all writes or none; raises AwsError, InvalidExpression and InvalidValue."""
        entries = list(parameters["TransactItems"])
        if not 1 <= len(entries) <= TRANSACTION_WRITES:
            raise InvalidValue("A transaction has 1 to 100 writes")
        if self._is_repeated(parameters):
            return {}
        parts = [_transact_part(entry) for entry in entries]
        writes = [
            planned(self._table(part["TableName"]), operation, part) for operation, part in parts
        ]
        if len({(write.table.schema.name, write.primary) for write in writes}) < len(writes):
            raise InvalidValue("Transaction request cannot include multiple operations on one item")
        outcomes = [_outcome(write, part) for write, (_, part) in zip(writes, parts, strict=True)]
        reasons = [reason for _new, reason in outcomes]
        if any(reason["Code"] != "None" for reason in reasons):
            raise _transaction_cancelled(reasons)
        for write, (new, _reason) in zip(writes, outcomes, strict=True):
            write.store(new)
        self._remember(parameters)
        return {}

    def _is_repeated(self, parameters: Mapping[str, Any]) -> bool:
        token = parameters.get("ClientRequestToken")
        time, content = self._tokens.get(str(token), (0, ""))
        if token is None or not content or time + TOKEN_MILLISECONDS <= self._clock():
            return False
        if content != _fingerprint(parameters):
            raise aws_error(
                "IdempotentParameterMismatchException",
                "the token came with other writes",
                400,
                "TransactWriteItems",
            )
        return True

    def _remember(self, parameters: Mapping[str, Any]) -> None:
        token = parameters.get("ClientRequestToken")
        if token is None:
            return
        now = self._clock()
        self._tokens.pop(str(token), None)
        self._tokens[str(token)] = (now, _fingerprint(parameters))
        while self._tokens[oldest := next(iter(self._tokens))][0] + TOKEN_MILLISECONDS <= now:
            del self._tokens[oldest]


def _transact_part(entry: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if len(entry) != 1 or not entry.keys() <= _WRITES.keys():
        raise InvalidValue("TransactItems can only contain one of Check, Put, Update or Delete")
    ((kind, part),) = entry.items()
    refuse_legacy(part)
    return _WRITES[kind], part


def _outcome(write: Write, part: Mapping[str, Any]) -> tuple[Record | None, CancellationReason]:
    if not write.allowed:
        reason: CancellationReason = {"Code": "ConditionalCheckFailed"}
        item = condition_failed(write.operation, part, write.old).item
        return None, reason if item is None else {**reason, "Item": item}
    try:
        return write.result(), {"Code": "None"}
    except (InvalidUpdate, InvalidValue):
        return None, {"Code": "ValidationError"}


def _transaction_cancelled(reasons: list[CancellationReason]) -> AwsError:
    codes = ", ".join(reason["Code"] for reason in reasons)
    error = TransactionCancelled(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        400,
        "TransactWriteItems",
    )
    error.reasons = reasons
    return error


def _fingerprint(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters["TransactItems"], sort_keys=True)
