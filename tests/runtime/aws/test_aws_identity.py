"""Whose keys and which clock sign a call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.errors import (
    AccessDenied,
)
from tests.runtime.aws.service import (
    answer,
    fault,
    get,
)


@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "InvalidSignatureException"])
def test_a_clock_that_is_wrong_is_set_by_the_service(client, service, time, code):
    late = answer(
        403, {"__type": code, "message": "Signature expired"}, date="Fri, 21 Nov 2025 10:30:00 GMT"
    )
    service.answers(late, answer(200, {}))
    get(client)
    get(client)
    dates = [request.headers["x-amz-date"] for request in service.requests]
    assert dates == ["20251121T093000Z", "20251121T103000Z", "20251121T103000Z"]
    assert time.pauses == []


@pytest.mark.parametrize("date", ["Fri, 21 Nov 2025 09:30:20 GMT", "soon"])
def test_a_wrong_signature_at_the_right_time_is_an_error(client, service, date):
    service.answers(answer(403, {"__type": "InvalidSignatureException"}, date=date))
    with pytest.raises(AccessDenied):
        get(client)
    assert len(service.requests) == 1


def test_a_clock_is_not_set_twice_in_a_call(client, service):
    refusal = {"__type": "InvalidSignatureException"}
    service.answers(
        answer(403, refusal, date="Fri, 21 Nov 2025 10:30:00 GMT"),
        answer(403, refusal, date="Fri, 21 Nov 2025 12:30:00 GMT"),
    )
    with pytest.raises(AccessDenied):
        get(client)
    assert len(service.requests) == 2


def test_new_keys_in_the_environment_sign_within_a_minute(environment, service, make_client, time):
    current = [environment]
    client = make_client(lambda: current[0])
    get(client)
    current[0] = replace(environment, access_key="NEW")
    time.now += 60
    get(client)
    used = [request.headers["authorization"].split("/")[0] for request in service.requests]
    assert used == ["AWS4-HMAC-SHA256 Credential=AKIA", "AWS4-HMAC-SHA256 Credential=NEW"]


def test_an_expired_token_makes_the_client_look_for_a_new_one(environment, service, make_client):
    current = [environment]
    client = make_client(lambda: current[0])
    current[0] = replace(environment, session_token="renewed")
    service.answers(fault("ExpiredTokenException"), answer(200, {}))
    get(client)
    tokens = [request.headers["x-amz-security-token"] for request in service.requests]
    assert tokens == ["token-of-the-session", "renewed"]


def test_a_token_that_stays_expired_is_an_error(client, service):
    service.answers(fault("ExpiredTokenException"))
    with pytest.raises(AccessDenied):
        get(client)
    assert len(service.requests) == 2


@pytest.fixture
def profile(environment, tmp_path, monkeypatch) -> AwsEnvironment:
    """What boto3 finds outside Lambda: a profile with keys and a region."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id=PROFILE\naws_secret_access_key=s\n"
    )
    (tmp_path / "config").write_text("[default]\nregion=eu-north-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    return replace(environment, access_key=None, secret_key=None, session_token=None, region=None)


def test_outside_lambda_the_sdk_finds_credentials_and_region(profile, service, make_client):
    get(make_client(lambda: profile))
    authorization = service.requests[0].headers["authorization"]
    assert "Credential=PROFILE/20251121/eu-north-1/dynamodb" in authorization


def test_without_credentials_the_remedy_is_told(profile, make_client, tmp_path):
    (tmp_path / "credentials").write_text("")
    with pytest.raises(ValueError, match="set AWS_ACCESS_KEY_ID"):
        get(make_client(lambda: profile))


def test_without_a_region_the_remedy_is_told(profile, make_client, tmp_path):
    (tmp_path / "config").write_text("")
    with pytest.raises(ValueError, match="set AWS_REGION"):
        get(make_client(lambda: profile))
