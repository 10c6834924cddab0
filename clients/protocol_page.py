"""Writes docs/protocol.md from the JSON Schemas.

Run `python clients/protocol_page.py > docs/protocol.md`.
"""  # noqa: INP001 - a program that is run from the repository

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parent / "python" / "cdk_streamer_client" / "schemas"

Schema = dict[str, Any]

HEAD = """\
# Protocol

<!-- Written by clients/protocol_page.py from the JSON Schemas: edit those, then run it. -->

`streamer.v1` is JSON in text frames over a WebSocket. It is the contract between any client and
the API; both sides are tested against the same JSON Schemas, which the Python package carries:

```python
from cdk_streamer_client.schemas import schema

schema("server")  # what a client may read
schema("client", "subscribe")  # one message that it may send
```

## Connecting

Open the socket with the subprotocol `streamer.v1` and a token: in the header
`Authorization: Bearer <token>`, or, from a browser, as a second subprotocol `bearer.<token>`, of
which the server echoes the first alone. A refused token is answered with HTTP 401 or 403. Say
[`hello`](#hello) first: before that the server cannot send anything. Ping as often as its answer
asks for.

## Rules

- `seq` grows with each message of a request or channel, over retries too, and never repeats.
  Messages may be lost, doubled and late: drop a number that is not above the last one you saw. The
  last message, `complete`, `error` or `cancelled`, has the highest.
- A push may be lost, the stored request is the truth: `get` an open request that has been silent
  for 25 seconds, and `subscribe` again with `after_seq` on every new connection.
- The `id` of a request is its idempotency key. Sent again with the same action and payload it is
  the same request, and with others a `CONFLICT`. So an async request whose acknowledgment was lost
  may be sent again by its id. Sync actions are not kept: only the caller knows whether one may run
  twice.
- The chunks of an attempt are numbered from 0. A number that is left out was lost: ask for it by
  `get` with `chunks_from`, and again while the answer has a `next`. `complete` and the snapshot say
  how many there are. Forget them all when a message shows a later attempt.
- A `result_url` or the `url` of an upload is secret and short-lived: take `https` alone, but for
  loopback in development, follow no redirect, and ask for another one when it is refused.
- `RATE_LIMITED` says that nothing was accepted: send the same frame after `retry_after_ms`.
- A connection ends after two hours, or with its token. Open the next one before that, subscribe on
  it, and then close the old one.
- Answers carry the `id` of what they answer, and may come in any order.
- Ids that start with `~` are for a client's own calls, so that they never meet a request's.

[`clients/vectors`](../clients/vectors) has these rules as JSON: what happens to a client when, and
what it does then. A client that plays them all keeps the rules; the Python client does.
"""

PARTS = (
    *("report", "fault", "question", "chunk_page", "piece", "page", "entry", "action"),
    *("cancelling", "unsubscribed", "answering", "uploading"),
)


def render() -> str:
    """Give the page."""
    client, server = _schema("client"), _schema("server")
    parts = [
        HEAD,
        *_side(client),
        *_side(server),
        "## Parts of messages\n",
        *(_part(name, server) for name in PARTS),
        "## Codes of errors\n",
        f"{_words(server['$defs']['code']['examples'])}. A channel's publisher may use others.\n",
    ]
    return "\n".join(parts)


def _side(schema: Schema) -> Iterator[str]:
    yield f"## {schema['title']}\n"
    yield f"{schema['description']}\n"
    for name in schema["x-messages"]:
        message = schema["$defs"][name]
        yield f"### `{name}`\n"
        yield f"{message['description']}\n"
        yield _table(message, schema)
        for example in message["examples"]:
            yield f"```json\n{json.dumps(example)}\n```\n"


def _part(name: str, schema: Schema) -> str:
    return f"### {name}\n\n{_table(schema['$defs'][name], schema)}"


def _table(message: Schema, schema: Schema) -> str:
    rows = [
        f"| `{name}` | {_type(member)} | {'yes' if required else ''} | {_meaning(member)} |"
        for name, member, required in _members(message, schema)
    ]
    return "\n".join(["| member | type | required | meaning |", "|---|---|---|---|", *rows, ""])


def _members(
    message: Schema, schema: Schema, prefix: str = ""
) -> Iterator[tuple[str, Schema, bool]]:
    required = message.get("required", [])
    for name, member in message["properties"].items():
        resolved = _resolve(member, schema)
        nested = resolved.get("type") == "object" and "properties" in resolved
        is_part = _target(member) in PARTS
        if nested and not is_part:
            yield from _members(resolved, schema, f"{prefix}{name}.")
        else:
            shown = resolved | ({"part": _target(member)} if is_part else {})
            yield f"{prefix}{name}", shown, name in required


def _resolve(member: Schema, schema: Schema) -> Schema:
    """Put what a reference points to below what stands beside it."""
    if "anyOf" in member:
        other = next(choice for choice in member["anyOf"] if "$ref" in choice)
        return {"part": _target(other), "nullable": True, **member}
    if "$ref" not in member:
        return member
    target = _resolve(schema["$defs"][_target(member)], schema)
    return {**target, **{key: value for key, value in member.items() if key != "$ref"}}


def _target(member: Schema) -> str:
    return member.get("$ref", "").removeprefix("#/$defs/")


def _type(member: Schema) -> str:
    if "part" in member:
        kind = f"[{member['part']}](#{member['part']})"
    elif "const" in member:
        kind = f"`{json.dumps(member['const'])}`"
    elif "enum" in member:
        kind = " or ".join(f"`{json.dumps(value)}`" for value in member["enum"])
    elif member.get("type") == "array":
        kind = f"list of [{_target(member['items'])}](#{_target(member['items'])})"
    else:
        kinds = member.get("type", "any JSON")
        kind = kinds if isinstance(kinds, str) else " or ".join(kinds)
    return f"{kind} or null" if member.get("nullable") else kind


def _meaning(member: Schema) -> str:
    return member.get("description", "").replace("|", "\\|")


def _words(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _schema(side: str) -> Schema:
    return json.loads((SCHEMAS / f"{side}.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - a program that writes a page
