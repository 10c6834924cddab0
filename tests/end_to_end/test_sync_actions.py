"""Actions that are answered at once."""

from __future__ import annotations

from tests.end_to_end.app.handlers.requests import SECRET


def test_an_action_answers_with_its_data(wire):
    answer = wire.ask("echo", {"text": "grüße", "list": [1, 2.5, None, True]})

    assert answer["success"] is True
    assert answer["data"] == {"text": "grüße", "list": [1, 2.5, None, True]}


def test_an_answer_carries_the_id_and_the_action(wire):
    answer = wire.ask("echo", 1, id="my-id.1~x_y")

    assert (answer["id"], answer["request_id"], answer["action"]) == ("my-id.1~x_y",) * 2 + (
        "echo",
    )


def test_the_caller_comes_from_the_token_and_metadata_from_the_message(deployment):
    with deployment.open(deployment.token(sub="bob", tenant="initech")) as wire:
        answer = wire.ask("whoami", metadata={"locale": "de", "tenant": "acme"})

    assert answer["data"] == {
        "tenant": "initech",
        "owner": "bob",
        "metadata": {"locale": "de", "tenant": "acme"},
    }


def test_an_input_is_read_into_its_type(wire):
    assert wire.ask("greet", {"name": "Ann", "times": 2})["data"] == "hello Ann hello Ann "


def test_a_handler_says_why_it_refuses(wire):
    answer = wire.ask("refuse")

    assert answer["success"] is False
    assert answer["error"]["message"] == "the shop is closed"
    assert answer["error"]["details"] == {"opens": "Monday"}


def test_an_exception_of_a_handler_stays_inside(wire):
    answer = wire.ask("break")

    assert answer["success"] is False
    assert SECRET not in str(answer)
    assert "ValueError" not in str(answer)


def test_the_same_id_may_be_used_again(wire):
    answers = [wire.ask("echo", number, id="again")["data"] for number in (1, 2)]

    assert answers == [1, 2]


def test_answers_of_twenty_messages_each_find_their_question(wire):
    ids = [wire.send("echo", number) for number in range(20)]

    answers = [wire.wait_for(lambda message, id=id: message.get("id") == id)["data"] for id in ids]

    assert answers == list(range(20))


def test_the_payload_decides_where_the_author_left_it_to_a_rule(wire):
    assert wire.ask("either", {"slow": False})["data"] == "either"
    assert wire.run("either", {"slow": True})["result"] == "either"


def test_the_client_may_prefer_one_way_where_there_is_a_choice(wire):
    assert wire.ask("either", {"slow": True}, prefer="sync")["data"] == "either"
    assert wire.run("either", {"slow": False}, prefer="async")["result"] == "either"


def test_the_clients_wish_changes_no_action_of_one_kind(wire):
    assert wire.ask("echo", 1, prefer="async")["data"] == 1
