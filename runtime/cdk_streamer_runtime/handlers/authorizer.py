"""Lambda entry point of the `$connect` authorizer."""

from __future__ import annotations

import contextlib
import functools
import logging
import time

from cdk_streamer_runtime.auth import answer, keys
from cdk_streamer_runtime.auth.authorizer import Authorizer
from cdk_streamer_runtime.auth.denial import Denied, describe
from cdk_streamer_runtime.contract import AuthorizerEnvironment, Metric
from cdk_streamer_runtime.metrics import Metrics

_logger = logging.getLogger(__name__)
keys.preload()


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Tell API Gateway who may connect; whatever goes wrong here, nobody does."""
    try:
        return answer.allow(event, _authorizer().identify(event))
    except Denied as denied:
        _logger.warning("connection denied", extra={"reason": denied.reason.value})
    except Exception as fault:  # noqa: BLE001 - an open door is worse than a lost cause
        _logger.error("authorizer failed", extra=describe(fault))  # noqa: TRY400 - without its text
    with contextlib.suppress(ValueError):  # no environment: the line above has told
        _metrics().count(Metric.AUTH_FAILURES)
    return answer.deny()


@functools.cache
def _authorizer() -> Authorizer:
    return Authorizer.from_variables(lambda: time.time_ns() // 1_000_000)


@functools.cache
def _metrics() -> Metrics:
    return Metrics(AuthorizerEnvironment.from_variables().name)
