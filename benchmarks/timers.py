"""What the dispatch of timers takes: CPU, calls and writes, with AWS five milliseconds away.

python -m benchmarks.timers

The real dispatcher sends one minute of timers. Through the lean client nothing is left out but the
network: requests are encoded and signed, answers read from a socket. Through boto3 its own HTTP is
left out as well. Counted is CPU time of all threads, so the rate is that of one vCPU.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import time
import zlib
from collections import Counter
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from unittest.mock import patch

import boto3
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from benchmarks.aws_client import VARIABLES
from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.contract.timers import TimerDispatcherEnvironment
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.timers.assembly import TimerAssembly, metrics_of

TIMERS, PAGE = 40_000, 3_500  # a page of a megabyte has about so many
ROUNDS = 3
LATENCY = 0.005
SHARD = "0101"
SETTINGS = TimerDispatcherEnvironment(
    name="Timer",
    table_name="timers",
    queue_url="https://sqs.eu-west-1.amazonaws.com/123456789012/firings",
    dead_letter_queue_url="https://sqs.eu-west-1.amazonaws.com/123456789012/dead",
    shards=16,
    look_ahead_seconds=180,
)
DATA = json.dumps({"url": "https://api.example.com/v1/things/42", "tenant": "acme", "try": 3})


class Cloud:
    """Answers as AWS would: one minute is due, and all of its timers are in one slot."""

    def __init__(self) -> None:
        now = time.time_ns() // 1_000_000
        self.minute = (now + 170_000) // 60_000 * 60
        self.calls: Counter[str] = Counter()
        shard = {
            "claimed_until": {"N": str(self.minute)},
            "done_until": {"N": str(self.minute)},
            "epoch": {"N": "7"},
            "lease_until": {"N": "0"},
        }
        held = {**shard, "epoch": {"N": "8"}, "lease_until": {"N": str(now + 3_600_000)}}
        held["claimed_until"] = {"N": str(self.minute + 60)}
        slot = f"w#{SHARD}#i300#{self.minute % 300 // 60}"
        rows = [_row(slot, number) for number in range(TIMERS)]
        self._pages = [rows[start : start + PAGE] for start in range(0, TIMERS, PAGE)]
        self._answers = {
            "GetItem": _encoded({"Item": shard}),
            "UpdateItem": _encoded({"Attributes": held}),
            "SendMessageBatch": _encoded({"Successful": [_taken(entry) for entry in range(10)]}),
        }
        registry = [{"pk": {"S": f"c#{SHARD}"}, "sk": {"S": "i300"}}]
        self._registry, self._nothing = _encoded({"Items": registry}), _encoded({"Items": []})
        self._slot: list[bytes] = []
        for page in self._pages:
            last = {"LastEvaluatedKey": {name: page[-1][name] for name in ("pk", "sk")}}
            more = last if page is not self._pages[-1] else {}
            self._slot.append(_encoded({"Items": page, **more}))
        self._asked = 0

    def again(self) -> None:
        """Have the same minute be due once more."""
        self._asked = 0
        self.calls.clear()

    def answer(self, operation: str, request: bytes) -> bytes:
        """Give a body, after the time that it takes."""
        self.calls[operation] += 1
        time.sleep(LATENCY)
        if operation != "Query":
            return self._answers[operation]
        if b'"c#' in request:
            return self._registry
        if b'"d#' in request:
            return self._nothing
        self._asked += 1
        return self._slot[self._asked - 1]


def _row(slot: str, number: int) -> dict[str, Any]:
    return {
        "pk": {"S": slot},
        "sk": {"S": f"{number * 60 // TIMERS:02d}#customer-{number:08d}-poll"},
        "rev": {"N": "1763717400000"},
        "since": {"N": "1763717400000"},
        "data": {"S": DATA},
    }


def _taken(entry: int) -> dict[str, str]:
    digest = "0123456789abcdef0123456789abcdef"
    return {
        "Id": str(entry),
        "MessageId": "01234567-89ab-cdef-0123-456789abcdef",
        "MD5OfMessageBody": digest,
        "MD5OfMessageAttributes": digest,
    }


def _encoded(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


class Loopback:
    """A socket with this cloud behind it."""

    def __init__(self, cloud: Cloud) -> None:
        self._quiet, self._other = os.pipe()  # never readable: an idle connection that lives
        self._cloud = cloud
        self._answer = memoryview(b"")

    def fileno(self) -> int:
        """Give what an idle connection is watched by."""
        return self._quiet

    def settimeout(self, seconds: float) -> None:
        """Wait as long as it takes."""

    def setsockopt(self, *option: int) -> None:
        """Have no options."""

    def sendall(self, data: bytes) -> None:
        """Take a request."""
        start = data.index(b"x-amz-target: ") + 14
        operation = data[start : data.index(b"\r", start)].rpartition(b".")[2].decode()
        self._answer = memoryview(_framed(self._cloud.answer(operation, data)))

    def recv(self, size: int) -> bytes:
        """Give the next part of the answer."""
        part, self._answer = bytes(self._answer[:size]), self._answer[size:]
        return part

    def close(self) -> None:
        """Stay open: the client keeps its connections."""


def _framed(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Fri, 21 Nov 2025 09:30:00 GMT\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(body)}\r\nx-amzn-RequestId: {'R' * 52}\r\n"
        f"x-amz-crc32: {zlib.crc32(body)}\r\n\r\n"
    )
    return head.encode() + body


class Sdk:
    """The calls of an `aws.Aws`, by boto3."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._clients = {service: self._client(service) for service in ("dynamodb", "sqs")}

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Call it by the SDK's name."""
        return getattr(self._clients[service], xform_name(operation))(**parameters)

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types of its own
        client = boto3.client(
            service,  # type: ignore[arg-type]
            region_name=VARIABLES["AWS_REGION"],
            aws_access_key_id=VARIABLES["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=VARIABLES["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=VARIABLES["AWS_SESSION_TOKEN"],
            config=Config(max_pool_connections=16),
        )

        def respond(request: AWSPreparedRequest, **_: object) -> AWSResponse:
            operation = request.headers["X-Amz-Target"]
            if isinstance(operation, bytes):
                operation = operation.decode()
            body = self._cloud.answer(operation.rpartition(".")[2], bytes(request.body))
            raw = BytesIO(body)
            raw.stream = lambda *_, **__: iter([body])  # type: ignore[attr-defined]
            headers = {"x-amz-crc32": str(zlib.crc32(body)), "Content-Length": str(len(body))}
            return AWSResponse(request.url, 200, headers, raw)

        client.meta.events.register(f"before-send.{service}", respond)
        return client


class Quiet(Machine):
    """Lambda's machine, at a moment at which exactly one minute is due."""

    def __init__(self, cloud: Cloud) -> None:
        self._now = (cloud.minute - 180) * 1000 + 1
        self._started = time.monotonic()

    def clock(self) -> int:
        """Give a time that runs, and begins there."""
        return self._now + int((time.monotonic() - self._started) * 1000)


def dispatched(aws: Any, cloud: Cloud) -> float:  # noqa: ANN401 - only one method is needed
    """Send one minute of timers; give how many a second of CPU time."""
    cloud.again()
    lines: list[str] = []
    metrics = metrics_of("Timer")
    dispatcher = TimerAssembly(aws=aws, platform=Quiet(cloud)).dispatcher(SETTINGS, metrics)
    with patch.object(metrics, "_write", lines.append):
        start = time.process_time()
        dispatcher.dispatch(SHARD, 2**60)
        metrics.flush()
        taken = time.process_time() - start
    if cloud.calls["SendMessageBatch"] != TIMERS // 10:
        raise RuntimeError(f"not all were sent: {cloud.calls}")
    return TIMERS / taken


def lean(cloud: Cloud) -> float:
    """Give the rate through the lean client: the best of some rounds."""
    environment = AwsEnvironment.from_variables(
        {**VARIABLES, "AWS_ENDPOINT_URL": "http://aws.memory"}
    )
    with patch.object(socket, "create_connection", lambda *_: Loopback(cloud)):
        client = LeanClient(environment=lambda: environment)
        return max(dispatched(client, cloud) for _ in range(ROUNDS))


def sdk(cloud: Cloud) -> float:
    """Give the rate through boto3."""
    client = Sdk(cloud)
    return max(dispatched(client, cloud) for _ in range(ROUNDS))


def main() -> None:
    """Print the table."""
    logging.disable(logging.CRITICAL)
    cloud = Cloud()
    rates = lean(cloud), sdk(cloud)
    calls = sum(cloud.calls.values()) * 1000 / TIMERS
    writes = cloud.calls["UpdateItem"] / TIMERS
    rows = [
        ("dispatched timers per second and vCPU, lean client", f"{rates[0]:,.0f}", ">= 12,000"),
        ("dispatched timers per second and vCPU, boto3", f"{rates[1]:,.0f}", ">= 4,000"),
        ("AWS calls per 1,000 firings", f"{calls:.1f}", "<= 105"),
        ("write units per firing", f"{writes:.4f}", "< 0.01"),
    ]
    print(f"{TIMERS:,} timers of one minute of one shard, Python {sys.version.split()[0]}\n")
    print(f"{'':<52}{'measured':>10}{'target':>12}")
    for name, measured, target in rows:
        print(f"{name:<52}{measured:>10}{target:>12}")


if __name__ == "__main__":
    main()
