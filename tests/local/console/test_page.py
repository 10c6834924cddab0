"""The page as a whole: it loads, it is walked through by keyboard, it is live."""

from __future__ import annotations


def test_the_overview_shows_the_apps_addresses(office, page):
    page.open(office.console_url)

    page.see("LedgerUrl")
    page.see(office.socket_url())


def test_what_a_function_says_is_in_the_log_at_once(office, page):
    page.open(f"{office.console_url}/#/logs")
    page.see("Logs")
    office.client("sqs").send_message(
        QueueUrl=office.outputs["LedgerUrl"], MessageBody='{"total": 1234}'
    )

    page.see("booked {'total': 1234}")
