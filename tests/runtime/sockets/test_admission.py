"""Who is let in at `$connect`, and what is kept of it."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime.callers import Callers
from cdk_streamer_runtime.contract import CallerRules, Metric
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE, CountedMetrics
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.sockets.admission import Admission
from cdk_streamer_runtime.sockets.connections import ConnectionStore
from cdk_streamer_runtime.sockets.origins import Origins

CONTEXT = {"tenant": "acme", "owner": "ann", "expires": str(START // 1000 + 60), "scopes": "read"}
REFUSED = {"statusCode": 403}


class Door:
    """An Admission and all around it."""

    def __init__(self, origins: str | None = None, rules: CallerRules | None = None) -> None:
        self.aws = MemoryAws(tables=[TABLE])
        self.metrics = CountedMetrics()
        self.platform = MemoryPlatform()
        self.store = ConnectionStore(Table(self.aws, TABLE.name))
        self.admission = Admission(
            store=self.store,
            callers=Callers(rules=rules or CallerRules()),
            origins=Origins.from_text(origins),
            clock=self.platform.clock,
            metrics=self.metrics,
        )

    def admit(self, authorizer: Any = CONTEXT, **headers: str) -> dict[str, Any]:
        request = {"connectionId": "a", "connectedAt": START, "authorizer": authorizer}
        return self.admission.admit({"requestContext": request, "headers": headers})


def test_a_caller_is_let_in_and_remembered():
    door = Door()

    assert door.admit() == {"statusCode": 200, "headers": {}}
    found = door.store.caller_of("a")
    assert found is not None
    assert (found.tenant, found.owner, found.scopes) == ("acme", "ann", {"read"})


def test_a_caller_is_forgotten():
    door = Door()
    door.admit()

    assert door.admission.dismiss({"requestContext": {"connectionId": "a"}}) == {"statusCode": 200}
    assert door.store.caller_of("a") is None


@pytest.mark.parametrize(
    "authorizer",
    [
        None,
        {},
        {"principalId": "somebody"},
        {**CONTEXT, "tenant": ""},
        {"owner": "ann"},
        {**CONTEXT, "expires": str(START // 1000)},
        {**CONTEXT, "expires": "0"},
    ],
)
def test_who_is_not_named_or_whose_time_is_over_is_refused(authorizer: Any):
    door = Door()

    assert door.admit(authorizer) == REFUSED
    assert door.aws.items(TABLE.name) == []
    assert door.metrics.counts == {Metric.AUTH_FAILURES: 1}


def test_a_page_from_elsewhere_is_refused_before_anything_is_stored():
    door = Door(origins="https://app.example.com")

    assert door.admit(Origin="https://evil.example.com") == REFUSED
    assert door.aws.items(TABLE.name) == []
    assert door.metrics.counts == {Metric.AUTH_FAILURES: 1}


def test_a_page_of_ours_is_let_in():
    door = Door(origins="https://app.example.com")

    assert door.admit(Origin="https://app.example.com")["statusCode"] == 200


def test_a_signature_without_a_signer_is_refused():
    assert Door(rules=CallerRules(signed=True)).admit() == REFUSED
