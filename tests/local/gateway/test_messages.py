"""Messages and ends of connections, by a real client on a real socket."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.local.gateway.engine import Event, api, ok
from tests.local.gateway.running import Running

FRAME = 32 * 1024
MESSAGE = 128 * 1024


def spoken(gateway: Running, function: str = "talk") -> list[str]:
    return [event["body"] for event in gateway.engine.events(function, "MESSAGE")]


def own_id(gateway: Running) -> str:
    """Give the id of the connection that was made last."""
    return gateway.engine.events("talk", "CONNECT")[-1]["requestContext"]["connectionId"]


def farewell(gateway: Running, connection: str) -> Event:
    """Give the context of the connection's `$disconnect`."""

    def found() -> list[Event]:
        contexts = [
            event["requestContext"] for event in gateway.engine.events("talk", "DISCONNECT")
        ]
        return [context for context in contexts if context["connectionId"] == connection]

    gateway.engine.wait_for(lambda: bool(found()))
    (context,) = found()
    return context


def closed(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as ended:
        socket.recv(10)
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


def error(socket: ClientConnection) -> dict[str, Any]:
    return json.loads(socket.recv(10))


def test_a_message_reaches_its_function(gateway: Running):
    with gateway.connect() as socket:
        socket.send("hällo")
        gateway.engine.wait_for(lambda: "hällo" in spoken(gateway))


def test_what_a_function_returns_is_not_sent(gateway: Running):
    gateway.engine.apis["chatty"] = api({"$default": "chatty", "$disconnect": "chatty"})
    gateway.engine.functions["chatty"] = lambda _: {"statusCode": 200, "body": "an answer"}
    with gateway.connect("chatty") as socket:
        socket.send("a")
        socket.send("b")
        gateway.engine.wait_for(lambda: "b" in spoken(gateway, "chatty"))
        socket.close()
        assert list(socket) == []


def test_a_message_takes_the_route_that_it_names(gateway: Running):
    gateway.engine.apis["routed"] = api({"join": "join", "$default": "talk"})
    gateway.engine.functions["join"] = ok
    with gateway.connect("routed") as socket:
        socket.send('{"action": "join"}')
        gateway.engine.wait_for(lambda: bool(gateway.engine.events("join", "MESSAGE")))
    event = gateway.engine.events("join", "MESSAGE")[-1]

    assert event["requestContext"]["routeKey"] == "join"


def test_a_message_without_a_route_is_forbidden(gateway: Running):
    gateway.engine.apis["strict"] = api({"join": "talk"})
    with gateway.connect("strict") as socket:
        socket.send('{"action": "leave"}')
        told = error(socket)

    assert told["message"] == "Forbidden"
    assert told.keys() == {"message", "connectionId", "requestId"}


def test_a_function_that_raises_is_an_internal_error(gateway: Running):
    gateway.engine.apis["raising"] = api({"$default": "nobody has this"})
    with gateway.connect("raising") as socket:
        socket.send("x")
        assert error(socket)["message"] == "Internal server error"


@pytest.mark.parametrize("answer", [None, "ok", {"body": "no status"}])
def test_a_function_that_answers_nonsense_is_an_internal_error(gateway: Running, answer: object):
    gateway.engine.apis["nonsense"] = api({"$default": "nonsense"})
    gateway.engine.functions["nonsense"] = lambda _: answer
    with gateway.connect("nonsense") as socket:
        socket.send("x")
        assert error(socket)["message"] == "Internal server error"


def test_an_integration_that_is_no_function_is_an_internal_error(gateway: Running):
    gateway.engine.apis["http"] = api({"$default": "HTTP"})
    with gateway.connect("http") as socket:
        socket.send("x")
        assert error(socket)["message"] == "Internal server error"


def test_a_function_that_takes_too_long_is_a_timeout(gateway: Running):
    gateway.engine.apis["slow"] = api({"$default": "slow"}, seconds=0.05)
    gateway.engine.functions["slow"] = lambda _: gateway.engine.released.wait(10)
    with gateway.connect("slow") as socket:
        socket.send("x")
        told = error(socket)
    gateway.engine.released.set()

    assert told["message"] == "Endpoint request timed out"


def test_messages_of_one_connection_run_side_by_side(gateway: Running):
    together = threading.Barrier(3, timeout=10)
    gateway.engine.apis["wide"] = api({"$default": "wide"})

    def wide(event: Event) -> object:
        together.wait()
        return ok(event)

    gateway.engine.functions["wide"] = wide
    with gateway.connect("wide") as socket:
        for number in range(3):
            socket.send(str(number))
        gateway.engine.wait_for(lambda: len(spoken(gateway, "wide")) == 3)

    assert not together.broken


def test_of_a_function_four_messages_run_and_the_others_wait_in_their_order(gateway: Running):
    go_on = threading.Semaphore(0)
    gateway.engine.apis["narrow"] = api({"$default": "narrow"})

    def narrow(event: Event) -> object:
        assert go_on.acquire(timeout=10)
        return ok(event)

    gateway.engine.functions["narrow"] = narrow
    with gateway.connect("narrow") as one, gateway.connect("narrow") as other:
        for number in range(0, 8, 2):
            one.send(f"{number}")
        gateway.engine.wait_for(lambda: len(spoken(gateway, "narrow")) == 4)
        for number in range(4, 8):
            other.send(str(number))
        other.ping().wait(10)
        waiting = len(spoken(gateway, "narrow"))
        for _ in range(8):
            go_on.release()
        gateway.engine.wait_for(lambda: len(spoken(gateway, "narrow")) == 8)

    assert waiting == 4
    assert sorted(spoken(gateway, "narrow")[4:]) == ["4", "5", "6", "7"]


def test_a_message_of_several_frames_is_one(gateway: Running):
    text = "ü" * (MESSAGE // 2)
    with gateway.connect() as socket:
        socket.send(iter([text[at : at + FRAME // 2] for at in range(0, len(text), FRAME // 2)]))
        gateway.engine.wait_for(lambda: text in spoken(gateway))


def test_a_frame_above_the_limit_ends_the_connection(gateway: Running):
    with gateway.connect() as socket:
        socket.send("x" * (FRAME + 1))
        assert closed(socket)[0] == 1009
    assert farewell(gateway, own_id(gateway))["disconnectStatusCode"] == 1009


def test_a_frame_of_the_limit_is_taken(gateway: Running):
    with gateway.connect() as socket:
        socket.send("f" * FRAME)
        gateway.engine.wait_for(lambda: "f" * FRAME in spoken(gateway))


def test_a_message_above_the_limit_ends_the_connection(gateway: Running):
    with gateway.connect() as socket:
        socket.send(iter(["x" * FRAME] * 4 + ["x"]))
        assert closed(socket)[0] == 1009


def test_the_end_is_told_even_when_much_is_unread(gateway: Running):
    with gateway.connect() as socket:
        socket.send("x" * (4 * 1024 * 1024))
        assert closed(socket)[0] == 1009


def test_a_binary_frame_ends_the_connection(gateway: Running):
    with gateway.connect() as socket:
        socket.send(b"bytes")
        assert closed(socket)[0] == 1003
    assert farewell(gateway, own_id(gateway))["disconnectStatusCode"] == 1003


def test_a_ping_is_answered(gateway: Running):
    with gateway.connect() as socket:
        assert socket.ping("are you there").wait(10)


def test_disconnect_is_told_the_clients_code_and_reason(gateway: Running):
    with gateway.connect() as socket:
        socket.close(4001, "done here")
    context = farewell(gateway, own_id(gateway))

    assert context["disconnectStatusCode"] == 4001
    assert context["disconnectReason"] == "done here"


def test_disconnect_is_told_that_the_client_named_no_code(gateway: Running):
    with gateway.connect() as socket:
        socket.protocol.send_close()
        socket.socket.sendall(b"".join(socket.protocol.data_to_send()))
        context = farewell(gateway, own_id(gateway))

    assert context["disconnectStatusCode"] == 1005
    assert context["disconnectReason"] == "Client-side close frame status not set"


def test_disconnect_is_told_when_the_client_vanishes(gateway: Running):
    with gateway.connect() as socket:
        socket.socket.shutdown(2)
        context = farewell(gateway, own_id(gateway))

    assert context["disconnectStatusCode"] == 1006


def test_events_of_a_connection_agree(gateway: Running):
    with gateway.connect(user_agent_header="me/1") as socket:
        socket.send("agree")
        gateway.engine.wait_for(lambda: "agree" in spoken(gateway))
    contexts = [
        gateway.engine.events("talk", "CONNECT")[-1]["requestContext"],
        gateway.engine.events("talk", "MESSAGE")[-1]["requestContext"],
        farewell(gateway, own_id(gateway)),
    ]

    assert len({context["connectionId"] for context in contexts}) == 1
    assert len({context["connectedAt"] for context in contexts}) == 1
    assert len({context["requestId"] for context in contexts}) == 3
    assert [context["identity"] for context in contexts] == [
        {"userAgent": "me/1", "sourceIp": "127.0.0.1"}
    ] * 3


def test_stage_variables_are_told(gateway: Running):
    gateway.engine.apis["staged"] = api({"$default": "staged"}, stages={"live": {"color": "red"}})
    gateway.engine.functions["staged"] = ok
    with gateway.connect("staged") as socket:
        socket.send("x")
        gateway.engine.wait_for(lambda: bool(spoken(gateway, "staged")))

    event = gateway.engine.events("staged", "MESSAGE")[-1]
    assert event["stageVariables"] == {"color": "red"}


def test_a_function_without_proxy_may_answer_anything(gateway: Running):
    gateway.engine.apis["custom"] = api({"$connect": "custom", "$default": "custom"})
    gateway.engine.apis["custom"]["integrations"]["custom"]["integrationType"] = "AWS"
    gateway.engine.functions["custom"] = lambda _: "anything"
    with gateway.connect("custom") as socket:
        socket.send("x")
        socket.send("y")
        gateway.engine.wait_for(lambda: "y" in spoken(gateway, "custom"))
        socket.close()
        assert list(socket) == []
