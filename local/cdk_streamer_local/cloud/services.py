"""AWS clients that talk to the engine and to nothing else."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any


class Services:
    """boto3 clients, made once each. The account's id as the key means its root user."""

    def __init__(self, *, endpoint: str, bundle: Path, account: str, region: str) -> None:
        self.endpoint = endpoint
        self.bundle = bundle
        self.account = account
        self.region = region
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._session: Any = None

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
        """Give the client of a service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def _make(self, service: str) -> Any:  # noqa: ANN401 - see above
        boto3: Any = importlib.import_module("boto3")  # takes long, and has no types
        configuration: Any = importlib.import_module("botocore.config")
        if self._session is None:
            self._session = boto3.Session(
                aws_access_key_id=self.account,
                aws_secret_access_key="local",  # noqa: S106 - the engine's root user has none
                region_name=self.region,
            )
        return self._session.client(
            service,
            endpoint_url=self.endpoint,
            verify=str(self.bundle),
            config=configuration.Config(
                # The environment's proxies and profiles are not for loopback.
                proxies={"http": None, "https": None},
                retries={"mode": "standard", "max_attempts": 2},
                read_timeout=300,
                max_pool_connections=32,
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                ignore_configured_endpoint_urls=True,
            ),
        )


def sdk_faults() -> tuple[type[Exception], ...]:
    """Give what a client raises: what the service refused, and what never reached it."""
    exceptions: Any = importlib.import_module("botocore.exceptions")
    return exceptions.ClientError, exceptions.BotoCoreError
