"""Which error stands for a service's answer."""

from __future__ import annotations

from cdk_streamer_runtime.errors import (
    AccessDenied,
    AwsError,
    ConditionFailed,
    Gone,
    Throttled,
    TransactionCancelled,
)

_CLASSES: dict[str, type[AwsError]] = {
    "ConditionalCheckFailedException": ConditionFailed,
    "TransactionCanceledException": TransactionCancelled,
    "ProvisionedThroughputExceededException": Throttled,
    "ThrottlingException": Throttled,
    "Throttling": Throttled,
    "ThrottledException": Throttled,
    "RequestLimitExceeded": Throttled,
    "RequestThrottled": Throttled,
    "RequestThrottledException": Throttled,
    "TooManyRequestsException": Throttled,
    "LimitExceededException": Throttled,
    "SlowDown": Throttled,
    "GoneException": Gone,
    "AccessDenied": AccessDenied,
    "AccessDeniedException": AccessDenied,
    "ForbiddenException": AccessDenied,
    "UnrecognizedClientException": AccessDenied,
    "InvalidClientTokenId": AccessDenied,
    "InvalidSignatureException": AccessDenied,
    "SignatureDoesNotMatch": AccessDenied,
    "ExpiredTokenException": AccessDenied,
    "ExpiredToken": AccessDenied,
    "MissingAuthenticationTokenException": AccessDenied,
    "IncompleteSignature": AccessDenied,
    "KMSAccessDeniedException": AccessDenied,
    "KMS.AccessDeniedException": AccessDenied,
}
_CLASSES_BY_STATUS: dict[int, type[AwsError]] = {403: AccessDenied, 410: Gone, 429: Throttled}


def aws_error(code: str, message: str, status: int, operation: str) -> AwsError:
    """Give the error that stands for a service's answer, of the narrowest class there is."""
    kind = _CLASSES.get(code) or _CLASSES_BY_STATUS.get(status, AwsError)
    return kind(code, message, status, operation)
