"""A deployed timer service as its callers and its operators see it."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Spoke
from cdk_streamer_local.functions.reports import ReportKind
from tests.end_to_end import running

PATIENCE = 60.0 * running.PATIENCE
REGION = "us-east-1"
_OFTEN = 5  # seconds

Document = dict[str, Any]
Signs = Callable[[AWSRequest], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    document: Any

    @property
    def problem(self) -> Document:
        """The RFC 9457 document; raises AssertionError if this is none."""
        assert self.headers["content-type"] == "application/problem+json", self.document
        assert self.document["status"] == self.status
        return self.document

    @property
    def etag(self) -> str:
        """The revision."""
        return self.headers["etag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A firing as the callback saw it, and when."""

    id: str
    fire_at: int
    key: str
    rev: int
    data: Any
    at: float


class Service:
    """One timer service of the stack, called by somebody who signs so."""

    def __init__(self, stack: LocalStack, name: str, sign: Signs) -> None:
        self.stack = stack
        self.name = name
        self._sign = sign
        self._firings = _Firings(stack, f"{name}/Callback")
        self.busy: set[str] = set()

    def by(self, sign: Signs) -> Service:
        """Give the same service, called by somebody else."""
        return Service(self.stack, self.name, sign)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Call the API; `If_Match` becomes `If-Match`, and text is sent as it is."""
        text = body if isinstance(body, str) else json.dumps(body)
        data = b"" if body is None else text.encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if data:
            named = {"Content-Type": "application/json"} | named
        url = f"{self.stack.rest_url(self.name)}{path}"
        request = AWSRequest(method, url, data=data, headers=named)
        self._sign(request)
        sent = Request(url, data or None, dict(request.headers.items()), method=method)
        try:
            with urlopen(sent, timeout=PATIENCE, context=self.stack.tls) as answer:
                return _answer(answer.status, answer.headers, answer.read())
        except HTTPError as refused:
            with refused:
                return _answer(refused.code, refused.headers, refused.read())

    def put(self, id: str, schedule: Document, data: object = None, **members: object) -> Answer:
        """Make a timer, which must succeed."""
        answer = self.ask("PUT", f"/periodic/{id}", {"schedule": schedule, "data": data, **members})
        assert answer.status in {200, 201}, answer.document
        if schedule.get("every", _OFTEN) < _OFTEN:
            self.busy.add(id)
        return answer

    def calm(self) -> None:
        """Remove the timers that fire often, which would slow all others down."""
        while self.busy:
            self.ask("DELETE", f"/periodic/{self.busy.pop()}")

    def patch(self, id: str, **members: object) -> Answer:
        """Change a timer, which must succeed."""
        answer = self.ask("PATCH", f"/periodic/{id}", members)
        assert answer.status == 200, answer.document
        return answer

    # --- what came of it

    def fired(self, id: str) -> list[Fired]:
        """Give the firings of a timer so far, in the order in which the callback had them."""
        return list(self._firings.of(id))

    @property
    def count(self) -> int:
        """How many firings the callback had."""
        return self._firings.count

    def wait_for(self, id: str, holds: Callable[[list[Fired]], object], timeout: float = PATIENCE):
        """Give the firings of a timer as soon as something holds of them."""
        self.stack.wait_for(lambda: holds(self.fired(id)), timeout=timeout)
        return self.fired(id)

    def wait_for_firing(self, id: str, after: int = 0) -> Fired:
        """Give the first firing that was due after a moment."""
        fired = self.wait_for(id, lambda fired: any(each.fire_at > after for each in fired))
        return next(each for each in fired if each.fire_at > after)

    # --- its parts

    def queue(self, name: str) -> str:
        """Give the address of a queue."""
        return self.stack.physical_id(f"{self.name}/{name}")

    def waiting(self, name: str) -> int:
        """Count what is in a queue, whether it can be received or not."""
        counted = self.stack.client("sqs").get_queue_attributes(
            QueueUrl=self.queue(name), AttributeNames=["All"]
        )["Attributes"]
        names = ("", "Delayed", "NotVisible")
        return sum(int(counted[f"ApproximateNumberOfMessages{name}"]) for name in names)

    def tick(self, shard: str = "") -> None:
        """Wake the dispatcher of a shard, as the ticker does."""
        self.stack.client("sqs").send_message(
            QueueUrl=self.queue("Dispatch/Queue"), MessageBody=json.dumps({"shard": shard})
        )

    def dead_letter(self, name: str) -> Document:
        """Wait for a dead letter and take it."""
        client = self.stack.client("sqs")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = client.receive_message(
                QueueUrl=self.queue(name), WaitTimeSeconds=20, MessageAttributeNames=["All"]
            ).get("Messages", [])
            if found:
                handle = found[0]["ReceiptHandle"]
                client.delete_message(QueueUrl=self.queue(name), ReceiptHandle=handle)
                return found[0]
        raise TimeoutError(f"no dead letter came to {name}")

    @contextmanager
    def denied(self, function: str, action: str) -> Iterator[None]:
        """Forbid a function something meanwhile."""
        client = self.stack.client("iam")
        role = self.stack.physical_id(f"{self.name}/{function}/Role/Resource")
        statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        client.put_role_policy(RoleName=role, PolicyName="Denied", PolicyDocument=document)
        try:
            yield
        finally:
            client.delete_role_policy(RoleName=role, PolicyName="Denied")

    def enable_dispatcher(self) -> None:
        """Let the dispatcher of a service begin that was deployed without."""
        client = self.stack.client("lambda")
        name = self.stack.function_name(f"{self.name}/Dispatcher")
        (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


class _Firings:
    """What a callback wrote, each line of which is read once."""

    @property
    def count(self) -> int:
        self.of("")
        return sum(map(len, self._found.values()))

    def __init__(self, stack: LocalStack, function: str) -> None:
        self._stack = stack
        self._function = function
        self._read = 0
        self._found: defaultdict[str, list[Fired]] = defaultdict(list)

    def of(self, id: str) -> list[Fired]:
        """Give the firings of a timer so far."""
        events = self._stack.events
        for event in events[self._read :]:
            if isinstance(event, Spoke) and event.function == self._function:
                text = event.report.text
                if event.report.kind is ReportKind.LINE and text.startswith('{"fired"'):
                    fired = Fired(**json.loads(text)["fired"])
                    self._found[fired.id].append(fired)
        self._read = len(events)
        return self._found[id]


def signed(access_key: str, secret_key: str) -> Signs:
    """Sign with an access key."""
    signer = SigV4Auth(Credentials(access_key, secret_key), "execute-api", REGION)
    return signer.add_auth


def bearing(token: str) -> Signs:
    """Show a token."""
    return lambda request: request.headers.add_header("Authorization", f"Bearer {token}")


def unsigned(_request: AWSRequest) -> None:
    """Sign nothing."""


def now() -> int:
    """Give the second that runs."""
    return int(time.time())


def text_of(second: int) -> str:
    """Write a moment as the API has it."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    named = {name.lower(): value for name, value in headers.items()}
    return Answer(status=status, headers=named, document=json.loads(body) if body else None)
