"""Which pages may open a connection."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime.sockets.origins import Origins, canonical

APP = Origins.from_text("https://app.example.com, http://localhost:3000")


def connect(*origins: str, name: str = "Origin") -> dict[str, Any]:
    return {"headers": {name: origins[-1]}, "multiValueHeaders": {name: list(origins)}}


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com",
        "https://APP.example.com",
        "HTTPS://app.example.com",
        "https://app.example.com:443",
        "http://localhost:3000",
    ],
)
@pytest.mark.parametrize("name", ["Origin", "origin", "ORIGIN"])
def test_a_page_of_an_allowed_origin_may_connect(origin: str, name: str):
    assert APP.admit(connect(origin, name=name))


def test_an_origin_is_found_without_listed_headers():
    assert APP.admit({"headers": {"Origin": "https://app.example.com"}})
    assert not APP.admit({"headers": {"origin": "https://evil.example.com"}})


@pytest.mark.parametrize(
    "origin",
    [
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com:80",
        "https://example.com",
        "https://evil.app.example.com",
        "https://app.example.com.evil.com",
        "https://app.example.comx",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://user@app.example.com",
        "https://app.example.com?x",
        "https://app.example.com\n",
        " https://app.example.com",
        "https://app.example.com, https://evil.com",
        "https://\u0430pp.example.com",
        "http://localhost",
        "http://localhost:30000",
        "null",
        "file://",
        "*",
        "",
        "x" * 100_000,
    ],
)
def test_a_page_from_elsewhere_may_not(origin: str):
    assert not APP.admit(connect(origin))


def test_a_browser_tells_one_origin():
    assert not APP.admit(connect("https://app.example.com", "https://app.example.com"))
    assert not APP.admit(connect("https://evil.com", "https://app.example.com"))


@pytest.mark.parametrize("event", [{}, {"headers": None}, {"headers": {"Host": "api"}}])
def test_who_tells_no_origin_is_no_browser(event: dict[str, Any]):
    assert APP.admit(event)


@pytest.mark.parametrize("text", [None, "*", "https://app.example.com,*"])
def test_all_pages_may_connect_where_nothing_else_is_said(text: str | None):
    assert Origins.from_text(text).admit(connect("https://elsewhere.example.com"))


@pytest.mark.parametrize(
    "text", ["", "app.example.com", "https://app.example.com/", "https://*.example.com", "null"]
)
def test_what_no_browser_would_send_is_refused(text: str):
    with pytest.raises(ValueError, match="origins must be like https:"):
        Origins.from_text(text)


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        ("http://a:80", "http://a"),
        ("https://a:0443", "https://a"),
        ("https://a:80", "https://a:80"),
        ("https://[::1]:8080", "https://[::1]:8080"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_an_origin_has_one_spelling(origin: str, same: str):
    assert canonical(origin) == same
