"""Our signatures are botocore's."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SdkCredentials
from hypothesis import example, given, strategies as st

from cdk_streamer_runtime._calls import encoded_call
from cdk_streamer_runtime._http import Target
from cdk_streamer_runtime._services import SERVICES
from cdk_streamer_runtime._sigv4 import Credentials, Scope, presigned, signed

OWN_HEADERS = {"host", "authorization", "date", "x-amz-date", "x-amz-security-token"}

segments = st.one_of(
    st.sampled_from(["", ".", "..", "@connections", "L0SM9cOFvHcCIhw=", "L0SM9cOFvHcCIhw%3D"]),
    st.text(st.characters(exclude_characters="?#/\\", exclude_categories=["C", "Z"]), max_size=12),
    st.text("a%2F +~-._=&'()", max_size=8),
)
paths = st.lists(segments, max_size=6).map(lambda parts: "/" + "/".join(parts))
queries = st.lists(
    st.tuples(st.text("ab-._~%20", max_size=4), st.text("xyz=%3D", max_size=4)).map("=".join),
    max_size=5,
).map("&".join)
header_names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,15}", fullmatch=True).filter(
    lambda name: name.lower() not in {*OWN_HEADERS, "x-amz-content-sha256"}
)
header_values = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")
)
headers = st.dictionaries(header_names, header_values, max_size=6).filter(
    lambda given: len({name.lower() for name in given}) == len(given)
)
keys = st.text("abcdefABCDEF0123456789/+", min_size=1, max_size=40)
dates = st.datetimes(datetime(2015, 1, 1), datetime(2099, 1, 1))  # noqa: DTZ001 - made UTC below


def signed_by_sdk(credentials, scope, when, *, method, path, query, fields, body):
    request = AWSRequest(
        method=method,
        url=f"https://example.amazonaws.com{path}{'?' if query else ''}{query}",
        headers=fields,
        data=body,
    )
    kind = S3SigV4Auth if scope.service == "s3" else SigV4Auth
    keys = SdkCredentials(credentials.access_key, credentials.secret_key, credentials.token)
    with patch("botocore.auth.get_current_datetime", return_value=when):
        kind(keys, scope.service, scope.region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    credentials=st.builds(
        Credentials, access_key=keys, secret_key=keys, token=st.none() | keys.map("t{}".format)
    ),
    service=st.sampled_from(["dynamodb", "sqs", "execute-api", "lambda", "s3", "events"]),
    region=st.sampled_from(["eu-west-1", "us-east-1", "cn-north-1"]),
    when=dates,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=paths,
    query=queries,
    fields=headers,
    body=st.binary(max_size=40),
)
@example(
    credentials=Credentials(access_key="A", secret_key="S", token="T"),
    service="execute-api",
    region="eu-west-1",
    when=datetime(2025, 11, 21, 9, 30),  # noqa: DTZ001
    method="POST",
    path="/live/@connections/L0SM9cOFvHcCIhw%3D",
    query="",
    fields={"X-Amzn-Trace-Id": "Root=1-0"},
    body="Grüße".encode(),
)
def test_a_signature_is_the_one_of_the_sdk(
    *, credentials, service, region, when, method, path, query, fields, body
):
    when = when.replace(tzinfo=UTC)
    scope = Scope(service=service, region=region, time=when.strftime("%Y%m%dT%H%M%SZ"))

    ours = signed(
        credentials,
        scope,
        method=method,
        path=path,
        query=query,
        headers={"host": "example.amazonaws.com", **fields},
        body=body,
    )

    theirs = signed_by_sdk(
        credentials, scope, when, method=method, path=path, query=query, fields=fields, body=body
    )
    own = {name.lower(): value for name, value in ours.items()} | {"host": None}
    assert {**own, **theirs} == {**theirs, **own}


@given(
    credentials=st.builds(
        Credentials, access_key=keys, secret_key=keys, token=st.none() | keys.map("t{}".format)
    ),
    service=st.sampled_from([*SERVICES]),
    operation=st.sampled_from(["UpdateItem", "PutEvents", "SendMessageBatch"]),
    region=st.sampled_from(["eu-west-1", "cn-north-1"]),
    when=dates,
    path=st.sampled_from(["", "/", "/aws/", "/a%20b/c"]),
    body=st.binary(max_size=40),
)
def test_a_call_of_a_json_service_is_signed_as_the_sdk_does(
    *, credentials, service, operation, region, when, path, body
):
    when = when.replace(tzinfo=UTC)
    known = SERVICES[service]
    scope = Scope(known.signing_name, region, when.strftime("%Y%m%dT%H%M%SZ"))
    target = Target.at(f"https://example.amazonaws.com{path}")

    ours = encoded_call(credentials, scope, target, known, operation, body=body)

    head, _, sent = ours.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    fields = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    theirs = signed_by_sdk(
        credentials,
        scope,
        when,
        method="POST",
        path=path or "/",
        query="",
        fields={"content-type": known.content_type, "x-amz-target": f"{known.target}.{operation}"},
        body=body,
    )
    assert (first, sent) == (f"POST {path or '/'} HTTP/1.1", body)
    assert fields.pop("content-length") == str(len(body))
    assert fields == {"host": "example.amazonaws.com", **theirs}


texts = st.text("abcXYZ019-._~ /+=%äß", max_size=20)


@given(
    credentials=st.builds(
        Credentials, access_key=keys, secret_key=keys, token=st.none() | keys.map("t/+={}".format)
    ),
    region=st.sampled_from(["eu-west-1", "cn-north-1"]),
    when=dates,
    method=st.sampled_from(["GET", "PUT"]),
    path=texts.map(lambda text: quote(f"/{text}")),
    fields=headers,
    disposition=st.none() | texts.map(lambda text: quote(text, safe="")),
    seconds=st.integers(1, 604_800),
)
def test_a_signed_address_is_the_one_of_the_sdk(
    *, credentials, region, when, method, path, fields, disposition, seconds
):
    when = when.replace(tzinfo=UTC)
    scope = Scope(service="s3", region=region, time=when.strftime("%Y%m%dT%H%M%SZ"))
    query = "" if disposition is None else f"response-content-disposition={disposition}"
    base = f"https://bucket.s3.amazonaws.com{path}"

    ours = presigned(
        credentials,
        scope,
        method=method,
        path=path,
        query=query,
        headers={"host": "bucket.s3.amazonaws.com", **fields},
        seconds=seconds,
    )

    url = f"{base}?{query}" if query else base
    request = AWSRequest(method=method, url=url, headers=fields)
    own = SdkCredentials(credentials.access_key, credentials.secret_key, credentials.token)
    with patch("botocore.auth.get_current_datetime", return_value=when):
        S3SigV4QueryAuth(own, "s3", region, expires=seconds).add_auth(request)
    assert f"{base}?{ours}" == request.url


def test_a_connection_id_is_encoded_once_in_the_path_and_twice_in_the_signature():
    ours = {
        path: signed(
            Credentials(access_key="A", secret_key="S"),
            Scope(service="execute-api", region="eu-west-1", time="20251121T093000Z"),
            method="POST",
            path=path,
            headers={"host": "h"},
            body=b"",
        )["authorization"]
        for path in ("/s/@connections/a%3D", "/s/@connections/a=", "/s/@connections/a%253D")
    }
    assert len(set(ours.values())) == 3


def test_credentials_do_not_show_their_secrets():
    shown = repr(Credentials(access_key="AKIA", secret_key="hidden", token="hidden"))
    assert "hidden" not in shown
