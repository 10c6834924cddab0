"""One caller over both APIs: what it may do, and that a ticket brings it from one to the other."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp
from cdk_streamer_runtime.auth.authorizer import Authorizer
from cdk_streamer_runtime.auth.claims import ALGORITHMS, Rules
from cdk_streamer_runtime.auth.denial import Denied
from cdk_streamer_runtime.auth.jwks import PinnedKey
from cdk_streamer_runtime.auth.keys import PublicKey
from cdk_streamer_runtime.auth.tickets import TicketStore
from cdk_streamer_runtime.callers import Callers
from cdk_streamer_runtime.contract import CallerRules
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory.api import TABLE
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.sockets.admission import Admission
from cdk_streamer_runtime.sockets.connections import Caller, Connection, ConnectionStore
from cdk_streamer_runtime.sockets.origins import Origins
from cdk_streamer_runtime.sockets.speakers import Speakers
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.auth import issuer
from tests.runtime.auth.events import by_http, connect
from tests.runtime.auth.issuer import claims, token

WRITER = Caller(tenant="acme", owner="ann", expires=ANN.expires, scopes=frozenset({"write"}))
BOTH = Caller(tenant="acme", owner="ann", expires=ANN.expires, scopes=frozenset({"write", "all"}))


@pytest.fixture
def api() -> ObservedApi:
    app = AsyncApp()
    app.action("read")(lambda: "read")
    app.action("write", scopes=["write"])(lambda: "written")
    app.action("purge", mode="async", scopes=["write", "all"])(lambda: "purged")
    return ObservedApi(app)


# --- scopes ---------------------------------------------------------------------------------------


def over_socket(api: ObservedApi, caller: Caller, action: str) -> str:
    (first, *_) = api.ask(api.connect(caller), {"action": action, "id": f"{action}-1"})
    return first["error"]["code"] if "error" in first else first["type"]


def over_http(api: ObservedApi, caller: Caller, action: str) -> int:
    return api.http(
        caller, "POST", "/requests", body={"action": action, "id": f"{action}-1"}
    ).status


@pytest.mark.parametrize(
    ("caller", "action", "told", "status"),
    [
        (ANN, "read", "response", 200),
        (ANN, "write", "FORBIDDEN", 403),
        (ANN, "purge", "FORBIDDEN", 403),
        (WRITER, "write", "response", 200),
        (WRITER, "purge", "FORBIDDEN", 403),
        (BOTH, "purge", "acknowledgment", 202),
    ],
    ids=str,
)
def test_scopes_hold_over_both_apis(
    api: ObservedApi, caller: Caller, action: str, told: str, status: int
):
    assert over_socket(api, caller, action) == told
    assert over_http(api, caller, action) == status


def test_what_is_forbidden_is_not_stored(api: ObservedApi):
    over_http(api, WRITER, "purge")
    over_socket(api, WRITER, "purge")

    assert api.aws.items(TABLE.name) == []


def test_a_caller_whose_time_is_over_is_refused_over_http_too(api: ObservedApi):
    late = Caller(tenant="acme", owner="ann", expires=START // 1000)

    answer = api.http(late, "GET", "/actions")
    assert (answer.status, answer.document["code"]) == (401, "UNAUTHORIZED")


def test_a_caller_of_another_tenant_reads_nothing(api: ObservedApi):
    over_http(api, BOTH, "purge")
    eve = Caller(tenant="evil", owner="ann", expires=ANN.expires, scopes=BOTH.scopes)

    assert api.http(BOTH, "GET", "/requests/purge-1").status == 200
    assert api.http(eve, "GET", "/requests/purge-1").status == 404


# --- from a token to a ticket to a connection -----------------------------------------------------


class Doors:
    """The functions that let callers in, around one API in memory."""

    def __init__(self, api: ObservedApi) -> None:
        table = Table(api.aws, TABLE.name)
        self.api = api
        self.store = ConnectionStore(table)
        self.authorizer = Authorizer(
            rules=Rules(
                issuer=issuer.ISSUER,
                audience=frozenset({issuer.AUDIENCE}),
                algorithms=ALGORITHMS,
                tenant_claim="tenant",
                leeway_seconds=30,
            ),
            keys=PinnedKey(PublicKey.from_pem(issuer.pem("p256").decode())),
            clock=api.platform.clock,
            tickets=TicketStore(table, "api"),
        )
        self.admission = Admission(
            store=self.store,
            callers=Callers(rules=CallerRules()),
            origins=Origins.from_text("https://app.example.com"),
            clock=api.platform.clock,
            metrics=api.counted,
        )

    def ticket(self, text: str) -> str:
        """Ask for a ticket over HTTP, as the authorizer and the function behind it answer."""
        context = self.authorizer.identify(by_http(text)).to_context()
        caller = Caller.from_context(context)
        answer = self.api.http(caller, "POST", "/tickets")
        assert answer.status == 201
        return answer.document["subprotocol"]

    def connect(self, subprotocol: str, name: str = "a") -> dict[str, Any]:
        """Open a connection of a browser's page."""
        headers = {
            "Sec-WebSocket-Protocol": [f"streamer.v1, {subprotocol}"],
            "Origin": ["https://app.example.com"],
        }
        event = connect(headers)
        context = self.authorizer.identify(event).to_context()
        now = self.api.platform.clock()
        request = {"connectionId": name, "connectedAt": now, "authorizer": context}
        return self.admission.admit({**event, "requestContext": request})


