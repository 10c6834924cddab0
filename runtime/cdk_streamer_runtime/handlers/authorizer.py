"""Lambda entry point of the authorizer of `$connect` and of the HTTP API."""

from __future__ import annotations

import logging
import time

from cdk_streamer_runtime.auth import answer, keys
from cdk_streamer_runtime.auth.authorizer import Authorizer
from cdk_streamer_runtime.auth.denial import Denied, describe
from cdk_streamer_runtime.aws import LeanClient, Patience
from cdk_streamer_runtime.contract import AuthorizerEnvironment, AwsEnvironment, Metric
from cdk_streamer_runtime.metrics import Metrics

_logger = logging.getLogger(__name__)
_settings = AuthorizerEnvironment.from_variables()
_metrics = Metrics(_settings.name)
# A table in trouble should deny before the function's own time is over.
_aws = LeanClient(patience=Patience(attempts=3, connect=1.0, read=2.0, total=6.0))
# At import: wrong settings show before anybody connects, and nobody waits for cryptography.
_authorizer = Authorizer.from_environment(
    _settings, AwsEnvironment.from_variables(), _aws, lambda: time.time_ns() // 1_000_000
)
keys.preload()


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Tell API Gateway who may call; whatever goes wrong here, nobody does."""
    try:
        return answer.allow(event, _authorizer.identify(event))
    except Denied as denied:
        _logger.warning("connection denied", extra={"reason": denied.reason.value})
    except Exception as fault:  # noqa: BLE001 - an unforeseen fault must not open the door
        _logger.error("authorizer failed", extra=describe(fault))  # noqa: TRY400 - not its text
    _metrics.count(Metric.AUTH_FAILURES)
    _metrics.flush()
    return answer.deny(event)
