"""The cached keys of an issuer, through rotations, outages and storms."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.auth.jwks import Jwks, JwksUnavailable
from cdk_streamer_runtime.auth.keys import PublicKey
from cdk_streamer_runtime.auth.token import Token
from tests.runtime.auth import issuer
from tests.runtime.auth.conftest import Clock, Origin
from tests.runtime.auth.issuer import ABSENT, header, jwk, token


@pytest.fixture
def keys(origin: Origin, clock: Clock) -> Jwks:
    return Jwks(origin, clock)


def signed_by(key_id: object, algorithm: str = "ES256") -> Token:
    return Token.parse(token(head=header(algorithm, kid=key_id), signed_as=algorithm))


def fail() -> bytes:
    raise JwksUnavailable("status 503")


def refusal(keys: Jwks, wanted: Token) -> Reason:
    with pytest.raises(Denied) as denied:
        keys.find(wanted)
    return denied.value.reason


def test_keys_are_fetched_once_for_many_tokens(keys: Jwks, origin: Origin) -> None:
    found = [keys.find(signed_by(name)).key_id for name in ("p256", "p256")]

    assert (found, origin.requests) == (["p256", "p256"], 1)


def test_nothing_is_fetched_before_the_first_token(keys: Jwks, origin: Origin) -> None:
    del keys

    assert origin.requests == 0


def test_a_new_key_is_found_as_soon_as_a_token_names_it(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    origin.answer = lambda: issuer.jwks(jwk("stranger-p256", kid="next"), jwk("p256"))
    clock.advance(30)

    assert keys.find(signed_by("next")).key_id == "next"
    assert origin.requests == 2


def test_a_removed_key_is_refused_when_the_keys_are_ten_minutes_old(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    origin.answer = lambda: issuer.jwks(jwk("p384"))
    clock.advance(600)

    assert refusal(keys, signed_by("p256")) is Reason.UNKNOWN_KEY


def test_keys_younger_than_ten_minutes_are_not_fetched_again(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    clock.advance(599)
    keys.find(signed_by("p256"))

    assert origin.requests == 1


def test_an_issuer_that_withdraws_all_keys_is_believed(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    origin.answer = issuer.jwks
    clock.advance(600)

    assert refusal(keys, signed_by("p256")) is Reason.UNKNOWN_KEY


def test_a_storm_of_unknown_keys_causes_one_fetch_in_thirty_seconds(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    clock.advance(30)

    for second in range(60):
        refusal(keys, signed_by(f"unknown-{second}"))
        clock.advance(1)

    assert origin.requests == 1 + 2


def test_a_storm_right_after_the_first_fetch_waits_its_thirty_seconds(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    clock.advance(29.999)

    assert refusal(keys, signed_by("unknown")) is Reason.UNKNOWN_KEY
    assert origin.requests == 1


def test_a_known_key_with_a_foreign_algorithm_causes_no_fetch(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    clock.advance(60)

    assert refusal(keys, signed_by("rsa", "ES256")) is Reason.UNKNOWN_KEY
    assert origin.requests == 1


def test_a_token_without_key_id_causes_no_fetch(keys: Jwks, origin: Origin, clock: Clock) -> None:
    keys.find(signed_by("p256"))
    clock.advance(60)

    keys.find(signed_by(ABSENT))

    assert origin.requests == 1


@pytest.mark.parametrize(
    "answer",
    [fail, lambda: b"<html>", lambda: b'{"error":"down"}', lambda: b""],
    ids=["no answer", "a page", "another document", "nothing"],
)
def test_old_keys_serve_for_a_day_while_the_issuer_is_down(
    answer: Callable[[], bytes], keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    origin.answer = answer
    clock.advance(24 * 3600 - 1)

    assert keys.find(signed_by("p256")).key_id == "p256"


def test_old_keys_do_not_serve_longer_than_a_day(keys: Jwks, origin: Origin, clock: Clock) -> None:
    keys.find(signed_by("p256"))
    origin.answer = fail
    clock.advance(24 * 3600)

    assert refusal(keys, signed_by("p256")) is Reason.KEYS_UNAVAILABLE


def test_the_day_counts_from_the_last_answer_and_not_from_the_last_try(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    origin.answer = fail
    for _ in range(24):
        clock.advance(3600 - 1)
        keys.find(signed_by("p256"))
    clock.advance(24)

    assert refusal(keys, signed_by("p256")) is Reason.KEYS_UNAVAILABLE


def test_an_issuer_that_is_down_is_asked_every_thirty_seconds_only(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    origin.answer = fail
    clock.advance(600)

    for _ in range(60):
        keys.find(signed_by("p256"))
        clock.advance(1)

    assert origin.requests == 1 + 2


def test_an_issuer_that_comes_back_is_heard(keys: Jwks, origin: Origin, clock: Clock) -> None:
    origin.answer = fail
    first = refusal(keys, signed_by("p256"))
    origin.answer = issuer.published
    clock.advance(5)

    assert first is Reason.KEYS_UNAVAILABLE
    assert keys.find(signed_by("p256")).key_id == "p256"


def test_without_any_keys_the_issuer_is_asked_every_five_seconds(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    origin.answer = fail

    for _ in range(20):
        refusal(keys, signed_by("p256"))
        clock.advance(1)

    assert origin.requests == 4


def test_a_clock_that_is_set_back_does_not_stop_the_fetching(
    keys: Jwks, origin: Origin, clock: Clock
) -> None:
    keys.find(signed_by("p256"))
    clock.advance(-7200)

    assert keys.find(signed_by("p256")).key_id == "p256"
    assert origin.requests == 2


def test_two_keys_under_one_id_are_none(keys: Jwks, origin: Origin) -> None:
    origin.answer = lambda: issuer.jwks(
        jwk("p256", kid="same"), jwk("stranger-p256", kid="same"), jwk("p384", kid="same")
    )

    assert refusal(keys, signed_by("same")) is Reason.UNKNOWN_KEY
    assert keys.find(signed_by("same", "ES384")).algorithms == {"ES384"}


def test_a_token_without_key_id_is_refused_when_two_keys_could_be_meant(
    keys: Jwks, origin: Origin
) -> None:
    origin.answer = lambda: issuer.jwks(jwk("p256", kid="a"), jwk("stranger-p256", kid="b"))

    assert refusal(keys, signed_by(ABSENT)) is Reason.UNKNOWN_KEY


def test_a_key_without_id_is_not_found_by_one(keys: Jwks, origin: Origin) -> None:
    origin.answer = lambda: issuer.jwks(jwk("p256", kid=ABSENT))

    assert refusal(keys, signed_by("p256")) is Reason.UNKNOWN_KEY
    assert keys.find(signed_by(ABSENT)).key_id is None


def test_a_fault_that_nobody_foresaw_rises_and_is_not_repeated_at_once(
    keys: Jwks, origin: Origin
) -> None:
    def broken() -> bytes:
        raise RuntimeError("broken")

    origin.answer = broken
    with pytest.raises(RuntimeError):
        keys.find(signed_by("p256"))

    assert refusal(keys, signed_by("p256")) is Reason.KEYS_UNAVAILABLE


def test_many_threads_with_old_keys_cause_one_fetch(clock: Clock) -> None:
    asked: set[int] = set()
    everybody_asked = threading.Event()
    requests: list[int] = []

    def watched_clock() -> int:
        asked.add(threading.get_ident())
        if len(asked) == 1 + 8:
            everybody_asked.set()
        return clock()

    def fetch() -> bytes:
        requests.append(1)
        if len(requests) > 1:
            everybody_asked.wait()
        return issuer.published()

    keys = Jwks(fetch, watched_clock)
    keys.find(signed_by("p256"))
    clock.advance(600)
    with ThreadPoolExecutor(8) as threads:
        start = threading.Barrier(8)
        calls = [threads.submit(_after, start, keys, signed_by("p256")) for _ in range(8)]

    assert ([call.result().key_id for call in calls], len(requests)) == (["p256"] * 8, 2)


def test_whoever_waits_for_a_fetch_uses_its_keys(clock: Clock) -> None:
    entered, leave = threading.Event(), threading.Event()

    def blocked() -> bytes:
        entered.set()
        leave.wait()
        return issuer.published()

    keys = Jwks(blocked, clock)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(keys.find, signed_by("p256"))
        entered.wait()
        second = threads.submit(keys.find, signed_by("p384", "ES384"))
        leave.set()

    assert (first.result().key_id, second.result().key_id) == ("p256", "p384")


def _after(start: threading.Barrier, keys: Jwks, wanted: Token) -> PublicKey:
    start.wait()
    return keys.find(wanted)
