"""AWS for the runtime: one small protocol, and its client that signs and sends by itself.

The SDK would dominate everything else that we do: a cold start of 300 ms, a millisecond a call.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime import _faults as faults
from cdk_streamer_runtime._calls import encode_parameters, encoded_call
from cdk_streamer_runtime._http import (
    REDIRECTION,
    Answer,
    BadAnswer,
    Connection,
    NoAnswer,
    Origin,
    Target,
    encoded_request,
)
from cdk_streamer_runtime._identity import Identity, SdkSession
from cdk_streamer_runtime._pool import Pool
from cdk_streamer_runtime._request import Request
from cdk_streamer_runtime._seam import NO_HEADERS, Aws, Part, metadata_of
from cdk_streamer_runtime._services import SERVICES
from cdk_streamer_runtime._sigv4 import Scope, presigned, signed
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.errors import AwsError, FunctionFailed, Unreachable

__all__ = ["NO_HEADERS", "Aws", "LeanClient", "Part", "Patience"]

_SKEW_MILLISECONDS = 60_000  # AWS allows five minutes; less is not why it refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a call tries, in seconds. Pauses are random from 0 to `base` doubled each time."""

    attempts: int = 5
    base: float = 0.05
    cap: float = 2.0
    connect: float = 2.0
    read: float = 10.0
    total: float = 25.0


