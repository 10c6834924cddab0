"""Which permission a call about durable executions needs."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from cdk_streamer_local.engine.durable_rights import Need, need_of

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:Job"
ARN = f"{FUNCTION}:live/durable-execution/name/0123"
EXECUTION = f"/2025-12-01/durable-executions/{quote(ARN, safe='')}"
CALLBACK = base64.b64encode(json.dumps({"arn": "runner/0123", "op": "1"}).encode()).decode()


@pytest.mark.parametrize(
    ("path", "need"),
    [
        (EXECUTION, Need("lambda:GetDurableExecution", ARN)),
        (f"{EXECUTION}/history", Need("lambda:GetDurableExecutionHistory", ARN)),
        (f"{EXECUTION}/stop", Need("lambda:StopDurableExecution", ARN)),
        (f"{EXECUTION}/checkpoint", None),
        (f"{EXECUTION}/state", None),
        (
            f"/2025-12-01/functions/{quote(FUNCTION, safe='')}/durable-executions",
            Need("lambda:ListDurableExecutionsByFunction", FUNCTION),
        ),
        (
            f"/2025-12-01/durable-execution-callbacks/{quote(CALLBACK, safe='')}/succeed",
            Need("lambda:SendDurableExecutionCallbackSuccess", ARN),
        ),
        (
            "/2025-12-01/durable-execution-callbacks/nonsense/fail",
            Need("lambda:SendDurableExecutionCallbackFailure", "*"),
        ),
        ("/2015-03-31/functions/Job/invocations", None),
    ],
)
def test_a_call_needs_its_own_permission(path: str, need: Need | None):
    assert need_of(path, {"0123": ARN}) == need
