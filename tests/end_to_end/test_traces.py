"""One trace for all that happens to a request."""

from __future__ import annotations

import pytest


def trace_of(deployment, web) -> str:
    """Give the trace header that is stored with a caller's only request."""
    owner = web.post("whoami").document["data"]["owner"]
    (item,) = deployment.items("request", owner)
    return item["trace"]["S"]


def test_a_problem_names_its_trace(web):
    assert web.post("break").problem["trace_id"].startswith("1-")


def test_a_failed_request_names_the_trace_that_it_came_with(web, deployment):
    ended = web.finish(web.submit("break_later"))

    assert f"Root={ended['error']['trace_id']};" in trace_of(deployment, web)


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_the_next_attempt_is_queued_with_the_trace_of_the_request(
    web, paused_worker, deployment, tmp_path
):
    release = tmp_path / "release"
    request_id = web.submit("stumble", {"release": str(release)})
    web.get(request_id, wait=20, after_seq=0)

    with paused_worker:
        release.touch()
        header = deployment.peek("Api/Work/Queue/Resource")["Attributes"]["AWSTraceHeader"]

    assert header == trace_of(deployment, web)
    assert web.finish(request_id)["result"] == "arrived"
