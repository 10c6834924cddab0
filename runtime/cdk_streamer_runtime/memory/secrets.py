"""Secrets Manager in memory: secrets by their ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error


class MemorySecrets:
    """Texts that a test declares; it may change them at any time, as a rotation does."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.values = dict(secrets)

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation; raises AwsError."""
        if operation != "GetSecretValue":
            raise NotImplementedError(f"Secrets Manager's {operation} is not known to MemoryAws")
        arn = parameters["SecretId"]
        if arn not in self.values:
            raise aws_error(
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
                400,
                operation,
            )
        return {"ARN": arn, "SecretString": self.values[arn], "VersionStages": ["AWSCURRENT"]}
