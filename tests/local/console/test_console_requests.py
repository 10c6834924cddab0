"""Requests in the console: seen, sent, followed, cancelled, sent again."""

from __future__ import annotations

import json

import pytest

from tests.local.console.asking import ask

SEND = ".new-request button.primary:not(.small)"


def row(request: str) -> str:
    """Give the expression of a request's row."""
    words = json.dumps(f'[title="{request}"]')
    return f"document.querySelector({words})?.closest('tr')"


@pytest.fixture
def requests(office, page):
    """Show the list of requests."""
    page.open(f"{office.console_url}/#/requests")
    page.wait("document.querySelector('view-requests data-table')")
    return page


@pytest.fixture
def form(office, page):
    """Show an empty form for a new request, which knows the app's actions."""
    page.open(f"{office.console_url}/#/connections")
    page.wait("document.querySelector('view-connections')")
    page.run("sessionStorage.clear()")
    page.open(f"{office.console_url}/#/requests/new")
    page.wait("document.querySelector('.new-request .actions button')")
    return page


def write_payload(page, text):
    page.run(
        "(() => { const field = document.querySelector('.new-request textarea');"
        f"field.value = {json.dumps(text)}; field.dispatchEvent(new Event('input')); }})()"
    )


def opened(page, request):
    page.wait(row(request))
    page.run(f"{row(request)}.click()")
    page.wait("document.querySelector('.drawer .facts')")


def test_a_request_is_sent_and_its_result_is_shown(form):
    form.click(".actions button", "report")
    write_payload(form, '{"steps": 3, "pause": 0.05}')
    form.click(SEND)

    form.wait("document.querySelector('.drawer .badge.good')")
    form.see('{"pages":3}')


def test_a_request_that_runs_is_followed_as_its_owner(office, requests):
    request = ask(office, "report", {"steps": 550, "pause": 0.1}, sub="eve")
    opened(requests, request)

    requests.see("heard live")
    requests.see("Messages since it was opened here")
    errand(requests, "cancel", request=request)


def test_the_answer_of_a_sync_action_is_shown_in_the_form(form):
    form.click(".actions button", "echo")
    write_payload(form, '{"said": "hello"}')
    form.click(SEND)

    form.wait("document.querySelector('.answer')?.innerText.includes('hello')")


def test_a_scope_that_is_missing_is_named(form):
    form.click(".actions button", "secret")
    form.click(SEND)

    form.see("needs the scope reports")


def test_a_payload_that_is_no_json_is_not_sent(form):
    form.click(".actions button", "echo")
    write_payload(form, '{"said": ')

    form.wait(f"document.querySelector({json.dumps(SEND)}).disabled")


def test_a_request_that_runs_is_cancelled_as_its_owner(office, requests):
    opened(requests, ask(office, "report", {"steps": 500, "pause": 0.1}))
    requests.click(".drawer .danger", "Cancel")
    requests.click("dialog .danger", "Cancel it")

    requests.wait("document.querySelector('.drawer .badge')?.innerText === 'cancelled'")
    requests.see("from the console")


def test_what_a_handler_raised_stands_beside_what_its_client_reads(office, requests):
    opened(requests, ask(office, "broken", {"account": 4711}))

    requests.see("the action failed")
    requests.see("LookupError: no account 4711")


def test_a_request_that_failed_is_sent_anew_and_shown(office, requests):
    failed = ask(office, "broken", {"account": 12})
    opened(requests, failed)
    requests.click(".drawer header button", "Run again")

    requests.wait(
        "document.querySelector('.drawer .copy')"
        f" && document.querySelector('.drawer .copy').innerText !== {json.dumps(failed)}"
    )
    requests.see("ann of acme")


def test_a_large_result_is_read_where_it_is_stored(office, requests):
    request = ask(office, "poem", {"about": "autumn", "lines": 7000})
    # Who follows it downloads the result, and this browser does not trust the engine.
    requests.wait(f"{row(request)}?.innerText.includes('succeeded')")
    opened(requests, request)

    requests.see("in S3")
    requests.see("line 1 of autumn")


def test_what_an_attempt_put_out_is_shown(office, requests):
    opened(requests, ask(office, "poem", {"about": "spring", "lines": 2}))

    requests.wait("document.querySelectorAll('.chunks li').length === 2")


def test_a_retried_request_tells_its_attempts(office, requests):
    request = ask(office, "flaky", {"failures": 1})

    requests.wait(f"{row(request)}?.innerText.includes('\u00d72')")


def test_only_those_that_failed_are_shown_when_asked_for(office, requests):
    done = ask(office, "poem", {"about": "winter", "lines": 1})
    failed = ask(office, "broken", {})
    requests.wait(f"{row(failed)}?.innerText.includes('failed')")
    requests.click(".chip.failed")

    requests.wait(f"{row(failed)} && !{row(done)}")
    requests.click(".chip.all")


def test_the_list_is_reached_and_left_by_keyboard(office, page):
    page.open(f"{office.console_url}/#/overview")
    page.see("Overview")
    ask(office, "poem", {"about": "keys", "lines": 1})
    page.press("g")
    page.press("r")
    page.wait("document.querySelector('view-requests tbody tr')")
    page.press("j")
    page.press("Enter")
    page.wait("document.querySelector('.drawer .facts')")
    page.press("Escape")

    page.wait("!document.querySelector('.drawer')")


def test_a_payload_begins_with_what_its_schema_requires(office, requests):
    schema = {
        "type": "object",
        "required": ["orders", "rows", "mode"],
        "properties": {
            "orders": {"type": "string"},
            "rows": {"$ref": "#/$defs/Rows"},
            "mode": {"enum": ["fast", "slow"]},
            "title": {"type": "string"},
        },
        "$defs": {"Rows": {"type": "array", "minItems": 1, "items": {"type": "integer"}}},
    }
    made = requests.run(
        "import('/page/views/requests/skeleton.js')"
        f".then((module) => module.skeleton({json.dumps(schema)}))"
    )

    assert made == {"orders": "", "rows": [0], "mode": "fast"}


def errand(page, verb, **body):
    """Have the command do what a page cannot that an API does not let in."""
    caller = {"api": "Office/Api", "sub": "eve", "tenant": "acme"}
    return page.run(
        "import('/page/api.js')"
        f".then((module) => module.act('requests', '{verb}', {json.dumps(caller | body)}))"
    )


def test_the_command_asks_for_pages_that_an_api_lets_not_in(requests):
    told = errand(requests, "submit", action="echo", payload={"said": "hello"})

    assert told == {"result": {"said": "hello"}}


def test_the_command_tells_why_a_request_was_refused(requests):
    told = errand(requests, "submit", action="secret", payload={})

    assert told["error"]["code"] == "FORBIDDEN"


def test_the_command_cancels_for_pages_that_an_api_lets_not_in(requests):
    accepted = errand(requests, "submit", action="report", payload={"steps": 500})["accepted"]
    errand(requests, "cancel", request=accepted, reason="from elsewhere")

    requests.wait(f"{row(accepted)}?.innerText.includes('cancelled')")