@pytest.fixture
def doors(api: ObservedApi) -> Doors:
    return Doors(api)


def good_token(**changes: Any) -> str:
    now = START // 1000
    return token(body=claims(iat=now - 60, exp=now + 3600, scope="write", **changes))


def test_a_ticket_brings_a_caller_from_http_to_the_socket(doors: Doors):
    answer = doors.connect(doors.ticket(good_token()))

    assert answer == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "streamer.v1"}}
    assert doors.store.caller_of("a") == Caller(
        tenant=issuer.TENANT,
        owner=issuer.OWNER,
        expires=START // 1000 + 3600,
        scopes=frozenset({"write"}),
    )


def test_what_was_asked_for_over_http_is_there_on_the_connection(doors: Doors, api: ObservedApi):
    doors.connect(doors.ticket(good_token()))
    caller = doors.store.caller_of("a")
    assert caller is not None
    api.aws.connections.open("a")
    connection = Connection(id="a", caller=caller, connected_at=START)

    api.http(caller, "POST", "/requests", body={"action": "write"})
    assert api.ask(connection, {"action": "write", "id": "w1"})[0]["data"] == "written"


def test_the_ticket_is_used_then(doors: Doors):
    subprotocol = doors.ticket(good_token())
    doors.connect(subprotocol)

    with pytest.raises(Denied):
        doors.connect(subprotocol, "b")
    assert doors.store.caller_of("b") is None


def test_each_connection_takes_a_ticket_of_its_own(doors: Doors):
    text = good_token()

    answers = [doors.connect(doors.ticket(text), name)["statusCode"] for name in ("a", "b")]
    assert answers == [200, 200]


def test_a_ticket_outlives_no_token(doors: Doors, api: ObservedApi):
    now = START // 1000
    subprotocol = doors.ticket(token(body=claims(iat=now - 60, exp=now + 5)))
    api.platform.advance(5_000)

    with pytest.raises(Denied):
        doors.connect(subprotocol)


# --- signed at $connect ---------------------------------------------------------------------------


def test_scopes_of_a_role_hold_for_what_it_says_later(api: ObservedApi):
    arn = "arn:aws:iam::123456789012:role/Writer"
    store = ConnectionStore(Table(api.aws, TABLE.name))
    admission = Admission(
        store=store,
        callers=Callers(rules=CallerRules(signed=True, scopes={arn: "write"})),
        origins=Origins.from_text(None),
        clock=api.platform.clock,
        metrics=api.counted,
    )
    identity = {
        "accountId": "123456789012",
        "caller": "AROA1:session",
        "userArn": "arn:aws:sts::123456789012:assumed-role/Writer/session",
    }
    request = {"connectionId": "a", "connectedAt": START, "identity": identity}
    admission.admit({"requestContext": request})
    api.aws.connections.open("a")

    speaker = Speakers(store).of({"requestContext": {"connectionId": "a", "connectedAt": START}})
    connection = Connection(id="a", caller=speaker, connected_at=START)
    told = [api.ask(connection, {"action": name, "id": name})[0] for name in ("write", "purge")]
    assert told[0]["data"] == "written"
    assert told[1]["error"]["code"] == "FORBIDDEN"
