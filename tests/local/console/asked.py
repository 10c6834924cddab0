"""What the page asks of the console, over HTTP: panels at a glance, in detail, and acts."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from cdk_streamer_local import LocalStack


@dataclass(slots=True)
class Console:
    """The console of a running app."""

    url: str
    _secret: str = field(default="", init=False)

    @classmethod
    def of(cls, stack: LocalStack) -> Console:
        """Give the console of this one; it must have been started with one."""
        assert stack.console_url is not None
        return cls(stack.console_url)

    def panel(self, name: str) -> Any:
        """Give what a panel shows now."""
        address = f"{self.url}/api/live?panels={name}&after=0"
        with urllib.request.urlopen(address, timeout=60) as lines:
            for line in lines:
                if line.startswith(b"data: {") and (told := json.loads(line[6:])):
                    return told.get("data", told.get("cause"))
        raise AssertionError(f"the console told nothing of {name}")

    def item(self, panel: str, id: str, **query: str) -> Any:
        """Give one thing of a panel in detail."""
        address = f"{self.url}/api/items/{panel}/{quote(id, safe='')}?{urlencode(query)}"
        with urllib.request.urlopen(address, timeout=60) as answer:
            return json.loads(answer.read())

    def act(self, panel: str, verb: str, **body: Any) -> Any:
        """Do something; gives the problem as a text when it was refused."""
        request = urllib.request.Request(
            f"{self.url}/api/act/{panel}/{verb}",
            data=json.dumps(body).encode(),
            headers={"X-Console-Secret": self._word(), "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return str(json.loads(refusal.read())["problem"])

    def _word(self) -> str:
        if not self._secret:
            with urllib.request.urlopen(self.url, timeout=60) as answer:
                boot = re.search(r'id="boot">(.*?)</script>', answer.read().decode())
            assert boot is not None
            self._secret = json.loads(boot[1])["secret"]
        return self._secret
