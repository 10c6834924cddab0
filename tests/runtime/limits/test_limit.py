"""What an author may allow, and what is refused with its remedy."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, get_args

import pytest

from cdk_streamer_runtime import AsyncApp, Limit
from cdk_streamer_runtime.limits.limit import LIMITS_PER_ACTION, MOST_IN_FLIGHT, Per
from cdk_streamer_runtime.limits.pace import Pace
from cdk_streamer_runtime.limits.quota import Asker, quotas_of

ASKER = Asker(tenant="acme", owner="ann", action="job")


def key(limit: Limit, **changes: str) -> str:
    (quota,) = quotas_of([limit], [], replace(ASKER, **changes))
    return quota.key


def own_key(limit: Limit, **changes: str) -> str:
    (quota,) = quotas_of([], [limit], replace(ASKER, **changes))
    return quota.key


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({}, "needs a rate or in_flight"),
        ({"per": "user", "rate": 1}, 'per must be "tenant", "owner" or "action"'),
        ({"rate": 0}, "rate must be between"),
        ({"rate": -1}, "rate must be between"),
        ({"rate": 1_001}, "rate must be between"),
        ({"rate": math.nan}, "rate must be between"),
        ({"rate": math.inf}, "rate must be between"),
        ({"rate": True}, "rate must be between"),
        ({"rate": "5"}, "rate must be between"),
        ({"burst": 5}, "needs a rate or in_flight"),
        ({"burst": 5, "in_flight": 5}, "add rate="),
        ({"rate": 5, "burst": 0}, "burst must be a whole number"),
        ({"rate": 5, "burst": 1.5}, "burst must be a whole number"),
        ({"rate": 5, "burst": True}, "burst must be a whole number"),
        ({"in_flight": 0}, "in_flight must be a whole number"),
        ({"in_flight": MOST_IN_FLIGHT + 1}, "in_flight must be a whole number"),
        ({"in_flight": 2.0}, "in_flight must be a whole number"),
    ],
)
def test_a_limit_that_could_never_work_is_refused(options: dict[str, Any], remedy: str):
    with pytest.raises(ValueError, match=remedy):
        Limit(**options)


@pytest.mark.parametrize(("rate", "burst"), [(5, 5), (0.2, 1), (1, 1), (2.5, 3), (1_000, 1_000)])
def test_without_a_burst_what_a_second_allows_may_come_at_once(rate: float, burst: int):
    assert Limit(rate=rate).pace == Pace(rate=rate, burst=burst)


def test_a_limit_without_a_rate_has_no_pace():
    assert Limit(in_flight=1).pace is None


def test_limits_count_for_whom_they_name():
    changes = [{"tenant": "evil"}, {"owner": "bob"}, {"action": "echo"}]
    different = {
        limit.per: [key(limit, **change) != key(limit) for change in changes]
        for limit in (Limit(per=per, rate=1) for per in get_args(Per))
    }

    assert different == {
        "tenant": [True, False, False],
        "owner": [True, True, False],
        "action": [False, False, True],
    }


def test_an_actions_own_limits_count_for_it_alone():
    limit = Limit(rate=1)

    assert own_key(limit) != own_key(limit, action="echo")
    assert own_key(limit) != key(limit)


def test_a_changed_rate_starts_afresh():
    keys = {key(Limit(rate=rate, burst=burst)) for rate, burst in ((1, 1), (2, 1), (1, 2))}

    assert len(keys) == 3


def test_a_changed_number_of_open_requests_still_counts_those_that_are_open():
    assert key(Limit(in_flight=1)) == key(Limit(in_flight=2))


def test_names_that_run_together_do_not_meet():
    limit = Limit(rate=1)

    assert key(limit, tenant="ab", owner="c") != key(limit, tenant="a", owner="bc")


def test_one_limit_alone_is_not_several():
    with pytest.raises(TypeError, match=r"write limits=\[Limit\(...\)\]"):
        AsyncApp(limits=Limit(rate=1))  # type: ignore[arg-type]


def test_what_is_no_limit_is_refused():
    with pytest.raises(TypeError, match="must be Limit values"):
        AsyncApp(limits=[5])  # type: ignore[list-item]


def test_the_same_rate_twice_is_refused():
    with pytest.raises(ValueError, match="the same rate per owner twice"):
        AsyncApp(limits=[Limit(rate=5), Limit(rate=5.0, in_flight=2)])


def test_a_rate_a_second_and_one_a_day_stand_side_by_side():
    app = AsyncApp(limits=[Limit(rate=5), Limit(rate=1_000 / 86_400, burst=1_000)])

    assert len(app.limits) == 2


def test_an_action_has_few_limits():
    app = AsyncApp(limits=[Limit(rate=rate) for rate in range(1, LIMITS_PER_ACTION + 1)])
    register = app.action("job", mode="async", limits=[Limit(rate=100)])

    with pytest.raises(ValueError, match=f"'job' has {LIMITS_PER_ACTION + 1} limits"):
        register(lambda: None)


def test_a_sync_action_has_nothing_in_flight():
    register = AsyncApp().action("echo", limits=[Limit(in_flight=5)])

    with pytest.raises(ValueError, match="'echo' is sync, but in_flight counts async requests"):
        register(lambda: None)


def test_the_apps_limits_may_count_what_is_in_flight_beside_sync_actions():
    app = AsyncApp(limits=[Limit(in_flight=5)])
    app.action("echo")(lambda: None)

    assert app.actions["echo"].limits == ()
