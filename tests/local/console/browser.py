"""Chromium without a head, steered over its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 30  # seconds for what the page is waited for, on a busy machine
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_KEYS = {"Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "Tab": 9}
_CONTROL = 2


def chromium() -> str:
    """Give the browser's path; skips when there is none, but never in CI."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            raise RuntimeError("there is no chromium: CI must install it")
        pytest.skip("there is no chromium; install it, or name it by CHROMIUM=")
    return found


class Browser:
    """One browser with one page."""

    def __init__(self, *, width: int = 1360, height: int = 860) -> None:
        self._profile = Path(tempfile.mkdtemp(prefix="chromium-"))
        self._process = subprocess.Popen(
            [chromium(), *_FLAGS, f"--user-data-dir={self._profile}",
             f"--window-size={width},{height}", "about:blank"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._numbers = itertools.count(1)
        self._ends = contextlib.ExitStack()
        self._ends.callback(shutil.rmtree, self._profile, ignore_errors=True)
        self._ends.callback(self._process.communicate)
        self._ends.callback(self._process.kill)
        self._link = self._attached()
        self.errors: list[str] = []
        """What the page complained of: exceptions, errors in its console, refused loads."""
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.size(width, height)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ends.close()

    def open(self, url: str) -> None:
        """Go to an address; a hash of the page that is open is only another view of it."""
        self.call("Page.navigate", url=url)

    def size(self, width: int, height: int) -> None:
        """Make the window so large."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip

    def prefer(self, scheme: str) -> None:
        """Prefer a dark or a light page."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def run(self, script: str) -> Any:
        """Give the value of an expression in the page; what it promises is awaited."""
        result = self.call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    def wait(self, condition: str, seconds: float = PATIENCE) -> Any:
        """Wait until an expression is true; fails with what the page shows then."""
        script = f"""new Promise((done) => {{
            const end = performance.now() + {seconds * 1000};
            const look = () => {{
                let value; try {{ value = {condition}; }} catch (fault) {{ value = undefined; }}
                if (value || performance.now() > end) done(value instanceof Node || value);
                else setTimeout(look, 30);
            }};
            look();
        }})"""
        value = self.run(script)
        assert value, f"{condition} was never true; the page says:\n{self.text()}\n{self.errors}"
        return value

    def see(self, words: str, seconds: float = PATIENCE) -> None:
        """Wait until the page shows these words."""
        self.wait(f"document.body.innerText.includes({json.dumps(words)})", seconds)

    def text(self) -> str:
        """Give what the page shows."""
        return self.run("document.body.innerText")

    def click(self, selector: str, words: str = "") -> None:
        """Click on the first that the selector finds, with these words if some are given."""
        found = (
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            f".find((each) => each.innerText.includes({json.dumps(words)}))"
        )
        self.wait(found)
        self.run(f"{found}.click()")

    def press(self, key: str, *, control: bool = False) -> None:
        """Press a key, as 'g', 'Enter' or 'Escape'."""
        common: dict[str, Any] = {"key": key, "modifiers": _CONTROL * control}
        if key in _KEYS:
            common["windowsVirtualKeyCode"] = _KEYS[key]
        text = {} if key in _KEYS or control else {"text": key}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def write(self, text: str) -> None:
        """Write into what has the focus."""
        self.call("Input.insertText", text=text)

    def picture(self, file: Path) -> None:
        """Store what is seen as PNG."""
        shot = self.call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(shot["data"]))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call the protocol, and take note of what the page complains of meanwhile."""
        number = next(self._numbers)
        self._link.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._link.recv(PATIENCE * 2))
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", str(details)))
            case "Runtime.consoleAPICalled" if parameters["type"] in {"error", "warning"}:
                said = [str(each.get("value", each)) for each in parameters["args"]]
                self.errors.append(" ".join(said))
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                entry = parameters["entry"]
                self.errors.append(f"{entry['text']} {entry.get('url', '')}")
            case _:
                pass

    def _attached(self) -> ClientConnection:
        assert self._process.stderr is not None
        found = _first(self._process.stderr.readline, r"ws://127\.0\.0\.1:(\d+)/")
        with urllib.request.urlopen(f"http://127.0.0.1:{found}/json") as answer:
            pages = json.loads(answer.read())
        page = next(each for each in pages if each["type"] == "page")
        return self._ends.enter_context(
            # A ping from a thread draws from `random`, which properties of other tests depend on.
            connect(page["webSocketDebuggerUrl"], max_size=None, proxy=None, ping_interval=None)
        )


def _first(read: Callable[[], str], pattern: str) -> str:
    for line in iter(read, ""):
        if found := re.search(pattern, line):
            return found.group(1)
    raise AssertionError("chromium ended before it could be steered")
