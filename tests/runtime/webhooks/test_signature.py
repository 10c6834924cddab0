"""Signatures, against the vector and the library of Standard Webhooks; and what signs nothing."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st
from standardwebhooks import Webhook

from cdk_streamer_runtime.webhooks.signature import BadSecret, keys_of, signature

# https://github.com/standard-webhooks/standard-webhooks, the vector of its libraries' tests
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_vector_of_the_standard_is_signed_as_it_says():
    signed = signature(
        keys_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )

    assert signed == VECTOR


@pytest.mark.parametrize("text", [SECRET.removeprefix("whsec_"), f"  {SECRET}\n"])
def test_a_secret_needs_no_prefix(text: str):
    assert keys_of(text) == keys_of(SECRET)


@given(
    keys=st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=3),
    name=st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True),
    body=st.text(),
)
def test_a_receiver_with_any_of_the_secrets_knows_the_sender(
    keys: list[bytes], name: str, body: str
):
    secrets = [f"whsec_{base64.b64encode(key).decode()}" for key in keys]
    now = int(time.time())

    signed = signature(keys_of(" ".join(secrets)), name, now, body.encode())

    moment = datetime.fromtimestamp(now, UTC)
    assert signed.split(" ") == [Webhook(secret).sign(name, moment, body) for secret in secrets]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("whsec_", "0 bytes"),
        ("whsec_c2hvcnQ=", "5 bytes"),
        (f"whsec_{base64.b64encode(b'a' * 65).decode()}", "65 bytes"),
        ("whsec_not base64!", "base64"),
        ('{"key": "value"}', "base64"),
        (f"{SECRET} whsec_c2hvcnQ=", "5 bytes"),
    ],
)
def test_what_is_no_secret_is_refused_and_not_repeated(text: str, fault: str):
    with pytest.raises(BadSecret, match=fault) as caught:
        keys_of(text)

    assert all(word not in str(caught.value) for word in text.split() if len(word) > 6)


def test_a_secret_as_cdk_generates_it_signs():
    generated = "aB3" * 14 + "xY"  # 44 letters and digits, as `exclude_punctuation` gives them

    assert [len(key) for key in keys_of(generated)] == [33]
