"""What the lean client costs beside boto3: CPU of one call without network, CPU of a cold start.

python -m benchmarks.aws_client
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import AwsEnvironment

ROUNDS, CALLS, STARTS = 5, 1000, 5
VARIABLES = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "A" * 20,
    "AWS_SECRET_ACCESS_KEY": "s" * 40,
    "AWS_SESSION_TOKEN": "t" * 800,
}
UPDATE: dict[str, Any] = {
    "TableName": "requests",
    "Key": {"pk": {"S": "k" * 43}, "sk": {"S": "request"}},
    "UpdateExpression": "SET #progress = :progress, seq = :seq, lease_until = :lease",
    "ConditionExpression": "#state = :running AND attempt = :attempt",
    "ExpressionAttributeNames": {"#progress": "progress", "#state": "state"},
    "ExpressionAttributeValues": {
        ":progress": {"S": json.dumps({"percentage": 50, "message": "half of it is done"})},
        ":seq": {"N": "7"},
        ":lease": {"N": "1763717400000"},
        ":running": {"S": "RUNNING"},
        ":attempt": {"N": "1"},
    },
    "ReturnValues": "ALL_NEW",
}
ITEM = {name: {"S": "x" * 60} for name in ("pk", "progress", "trace", "owner", "action", "tenant")}
BODY = json.dumps({"Attributes": ITEM}).encode()
HEADERS = {
    "Server": "Server",
    "Date": "Fri, 21 Nov 2025 09:30:00 GMT",
    "Content-Type": "application/x-amz-json-1.0",
    "Content-Length": str(len(BODY)),
    "x-amzn-RequestId": "R" * 52,
    "x-amz-crc32": str(zlib.crc32(BODY)),
}
ANSWER = "\r\n".join(["HTTP/1.1 200 OK", *(f"{n}: {v}" for n, v in HEADERS.items()), "", ""])


class Loopback:
    """A socket that has an answer to everything and no network behind it."""

    def __init__(self) -> None:
        self._quiet, self._other = os.pipe()  # never readable: an idle connection that lives
        self._answer = ANSWER.encode() + BODY

    def fileno(self) -> int:
        """Give what an idle connection is watched by."""
        return self._quiet

    def settimeout(self, seconds: float) -> None:
        """Wait for nothing."""

    def setsockopt(self, *option: int) -> None:
        """Have no options."""

    def sendall(self, data: bytes) -> None:
        """Take everything."""

    def recv(self, size: int) -> bytes:
        """Give the answer."""
        return self._answer[:size]

    def close(self) -> None:
        """Stay open: the benchmark uses one connection."""


def cpu_of_a_call(call: Callable[[], object]) -> float:
    """Give microseconds of CPU: the best of some rounds, for others use this machine too."""
    call()
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CALLS):
            call()
        best = min(best, (time.process_time() - start) / CALLS)
    return best * 1e6


def lean_call() -> float:
    """Give the microseconds of an UpdateItem by the lean client."""
    environment = AwsEnvironment.from_variables(
        {**VARIABLES, "AWS_ENDPOINT_URL": "http://dynamodb.memory"}
    )
    client = LeanClient(environment=lambda: environment)
    with patch.object(socket, "create_connection", lambda *_: Loopback()):
        return cpu_of_a_call(lambda: client.call("dynamodb", "UpdateItem", UPDATE))


def boto3_call() -> float:
    """Give the microseconds of the same by boto3."""
    client = boto3.client(
        "dynamodb",
        region_name=VARIABLES["AWS_REGION"],
        aws_access_key_id=VARIABLES["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=VARIABLES["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=VARIABLES["AWS_SESSION_TOKEN"],
    )

    def respond(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        raw = BytesIO(BODY)
        raw.stream = lambda *_, **__: iter([BODY])  # type: ignore[attr-defined]
        return AWSResponse(request.url, 200, HEADERS, raw)

    client.meta.events.register("before-send.dynamodb", respond)
    return cpu_of_a_call(lambda: client.update_item(**UPDATE))


def cpu_of_a_start(code: str) -> float:
    """Give milliseconds of CPU that a new process spends on some code."""
    runtime = str(Path(__file__).parents[1] / "runtime")
    program = (
        f"import sys, time; sys.path.insert(0, {runtime!r}); start = time.process_time()\n"
        f"{code}\nprint(time.process_time() - start)"
    )
    times = [
        float(subprocess.check_output([sys.executable, "-c", program], text=True))  # noqa: S603
        for _ in range(STARTS)
    ]
    return min(times) * 1e3


def main() -> None:
    """Print the table."""
    rows = [
        ("one UpdateItem, network removed (us)", lean_call(), boto3_call()),
        (
            "import (ms)",
            cpu_of_a_start("import cdk_streamer_runtime.aws"),
            cpu_of_a_start("import boto3"),
        ),
        (
            "import, client and TLS, ready to call (ms)",
            cpu_of_a_start(
                "import ssl; from cdk_streamer_runtime.aws import LeanClient\n"
                "LeanClient(); ssl.create_default_context()"
            ),
            cpu_of_a_start("import boto3; boto3.client('dynamodb', region_name='eu-west-1')"),
        ),
    ]
    print(f"{'CPU of':44}{'lean':>10}{'boto3':>10}{'ratio':>8}")
    for name, lean, sdk in rows:
        print(f"{name:44}{lean:10.1f}{sdk:10.1f}{sdk / lean:7.1f}x")


if __name__ == "__main__":
    main()
