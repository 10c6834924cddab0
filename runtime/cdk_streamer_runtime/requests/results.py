"""What a handler returned, as the JSON text that is stored and sent."""

from __future__ import annotations

from cdk_streamer_runtime.contract import RESULT_BYTES, ErrorCode
from cdk_streamer_runtime.documents import DEPTH, encode, is_deep, size
from cdk_streamer_runtime.errors import ActionFailed


def result_text(result: object) -> str:
    """Write a result; raises TypeError for what JSON lacks, ActionFailed for what is too large."""
    try:
        text = encode(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"the handler's result is not JSON: {error}") from error
    if is_deep(text):
        raise TypeError(f"the handler's result is nested deeper than {DEPTH} levels")
    if size(text) > RESULT_BYTES:
        raise ActionFailed(
            f"the result has {size(text)} bytes, but {RESULT_BYTES} is the most; "
            "store it elsewhere and return its address",
            code=ErrorCode.PAYLOAD_TOO_LARGE,
        )
    return text
