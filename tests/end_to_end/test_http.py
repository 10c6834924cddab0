"""The same requests over HTTP: accepted, waited for, listed, cancelled, and shared with sockets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cdk_streamer_runtime.contract import HttpRoute
from cdk_streamer_runtime.http.openapi import openapi
from tests.end_to_end.app.handlers.requests import app

PAGE = "https://app.example.com"
EVIL_PAGE = "https://evil.example.com"


def finished(result: object) -> dict[str, object]:
    return {"state": "SUCCEEDED", "result": result}


def extract(document: dict[str, object], *names: str) -> dict[str, object]:
    return {name: document[name] for name in names}


# --- POST /requests -------------------------------------------------------------------------------


def test_an_async_request_is_accepted_and_its_location_leads_to_it(web):
    answer = web.post("count", {"steps": 1})
    request_id = answer.document["request_id"]

    assert (answer.status, answer.document["state"]) == (202, "QUEUED")
    assert web.follow(answer).document["request_id"] == request_id
    assert web.finish(request_id)["result"] == {"counted": 1}


def test_a_sync_action_is_answered_at_once(web):
    answer = web.post("echo", {"a": [1, None]}, id="e-1")

    assert (answer.status, answer.document["data"]) == (200, {"a": [1, None]})
    assert (answer.document["type"], answer.document["id"]) == ("response", "e-1")


def test_metadata_and_caller_reach_the_handler(web):
    body = {"action": "whoami", "metadata": {"device": "phone"}}

    data = web.ask("POST", "/requests", body).document["data"]

    assert (data["tenant"], data["metadata"]) == ("acme", {"device": "phone"})
    assert data["owner"].startswith("ann-")


def test_the_idempotency_key_is_the_requests_id(web):
    assert web.submit("count", {"steps": 1}, id="my-key") == "my-key"


@pytest.mark.parametrize("key", ["bare", '"quoted"'])
def test_the_idempotency_key_may_be_bare_or_quoted(web, key):
    answer = web.post("count", {"steps": 1}, **{"Idempotency-Key": key})

    assert answer.document["request_id"] == key.strip('"')


def test_an_id_may_have_all_that_a_path_may(web):
    answer = web.post("count", {"steps": 1}, id="a.b_c~d-1")

    assert web.follow(answer).document["request_id"] == "a.b_c~d-1"


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_the_same_key_and_body_give_the_same_request(web, tmp_path):
    payload = {"steps": 1, "executions": str(tmp_path / "executions")}
    web.submit("count", payload, id="twice")
    ended = web.finish("twice")

    again = web.post("count", payload, id="twice")

    assert (again.status, again.document["state"]) == (200, "SUCCEEDED")
    assert again.document["created_at"] == ended["created_at"]
    assert (tmp_path / "executions").read_text() == "executed\n"


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_of_many_posts_with_one_key_one_is_executed(web, tmp_path):
    payload = {"steps": 1, "executions": str(tmp_path / "executions")}
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: web.post("count", payload, id="race"), range(3)))

    web.finish("race")

    assert {answer.document["request_id"] for answer in answers} == {"race"}
    assert (tmp_path / "executions").read_text() == "executed\n"


def test_the_same_key_with_another_body_is_a_conflict(web):
    web.submit("count", {"steps": 1}, id="used")

    problem = web.post("count", {"steps": 2}, id="used").problem

    assert (problem["status"], problem["code"]) == (409, "CONFLICT")


def test_a_key_that_contradicts_the_bodys_id_is_refused(web):
    body = {"action": "count", "payload": {"steps": 1}, "id": "one"}

    answer = web.ask("POST", "/requests", body, headers={"Idempotency-Key": "other"})

    assert answer.problem["status"] == 400


# --- waiting --------------------------------------------------------------------------------------


def test_who_prefers_to_wait_gets_the_result(web):
    answer = web.post("count", {"steps": 1}, Prefer="wait=20")

    assert answer.status == 200
    assert extract(answer.document, "state", "result") == finished({"counted": 1})
    assert answer.headers["preference-applied"] == "wait=20"


def test_nobody_waits_longer_than_the_limit(web):
    answer = web.post("count", {"steps": 1}, Prefer="wait=100")

    assert answer.headers["preference-applied"] == "wait=20"


def test_what_takes_longer_than_one_waits_is_accepted(web, tmp_path):
    release = tmp_path / "release"
    answer = web.post("linger", {"release": str(release)}, Prefer="wait=1")
    release.touch()

    assert (answer.status, answer.headers["preference-applied"]) == (202, "wait=1")
    assert answer.document["state"] in {"QUEUED", "RUNNING"}
    assert web.finish(answer.document["request_id"])["result"] == "released"


def test_who_prefers_a_queue_gets_one_where_there_is_a_choice(web):
    at_once = web.post("either", {"slow": False})
    queued = web.post("either", {"slow": False}, Prefer="respond-async")

    assert (at_once.status, queued.status) == (200, 202)
    assert queued.headers["preference-applied"] == "respond-async"


def test_a_long_poll_ends_with_the_request(web, tmp_path):
    release = tmp_path / "release"
    request_id = web.submit("linger", {"release": str(release)})
    with ThreadPoolExecutor(1) as thread:
        poll = thread.submit(web.get, request_id, wait=20)
        release.touch()

    assert extract(poll.result(), "state", "result") == finished("released")


@pytest.mark.calm("presumes that an attempt goes on", "crash", "freeze")
def test_a_long_poll_tells_the_next_news(web, tmp_path):
    release = tmp_path / "release"
    request_id = web.submit("linger", {"release": str(release)})

    news = web.get(request_id, wait=20, after_seq=0)
    release.touch()

    assert (news["state"], news["gap"], news["seq"] > 0) == ("RUNNING", True, True)
    assert web.get(request_id, wait=20, after_seq=news["seq"])["seq"] > news["seq"]


@pytest.mark.calm("presumes that an attempt goes on", "crash", "freeze")
def test_a_poll_without_news_gives_what_there_is(web, tmp_path):
    release = tmp_path / "release"
    request_id = web.submit("linger", {"release": str(release)})
    known = web.get(request_id, wait=20, after_seq=0)["seq"]

    snapshot = web.get(request_id, wait=1, after_seq=known)
    release.touch()

    assert (snapshot["state"], snapshot["seq"], snapshot["gap"]) == ("RUNNING", known, False)


# --- lists, cancelling, the API itself ------------------------------------------------------------


def test_the_list_has_the_newest_first_and_goes_on_at_its_cursor(web):
    for number in range(3):
        web.submit("count", {"steps": 1}, id=f"listed-{number}")

    first = web.ask("GET", "/requests", limit=2).document
    second = web.ask("GET", "/requests", limit=2, cursor=first["cursor"]).document

    names = [entry["request_id"] for entry in first["requests"] + second["requests"]]
    assert names == ["listed-2", "listed-1", "listed-0"]


def test_the_list_can_ask_for_one_state(web):
    for action in ("greet_later", "break_later"):
        web.finish(web.submit(action, {"name": "Ann"}, id=action))

    page = web.ask("GET", "/requests", state="FAILED").document

    assert [entry["request_id"] for entry in page["requests"]] == ["break_later"]


def test_a_running_request_is_cancelled_and_hears_why(web, tmp_path):
    noted = tmp_path / "noted"
    request_id = web.submit("linger", {"noted": str(noted)})
    web.get(request_id, wait=20, after_seq=0)

    answer = web.ask("DELETE", f"/requests/{request_id}", reason="a typo")
    ended = web.finish(request_id)

    assert (answer.status, answer.document["state"]) == (202, "CANCELLING")
    assert extract(ended, "state", "reason") == {"state": "CANCELLED", "reason": "a typo"}
    assert noted.read_text() == "a typo"


def test_a_queued_request_is_cancelled_at_once(web, paused_worker):
    with paused_worker:
        request_id = web.submit("count")
        answer = web.ask("DELETE", f"/requests/{request_id}")

    assert (answer.status, answer.document["state"]) == (200, "CANCELLED")


def test_a_finished_request_stays_finished(web):
    request_id = web.post("count", {"steps": 1}, Prefer="wait=20").document["request_id"]

    answer = web.ask("DELETE", f"/requests/{request_id}")

    assert (answer.status, answer.document["state"]) == (200, "SUCCEEDED")


def test_the_actions_are_listed_with_their_inputs(web):
    actions = {each["name"]: each for each in web.ask("GET", "/actions").document["actions"]}

    assert actions["greet"]["mode"] == "sync"
    assert actions["greet_later"]["input"]["required"] == ["name"]


def test_the_api_describes_itself_as_the_app_does(web):
    document = web.ask("GET", "/openapi.json").document

    routes = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert routes == set(HttpRoute)
    assert document == openapi(app)


# --- beside the socket ----------------------------------------------------------------------------


def test_a_request_over_http_is_followed_on_the_socket(web, wire, tmp_path):
    release = tmp_path / "release"
    request_id = web.submit("linger", {"release": str(release)})

    wire.ask("subscribe", {"request_id": request_id})
    release.touch()

    assert wire.follow(request_id)[-1]["result"] == "released"


def test_a_request_on_the_socket_is_read_over_http(web, wire):
    request_id = wire.run("count", {"steps": 2})["request_id"]

    assert web.get(request_id) | {"timestamp": ""} == (
        wire.ask("get", {"request_id": request_id})["data"] | {"timestamp": ""}
    )


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_key_is_the_same_request_on_both(web, wire, tmp_path):
    payload = {"steps": 1, "executions": str(tmp_path / "executions")}
    wire.run("count", payload, id="on-both")

    answer = web.post("count", payload, id="on-both")

    assert (answer.status, answer.document["result"]) == (200, {"counted": 1})
    assert (tmp_path / "executions").read_text() == "executed\n"


def test_the_result_is_read_over_http_after_the_socket_died(web, wire, deployment, tmp_path):
    release = tmp_path / "release"
    owner = wire.ask("whoami")["data"]["owner"]
    request_id = wire.submit("linger", {"release": str(release)})
    wire.progress_of(request_id)

    dropped = deployment.drop_connections_of(owner)
    release.touch()

    assert dropped == 1
    assert extract(web.finish(request_id), "state", "result") == finished("released")


def test_what_the_socket_cancels_ends_over_http(web, wire):
    request_id = web.submit("linger", {})
    web.get(request_id, wait=20, after_seq=0)

    wire.ask("cancel", {"request_id": request_id, "reason": "elsewhere"})

    assert web.finish(request_id)["reason"] == "elsewhere"


# --- pages of other origins -----------------------------------------------------------------------


def preflight(deployment, origin: str):
    asking = {"Access-Control-Request-Method": "POST", "Origin": origin}
    return deployment.web(None).ask("OPTIONS", "/requests", headers=asking)


def test_a_page_may_ask_what_it_may_send(deployment):
    answer = preflight(deployment, PAGE)

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert {"authorization", "idempotency-key"} <= set(
        answer.headers["access-control-allow-headers"].split(",")
    )


def test_a_page_from_elsewhere_is_let_nothing(deployment):
    assert "access-control-allow-origin" not in preflight(deployment, EVIL_PAGE).headers


def test_a_page_may_read_its_answer_and_where_the_request_is(web):
    answer = web.post("count", {"steps": 1}, Origin=PAGE)

    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "location" in answer.headers["access-control-expose-headers"].lower()


def test_a_page_from_elsewhere_may_not_read_its_answer(web):
    answer = web.post("echo", 1, Origin=EVIL_PAGE)

    assert "access-control-allow-origin" not in answer.headers
