"""What an AWS service says when it refuses, turned into errors that are safe to log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from cdk_streamer_runtime._http import Answer
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import (
    AwsError,
    CancellationReason,
    ConditionFailed,
    Throttled,
    TransactionCancelled,
    Unreachable,
)

# Signature faults are explained by AWS with the whole canonical request, session token included.
SIGNATURE_CODES = frozenset(
    {
        *("IncompleteSignature", "IncompleteSignatureException", "InvalidSignatureException"),
        *("SignatureDoesNotMatch", "AuthFailure", "RequestTimeTooSkewed", "RequestExpired"),
    }
)
EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
# Not an overload, but the same call may succeed at another moment, and nothing was done yet.
_PASSING_CODES = frozenset(
    {
        *("RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"),
        *("TransactionInProgressException", "TransactionConflictException"),
        *("TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"),
    }
)
# Parameters that name things; everything else may be a user's value.
_NAMING = frozenset(
    {
        *("TableName", "IndexName", "QueueUrl", "StreamName", "StreamARN", "StreamArn"),
        *("EventBusName", "DetailType", "Source", "stateMachineArn", "ShardId", "ReturnValues"),
        *("UpdateExpression", "ConditionExpression", "KeyConditionExpression"),
        *("FilterExpression", "ProjectionExpression", "ExpressionAttributeNames"),
    }
)
_XML_FIELD = rb"<(Code|Message)>([^<]*)</"
_decode = json.JSONDecoder().decode
UNTRUSTED = "CertificateInvalid"
FORBIDDEN = 403
UNSATISFIABLE = 416  # a range that the object does not have
SERVER_FAULT = 500
MESSAGE_CHARACTERS = 1000


def document(answer: Answer, operation: str) -> dict[str, Any]:
    """Give what a call returned; raises AwsError where that is no JSON object."""
    try:
        content: object = _decode(answer.body.decode()) if answer.body else {}
    except ValueError:
        content = None
    if not isinstance(content, dict):
        # Not from AWS, but from whatever stands between: a proxy, a login page.
        raise AwsError("InvalidAnswer", "the answer is no JSON object", answer.status, operation)
    return cast("dict[str, Any]", content)


def fault(answer: Answer, operation: str, parameters: Mapping[str, object] | None) -> AwsError:
    """Give the error that an answer stands for; `parameters` are what must not be repeated."""
    told = _told(answer.body)
    code = _code(answer, told)
    message = str(told.get("message") or told.get("Message") or "")
    error = aws_error(
        code, _safe_message(code, message, answer.status, parameters), answer.status, operation
    )
    if isinstance(error, ConditionFailed):
        error.item = told.get("Item")
    if isinstance(error, TransactionCancelled):
        reasons: list[Mapping[str, Any]] = told.get("CancellationReasons") or []
        error.reasons = [_reason(reason) for reason in reasons]
    return error


def unreachable(cause: Exception, operation: str) -> Unreachable:
    """Give the error that stands for no answer."""
    if isinstance(cause, TimeoutError):
        return Unreachable("Timeout", "no answer in time", 0, operation)
    if hasattr(cause, "verify_code"):  # ssl.SSLCertVerificationError, whose module loads late
        reason = "the certificate is not trusted; set AWS_CA_BUNDLE"
        return Unreachable(UNTRUSTED, reason, 0, operation)
    return Unreachable("ConnectionBroken", str(cause), 0, operation)


def date_of(answer: Answer) -> int | None:
    """Give the service's own time of an answer, in milliseconds."""
    from calendar import timegm  # 2 ms of a cold start, for what hardly ever happens

    try:
        date = time.strptime(answer.headers.get("date", ""), "%a, %d %b %Y %H:%M:%S GMT")
    except ValueError:
        return None
    return timegm(date) * 1000


def is_passing(error: AwsError) -> bool:
    """Tell whether the same call may succeed later."""
    if isinstance(error, TransactionCancelled):
        codes = {reason["Code"] for reason in error.reasons} - {"None"}
        return bool(codes) and codes <= _PASSING_CODES
    return (
        isinstance(error, Throttled) or error.status >= SERVER_FAULT or error.code in _PASSING_CODES
    )


def _told(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        return {name.decode(): text.decode() for name, text in re.findall(_XML_FIELD, body)}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _code(answer: Answer, told: Mapping[str, Any]) -> str:
    # SQS keeps the codes of its former protocol in a header, and the SDKs report those.
    former = answer.headers.get("x-amzn-query-error", "").partition(";")[0]
    kind = (
        former
        or answer.headers.get("x-amzn-errortype")
        or told.get("__type")
        or told.get("code")
        or told.get("Code")
        or answer.status
    )
    return str(kind).partition(":")[0].rpartition("#")[2]


def _reason(reason: Mapping[str, Any]) -> CancellationReason:
    code = str(reason["Code"])
    return {"Code": code, "Item": reason["Item"]} if "Item" in reason else {"Code": code}


def _safe_message(
    code: str, message: str, status: int, parameters: Mapping[str, object] | None
) -> str:
    """Give the message without anything that came from a user."""
    if code in SIGNATURE_CODES or (parameters is None and status != FORBIDDEN):
        return ""
    message = message[:MESSAGE_CHARACTERS]
    for text in set(_values(parameters or {})):
        if text and text in message:
            message = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "...", message)
    return message


def _values(parameters: object) -> Iterator[str]:
    if isinstance(parameters, str):
        yield parameters
    elif isinstance(parameters, Mapping):
        for name, value in cast("Mapping[str, object]", parameters).items():
            if name not in _NAMING:
                yield from _values(value)
    elif isinstance(parameters, Sequence):
        for value in cast("Sequence[object]", parameters):
            yield from _values(value)
