"""The entry point of the durable function, imported as Lambda does, with the SDK's own client."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python.lambda_service import LambdaClient as SdkClient

from cdk_streamer_runtime import AsyncApp, RequestContext
from cdk_streamer_runtime.contract import DURABLE_SECONDS, DurableEnvironment, Metric, State
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.durable.test_durable_sdk import Context, LambdaClient
from tests.runtime.test_entry_points import imported

SETTINGS: dict[str, Any] = {
    "name": "api",
    "table_name": TABLE.name,
    "endpoint": ENDPOINT,
    "entry_point": "requests_page:app",
    "watch_queue_url": "https://sqs.memory/000000000000/watch",
}
app = AsyncApp()


@app.action("job", mode="async", executor="durable", timeout=86_400)
def job(context: RequestContext) -> str:
    context.sleep(60)
    return context.step("say", lambda: "done")


def load(monkeypatch: pytest.MonkeyPatch, api: ObservedApi, seconds: int) -> Any:
    monkeypatch.setitem(sys.modules, "requests_page", sys.modules[__name__])
    monkeypatch.setattr(SdkClient, "_cached_boto_client", LambdaClient(api.aws))
    settings = DurableEnvironment(**SETTINGS, execution_timeout_seconds=seconds)
    return imported(monkeypatch, api, "durable", settings)


def test_an_execution_is_run_to_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    api = ObservedApi(app)
    api.hear(api.connect(ANN), {"action": "job", "id": "r1"})
    api.dispatch()
    entry_point = load(monkeypatch, api, DURABLE_SECONDS)
    answers: list[str] = []
    for _ in range(2):
        event = api.aws.executions.take()
        assert event is not None
        answers.append(entry_point.handler(event, Context())["Status"])
        api.aws.executions.finish(event["DurableExecutionArn"], answers[-1])
        api.platform.advance(60_000)

    assert answers == ["PENDING", "SUCCEEDED"]
    assert api.stored(ANN, "r1").state is State.SUCCEEDED
    emitted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(line.get(Metric.REQUESTS_SUCCEEDED, 0) for line in emitted) == 1


def test_an_action_that_takes_longer_than_executions_may_fails_at_import(
    monkeypatch: pytest.MonkeyPatch,
):
    api = ObservedApi(app)

    with pytest.raises(ValueError, match=r"'job' has a timeout of 86400 s, .* has 3600 s"):
        load(monkeypatch, api, 3_600)


def test_without_the_sdk_everything_but_the_entry_point_can_be_imported():
    runtime = Path(__file__).parents[3] / "runtime"
    code = (
        "import sys; sys.modules['aws_durable_execution_sdk_python'] = None; "
        f"sys.path.insert(0, {str(runtime)!r}); "
        "import cdk_streamer_runtime.testing, cdk_streamer_runtime.durable.sdk"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
