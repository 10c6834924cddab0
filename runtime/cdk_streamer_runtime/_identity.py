"""Who calls AWS from where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from cdk_streamer_runtime._http import Target
from cdk_streamer_runtime._services import endpoint as public_endpoint
from cdk_streamer_runtime._sigv4 import Credentials
from cdk_streamer_runtime.contract import AwsEnvironment

# Reading the environment costs a fifth of a call, and Lambda renews keys with the process.
READ_SECONDS = 60


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
    """The Lambda environment, or else what boto3 finds. The environment is read once a minute."""

    def __init__(
        self,
        read: Callable[[], AwsEnvironment],
        make_session: Callable[[], SdkSession],
        monotonic: Callable[[], float],
    ) -> None:
        self._read = read
        self._make_session = make_session
        self._monotonic = monotonic
        self._session: SdkSession | None = None
        self._targets: dict[str, Target] = {}
        self._keys: Credentials | None = None  # the environment's; boto3 renews its own
        self._environment, self._read_at = read(), monotonic()

    @property
    def ca_bundle(self) -> str | None:
        """The certificates to trust instead of the machine's."""
        return self._current().ca_bundle

    @property
    def region(self) -> str:
        """The region; raises ValueError when nobody names one."""
        region = self._current().region or self._sdk().region_name
        if region is None:
            raise ValueError("the AWS region is unknown; set AWS_REGION")
        return region

    def endpoint(self, host: str) -> str:
        """Give where a service is reached, without a slash at the end."""
        endpoint = self._current().endpoint
        return public_endpoint(host, self.region) if endpoint is None else endpoint.rstrip("/")

    def object_address(self, path: str) -> str:
        """Give where `/<bucket>/<key>` is reached: on AWS the bucket is a host of its own."""
        bucket, _, key = path[1:].partition("/")
        endpoint = self.endpoint("s3")
        # AWS has no certificate for a bucket with a dot, others no name for any bucket.
        if self._current().endpoint is not None or "." in bucket:
            return f"{endpoint}{path}"
        scheme, _, host = endpoint.partition("://")
        return f"{scheme}://{bucket}.{host}/{key}"

    def target(self, host: str) -> Target:
        """Give what a call to a JSON service is sent to."""
        self._current()
        target = self._targets.get(host)
        if target is None:
            target = self._targets[host] = Target.at(self.endpoint(host))
        return target

    def credentials(self) -> Credentials:
        """Give the keys of this moment; boto3 renews its own."""
        environment = self._current()
        if self._keys is not None:
            return self._keys
        if environment.access_key and environment.secret_key:
            self._keys = Credentials(
                access_key=environment.access_key,
                secret_key=environment.secret_key,
                token=environment.session_token,
            )
            return self._keys
        found = self._sdk().get_credentials()
        if found is None:
            raise ValueError("there are no AWS credentials; log in, or set AWS_ACCESS_KEY_ID")
        keys = found.get_frozen_credentials()
        return Credentials(access_key=keys.access_key, secret_key=keys.secret_key, token=keys.token)

    def forget(self) -> None:
        """Read everything anew: the credentials known have expired."""
        self._session = None
        self._targets = {}
        self._keys = None
        self._environment, self._read_at = self._read(), self._monotonic()

    def _current(self) -> AwsEnvironment:
        if self._monotonic() - self._read_at >= READ_SECONDS:
            session = self._session
            self.forget()
            self._session = session  # it renews its keys itself
        return self._environment

    def _sdk(self) -> SdkSession:
        if self._session is None:
            self._session = self._make_session()
        return self._session
