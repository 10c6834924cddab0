"""The document: it names the modules, and allows the page nothing but what it needs."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from cdk_streamer_local.errors import ConsoleUnavailable

_MODULES = {
    "lit": "/packages/lit/index.js",
    "lit/": "/packages/lit/",
    "lit-html": "/packages/lit-html/lit-html.js",
    "lit-html/": "/packages/lit-html/",
    "lit-element/lit-element.js": "/packages/lit-element/lit-element.js",
    "@lit/reactive-element": "/packages/@lit/reactive-element/reactive-element.js",
    "@lit/reactive-element/": "/packages/@lit/reactive-element/",
    "cdk-streamer-client": "/page/client/index.js",
}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/style/tokens.css">
<link rel="stylesheet" href="/page/style/base.css">
<link rel="stylesheet" href="/page/style/parts.css">
<link rel="stylesheet" href="/page/style/shell.css">
<link rel="stylesheet" href="/page/style/views.css">
<script nonce="{nonce}">
document.documentElement.dataset.theme = localStorage.getItem('cdk-streamer-theme') || 'auto';
</script>
<script type="application/json" id="boot">{boot}</script>
<script type="importmap" nonce="{nonce}">{modules}</script>
{head}
</head>
<body>{body}</body>
</html>
"""
_MODULE = '<script type="module" src="/page/console.js"></script>'
# Who asks after a failure starts another attempt: so the page asks by itself.
_AGAIN = '<meta http-equiv="refresh" content="5">'
_UNAVAILABLE = """\
<main class="unavailable">
<h1>There is no console yet</h1>
<p>{why}. It is tried again until it succeeds, then this page shows the console. The app
itself runs.</p>
<pre>{detail}</pre>
</main>"""
_SHELL = "<the-console></the-console><noscript>The console is written in JavaScript.</noscript>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A document with its Content-Security-Policy."""

    body: bytes
    policy: str


def page(app: str, secret: str, packages: Callable[[], Path]) -> Page:
    """Give the document, or one that says why there is none."""
    nonce = secrets.token_urlsafe(16)
    head, body = _MODULE, _SHELL
    try:
        packages()
    except ConsoleUnavailable as fault:
        why = f"{fault.cause[:1].upper()}{fault.cause[1:]}; {fault.remedy}"
        head, body = _AGAIN, _UNAVAILABLE.format(why=escape(why), detail=escape(fault.detail))
    boot = json.dumps({"app": app, "secret": secret}).replace("<", "\\u003c")
    text = _PAGE.format(
        title=escape(f"{app} · cdk-streamer"),
        nonce=nonce,
        boot=boot,
        modules=json.dumps({"imports": _MODULES}),
        head=head,
        body=body,
    )
    # Sockets of the gateway are on another port of loopback, results may be in the engine's bucket.
    return Page(
        body=text.encode(),
        policy=(
            f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; "
            "style-src-attr 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
            "connect-src 'self' ws://127.0.0.1:* http://127.0.0.1:* https://127.0.0.1:*; "
            "form-action 'none'; frame-ancestors 'none'"
        ),
    )
