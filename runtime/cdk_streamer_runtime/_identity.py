"""Who calls AWS from where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from cdk_streamer_runtime._services import endpoint as public_endpoint
from cdk_streamer_runtime._sigv4 import Credentials
from cdk_streamer_runtime.contract import AwsEnvironment


class SdkSession(Protocol):
    """What is needed of boto3's session."""

    @property
    def region_name(self) -> str | None:
        """The region of the user's profile."""
        ...

    def get_credentials(self) -> Any:  # noqa: ANN401 - boto3 has no types of its own
        """Give credentials that renew themselves, None if there are none."""
        ...


class Identity:
    """Who calls from where: the Lambda environment, or else what boto3 finds."""

    def __init__(
        self,
        environment: Callable[[], AwsEnvironment],
        make_session: Callable[[], SdkSession],
    ) -> None:
        self._environment = environment
        self._make_session = make_session
        self._session: SdkSession | None = None

    @property
    def ca_bundle(self) -> str | None:
        return self._environment().ca_bundle

    @property
    def region(self) -> str:
        region = self._environment().region or self._sdk().region_name
        if region is None:
            raise ValueError("the AWS region is unknown; set AWS_REGION")
        return region

    def endpoint(self, host: str) -> str:
        """Give where a service is reached, without a slash at the end."""
        endpoint = self._environment().endpoint
        if endpoint is not None:
            return endpoint.rstrip("/")
        return public_endpoint(host, self.region)

    def credentials(self) -> Credentials:
        """Give the keys of this moment; boto3 renews its own."""
        environment = self._environment()
        if environment.access_key and environment.secret_key:
            return Credentials(
                access_key=environment.access_key,
                secret_key=environment.secret_key,
                token=environment.session_token,
            )
        found = self._sdk().get_credentials()
        if found is None:
            raise ValueError("there are no AWS credentials; log in, or set AWS_ACCESS_KEY_ID")
        keys = found.get_frozen_credentials()
        return Credentials(access_key=keys.access_key, secret_key=keys.secret_key, token=keys.token)

    def forget(self) -> None:
        """Look for credentials anew: those known have expired."""
        self._session = None

    def _sdk(self) -> SdkSession:
        if self._session is None:
            self._session = self._make_session()
        return self._session
