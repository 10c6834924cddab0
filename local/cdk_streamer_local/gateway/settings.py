"""What the gateway's process is told when it starts: one line of JSON on its stdin.

Not arguments, which every user of the machine can read.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Self

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
IDLE_SECONDS = 10 * 60.0
LIFETIME_SECONDS = 2 * 60 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to serve. `listener` is an inherited descriptor, `bridge` the engine's Unix socket.

    Whoever sends `secret` as a header may see and close every connection. `logs` is where bad luck
    is told, which `chaos` asks for.
    """

    listener: int
    certificate: str
    key: str
    bridge: str
    secret: str
    logs: str
    idle_seconds: float = IDLE_SECONDS
    lifetime_seconds: float = LIFETIME_SECONDS
    chaos: str = ":0"

    @classmethod
    def decode(cls, line: str) -> Self:
        """Read what `encode` wrote."""
        return cls(**json.loads(line))

    def encode(self) -> str:
        """Write it as one line."""
        return json.dumps(dataclasses.asdict(self))