class LeanClient:
    """AWS over kept-alive connections, for all threads of a process.

    Throttling, 5xx and lost answers are retried, so a write may be done twice. A post to a
    connection that is throttled is not: its caller slows down instead.
    """

    def __init__(
        self,
        *,
        patience: Patience | None = None,
        environment: Callable[[], AwsEnvironment] = AwsEnvironment.from_variables,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._identity = Identity(environment, _sdk_session, monotonic)
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._random = random or _uniform
        self._pool = Pool(monotonic)
        self.end = float("inf")  # of the invocation, by `monotonic`: no call takes longer
        self._time = (-1, "")  # a second, and how it is written
        self._skew = 0  # milliseconds that the services' clock is ahead of ours

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        """Call a JSON service by its API's own names, binary values as base64 text."""
        known = SERVICES[service]
        request = Request(
            known.signing_name,
            operation,
            "POST",
            self._identity.target(known.host),
            NO_HEADERS,
            encode_parameters(dict(parameters)).encode(),
            parameters,
            known,
        )
        return faults.document(self._send(request), operation)

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        """Send a signed request and give the answer's body.

        A `url` that starts with a slash is a path of the service's own endpoint. Raises
        FunctionFailed when a function that was invoked has raised an error.
        """
        request = self._rest_request(service, method, url, body, headers)
        answer = self._send(request)
        failure = answer.headers.get("x-amz-function-error")
        if failure is not None:
            raise FunctionFailed(failure, "", answer.status, request.operation)
        return answer.body

    def presign(
        self, method: str, path: str, *, seconds: int, headers: Mapping[str, str] = NO_HEADERS
    ) -> str:
        """Give an address of `/<bucket>/<key>` that anybody may use so, for `seconds`."""
        url = self._identity.object_address(path)
        target = Target.at(url)
        query = presigned(
            self._identity.credentials(),
            self._scope("s3"),
            method=method,
            path=target.path,
            headers={"host": target.origin.authority, **headers},
            seconds=seconds,
        )
        return f"{url}?{query}"

    def read_object(self, path: str, start: int, end: int, *, tag: str | None = None) -> Part:
        """Read bytes `start` to `end`, both included, of `/<bucket>/<key>`."""
        same = {} if tag is None else {"if-match": tag}
        headers = {"range": f"bytes={start}-{end}", **same}
        ranged = self._rest_request("s3", "GET", path, b"", headers)
        try:
            return _part(self._send(ranged), start, end)
        except AwsError as error:
            if error.status != faults.UNSATISFIABLE or start:
                raise
        # Of an empty object S3 gives no range at all.
        return _part(self._send(self._rest_request("s3", "GET", path, b"", same)), start, end)

    def close(self) -> None:
        """End the idle connections; the client can be used again."""
        self._pool.close()

    # --- attempts ---

    def _rest_request(
        self, service: str, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> Request:
        if url.startswith("/"):
            is_object = service == "s3"
            identity = self._identity
            url = (
                identity.object_address(url) if is_object else f"{identity.endpoint(service)}{url}"
            )
        return Request(
            signing_name=service,
            operation=f"{method} {service}",
            method=method,
            target=Target.at(url),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
            parameters=None,
        )

    def _send(self, request: Request) -> Answer:
        patience = self._patience
        deadline = min(self._monotonic() + patience.total, self.end)
        attempt, learned = 1, False
        while True:
            try:
                answer = self._attempt(request, deadline)
            except Unreachable as broken:
                error: AwsError = broken
            else:
                if answer.status < REDIRECTION:
                    return answer
                error = faults.fault(answer, request.operation, request.parameters)
                if not learned and self._learn(error, answer):
                    learned = True
                    continue
            pause = self._random() * min(patience.cap, patience.base * 2 ** (attempt - 1))
            late = self._monotonic() + pause >= deadline
            if late or attempt >= patience.attempts or not request.may_repeat(error):
                raise error
            self._sleep(pause)
            attempt += 1

    def _attempt(self, request: Request, deadline: float) -> Answer:
        def remaining() -> float:
            left = min(self._patience.read, deadline - self._monotonic())
            if left <= 0:
                raise TimeoutError("the time for the call is over")
            return left

        try:
            return self._exchange(request, remaining)
        except (OSError, NoAnswer, BadAnswer) as cause:
            raise faults.unreachable(cause, request.operation) from cause

    def _exchange(self, request: Request, remaining: Callable[[], float]) -> Answer:
        origin = request.target.origin
        data = self._encoded(request)
        connection = self._pool.take(origin)
        if connection is not None:
            try:
                return self._use(connection, origin, data, remaining)
            except (ConnectionError, NoAnswer):
                # The peer closed it while idle: no sign of trouble, so try a new one at once.
                pass
        timeout = min(self._patience.connect, remaining())
        connection = self._pool.connect(origin, self._identity.ca_bundle, timeout)
        return self._use(connection, origin, data, remaining)

    def _use(
        self, connection: Connection, origin: Origin, data: bytes, remaining: Callable[[], float]
    ) -> Answer:
        try:
            answer = connection.exchange(data, remaining)
        except BaseException:
            connection.close()
            raise
        if answer.reusable:
            self._pool.give(origin, connection)
        else:
            connection.close()
        checksum = answer.headers.get("x-amz-crc32")
        if checksum is not None and checksum != str(zlib.crc32(answer.body)):
            raise BadAnswer("the checksum does not fit the body")
        return answer

    def _encoded(self, request: Request) -> bytes:
        target = request.target
        credentials, scope = self._identity.credentials(), self._scope(request.signing_name)
        if request.service is not None:
            return encoded_call(
                credentials, scope, target, request.service, request.operation, body=request.body
            )
        headers = signed(
            credentials,
            scope,
            method=request.method,
            path=target.path,
            query=target.query,
            headers={"host": target.origin.authority, **request.headers},
            body=request.body,
        )
        return encoded_request(request.method, target.text, headers, request.body)

    def _scope(self, service: str) -> Scope:
        now = (self._clock() + self._skew) // 1000
        second, text = self._time
        if second != now:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
            self._time = (now, text)  # in one go, for all threads
        return Scope(service, self._identity.region, text)

    def _learn(self, error: AwsError, answer: Answer) -> bool:
        """Correct the clock or the credentials from a refusal; tell whether that was possible."""
        if error.code in faults.EXPIRED_CODES:
            self._identity.forget()
            return True
        if error.code not in faults.SIGNATURE_CODES:
            return False
        theirs = faults.date_of(answer)
        if theirs is None or abs(theirs - self._clock() - self._skew) < _SKEW_MILLISECONDS:
            return False
        self._skew = theirs - self._clock()
        return True


def _part(answer: Answer, start: int, end: int) -> Part:
    headers = answer.headers
    _, _, size = headers.get("content-range", "").rpartition("/")
    is_part = size.isdecimal()  # else it is the whole, whatever was asked for
    return Part(
        data=answer.body if is_part else answer.body[start : end + 1],
        size=int(size) if is_part else len(answer.body),
        type=headers.get("content-type", "application/octet-stream"),
        tag=headers.get("etag", ""),
        metadata=metadata_of(headers),
    )


def _sdk_session() -> SdkSession:
    import boto3  # pyright: ignore[reportMissingTypeStubs]

    return boto3.Session()


def _uniform() -> float:
    from random import random  # 2 ms of a cold start, only for retries

    return random()  # noqa: S311 - spreads retries
