"""What becomes of an error about which nobody has decided.

What another moment or an operator can mend comes again, bounded by the record's age; what would
fail in the same way each time becomes a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import (
    CONDITION_FAILED,
    AccessDenied,
    AwsError,
    Fatal,
    Interrupted,
    Retryable,
    Throttled,
    TransactionCancelled,
    Unreachable,
)
from cdk_streamer_runtime.streams.faults.policy import Action, Policy
from cdk_streamer_runtime.streams.outcome import Undecodable

_SERVER_FAULT = 500
# Not an overload, but the same call may succeed at another moment.
PASSING = frozenset(
    {
        *("InternalFailure", "InternalError", "InternalException", "InternalServerError"),
        *("InternalErrorException", "ServiceUnavailable", "ServiceUnavailableException"),
        *("RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"),
        *("TransactionInProgressException", "TransactionConflictException"),
        *("TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"),
        *("KMSThrottlingException", "KMS.ThrottlingException", "OperationAborted"),
        *("ConcurrentModificationException", "EC2ThrottledException", "InvalidAnswer"),
        *("CodeArtifactUserPendingException", "ResourceNotReadyException", "Throttled"),
        *("LimitExceeded", "ReplicatedWriteConflictException", "OverLimit"),
    }
)
# Nobody but an operator can help; until then the record waits.
MISSING = frozenset(
    {
        *("ResourceNotFoundException", "ResourceNotFound", "NoSuchBucket", "NotFound"),
        *("NotFoundException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
        *("StateMachineDoesNotExist", "StateMachineDeleting", "TableNotFoundException"),
        *("ResourceInUseException", "InactiveStreamException", "TableInUseException"),
        *("KMSDisabledException", "KMS.DisabledException", "KMSInvalidStateException"),
        *("KMS.InvalidStateException", "KMSNotFoundException", "KMS.NotFoundException"),
        *("KMSOptInRequired", "KMS.OptInRequired", "OptInRequired", "InvalidStateException"),
        *("ResourceConflictException", "EndpointDisabled", "NoCredentials"),
    }
)
_SDK = "botocore.exceptions"
_SDK_LOST = frozenset({"HTTPClientError", "ConnectionError"})


def action_of(error: BaseException | Undecodable, policies: Iterable[Policy | None]) -> Action:
    """Give what becomes of an error: the first policy that knows it decides, or the default."""
    if isinstance(error, Interrupted):
        # There was no time for it, which says nothing about the record.
        return Action.REDELIVER
    told = _as_aws(error)
    code = told.code if isinstance(told, AwsError) else None
    for policy in policies:
        if policy is not None and (action := policy.action(error, code)) is not None:
            return action
    return default_action(told)


def default_action(error: BaseException | Undecodable) -> Action:
    """Give what becomes of an error when no policy knows it."""
    match error:
        case Undecodable() | Fatal():
            return Action.FAULT
        case MemoryError():
            return Action.STOP
        case AwsError():
            return _of_aws(error)
        case Retryable() if not getattr(error, "repeat_in_place", True):
            return Action.REDELIVER
        case Retryable() | OSError():
            return Action.RETRY
        case Exception():
            return Action.RETRY if _is_lost(error) else Action.FAULT
        case _:
            return Action.STOP


def _of_aws(error: AwsError) -> Action:
    match error:
        case Throttled() | Unreachable():
            return Action.RETRY
        case AccessDenied():
            return Action.REDELIVER
        case TransactionCancelled():
            # A condition that did not hold may be told of again when nothing else is in the way.
            met = {reason["Code"] for reason in error.reasons} - {"None", CONDITION_FAILED}
            return Action.RETRY if met and met <= PASSING else Action.FAULT
        case _ if error.code in MISSING:
            return Action.REDELIVER
        case _ if error.code in PASSING or error.status >= _SERVER_FAULT:
            return Action.RETRY
        case _:
            return Action.FAULT


def _as_aws(error: BaseException | Undecodable) -> BaseException | Undecodable:
    """Give an error of the SDK, which the user's functions may call, as ours."""
    try:
        response: object = getattr(error, "response", None)
    except Exception:  # noqa: BLE001 - a property of the user's, which has no response to give
        return error
    if isinstance(error, AwsError) or not isinstance(response, dict):
        return error
    said = cast("Mapping[str, Any]", response)
    try:
        code, status = said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]
    except (KeyError, TypeError):
        return error
    return aws_error(str(code), "", status if isinstance(status, int) else 0, "call")


def _is_lost(error: Exception) -> bool:
    return any(
        kind.__module__ == _SDK and kind.__name__ in _SDK_LOST for kind in type(error).__mro__
    )
