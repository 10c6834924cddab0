"""The signing secret, from Secrets Manager, known for a while."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.webhooks.signature import BadSecret, keys_of

logger = logging.getLogger(__name__)

KNOWN_FOR = 300_000  # milliseconds; a rotated secret is used no later


class Secret:
    """Reads one secret; while Secrets Manager is out of reach, what was known stays good."""

    def __init__(self, aws: Aws, arn: str, clock: Callable[[], int]) -> None:
        """Take where the secret is; `clock` gives milliseconds."""
        self._aws = aws
        self._arn = arn
        self._clock = clock
        self._keys: tuple[bytes, ...] = ()
        self._read_at = 0

    def keys(self) -> tuple[bytes, ...]:
        """Give the keys to sign with; raises AwsError, BadSecret when none are known."""
        now = self._clock()
        if not self._keys or now - self._read_at >= KNOWN_FOR:
            try:
                self._keys = self._read()
            except (AwsError, BadSecret) as error:
                if not self._keys:
                    raise
                logger.warning("secret not read again", extra={"error": type(error).__name__})
            self._read_at = now
        return self._keys

    def _read(self) -> tuple[bytes, ...]:
        answer = self._aws.call("secretsmanager", "GetSecretValue", {"SecretId": self._arn})
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise BadSecret("the webhook secret is binary; store it as text")
        return keys_of(text)
