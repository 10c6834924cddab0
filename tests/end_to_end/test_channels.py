"""Channels: progress that another function publishes."""

from __future__ import annotations


def test_a_subscriber_hears_what_a_function_publishes(connect, deployment):
    wire = connect(tenant="acme")
    wire.ask("subscribe", {"channel": "import-1"})

    deployment.invoke("Publisher", {"tenant": "acme", "channel": "import-1", "percentage": 40})
    message = wire.wait_for(lambda message: message["type"] == "progress")

    assert (message["channel"], message["percentage"]) == ("import-1", 40)


def test_a_late_subscriber_gets_the_last_state(connect, deployment):
    deployment.invoke("Publisher", {"tenant": "acme", "channel": "import-2", "percentage": 70})

    snapshot = connect(tenant="acme").ask("subscribe", {"channel": "import-2"})["data"]

    assert (snapshot["state"], snapshot["progress"]["percentage"]) == ("RUNNING", 70)


def test_a_channel_ends_with_its_result(connect, deployment):
    wire = connect(tenant="acme")
    wire.ask("subscribe", {"channel": "import-3"})

    deployment.invoke("Publisher", {"tenant": "acme", "channel": "import-3", "result": {"rows": 7}})
    message = wire.wait_for(lambda message: message["type"] == "complete")

    assert message["result"] == {"rows": 7}


def test_a_channel_of_the_same_name_in_another_tenant_is_another_one(connect, deployment):
    wire = connect(tenant="initech")
    deployment.invoke("Publisher", {"tenant": "acme", "channel": "import-4", "percentage": 10})

    snapshot = wire.ask("subscribe", {"channel": "import-4"})["data"]

    assert snapshot["progress"] is None


def test_who_unsubscribes_from_a_channel_hears_no_more(connect, deployment):
    wire = connect(tenant="acme")
    wire.ask("subscribe", {"channel": "import-5"})
    wire.ask("unsubscribe", {"channel": "import-5"})

    deployment.invoke("Publisher", {"tenant": "acme", "channel": "import-5", "percentage": 10})
    wire.ask("echo", "anything that was sent before this answer has arrived with it")

    assert [message for message in wire.seen if message["type"] == "progress"] == []


def test_a_channel_that_is_not_for_everybody_is_for_whom_the_rule_admits(connect, deployment):
    wire = connect(tenant="acme", scopes=("admin",))
    wire.ask("subscribe", {"channel": "confidential-2"})

    deployment.invoke(
        "Publisher", {"tenant": "acme", "channel": "confidential-2", "percentage": 40}
    )

    assert wire.wait_for(lambda message: message["type"] == "progress")["percentage"] == 40


def test_whom_the_rule_refuses_hears_nothing(connect, deployment):
    wire = connect(tenant="acme")
    refusal = wire.ask("subscribe", {"channel": "confidential-3"})

    deployment.invoke(
        "Publisher", {"tenant": "acme", "channel": "confidential-3", "percentage": 40}
    )
    wire.ask("echo", "anything that was sent before this answer has arrived with it")

    assert refusal["error"]["code"] == "FORBIDDEN"
    assert [message for message in wire.seen if message["type"] == "progress"] == []
