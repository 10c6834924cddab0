"""The pictures of the console in the docs: its application, busy and in trouble.

    python -m tests.local.console.pictures

They are of what really runs, so two runs differ in times and ids.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from botocore.session import Session

from cdk_streamer_client import Cron, Every, TimerClient
from cdk_streamer_local import LocalStack
from tests.local.console.asking import ask
from tests.local.console.browser import Browser

FOLDER = Path(__file__).parent
IMAGES = Path(__file__).parents[3] / "docs" / "images"
WIDTH, HEIGHT = 1280, 800
SETTLED_SECONDS = 2  # for transitions, and the next look of every panel
# View, theme, and what is there when it can be taken.
PICTURES = (
    ("overview", "light", "document.querySelector('.drawing .calls')"),
    ("requests", "dark", "document.querySelector('.drawer .bar')"),
    ("timers", "light", "document.querySelectorAll('tbody tr').length >= 5"),
    ("sinks", "dark", "document.querySelector('main').innerText.includes('open')"),
    ("streams", "light", "document.querySelector('main').innerText.includes('2 faults')"),
    ("queues", "dark", "document.querySelectorAll('tbody tr').length >= 5"),
    ("logs", "light", "document.querySelectorAll('.line').length >= 20"),
)


def main() -> None:
    """Run the application, keep it busy, and take all pictures."""
    with tempfile.TemporaryDirectory() as place:
        app = Path(place) / "office"
        shutil.copytree(FOLDER / "app", app, ignore=shutil.ignore_patterns(".cdk-streamer"))
        with (
            LocalStack(app / "app.py", console=True) as office,
            Browser(width=WIDTH, height=HEIGHT) as browser,
        ):
            put_timers(office)
            post_mails(office)
            ask_for_reports(office)
            book(office, ["booked"] * 60)
            book(office, ["away"] * 12 + ["never"] * 3)
            for view, theme, condition in PICTURES:
                browser.prefer(theme)
                browser.open(f"{office.console_url}/#/{view}")
                if view == "requests":
                    browser.click("tbody tr", "running")
                browser.wait(condition)
                time.sleep(SETTLED_SECONDS)
                browser.picture(IMAGES / f"console-{view}.png")
                print(f"docs/images/console-{view}.png", browser.errors or "")
                browser.errors.clear()


def put_timers(office: LocalStack) -> None:
    keys = office.credentials()
    session = Session()
    session.set_credentials(keys.access_key, keys.secret_key)
    with TimerClient(
        office.rest_url(), session=session, region="us-east-1", ca_bundle=office.ca_bundle
    ) as client:
        for minutes in (1, 5, 15):
            client.put(f"backup-{minutes}", Every(minutes=minutes), data={"volume": minutes})
        client.put("heartbeat", Every(seconds=10), data={"to": "status page"})
        client.put("payroll", Cron("0 6 25 * *", timezone="Europe/Dublin"), data={"month": "now"})
        client.put("digest", Cron("30 7 * * MON-FRI", timezone="Europe/Berlin"), data={})


def post_mails(office: LocalStack) -> None:
    good = [{"to": f"user-{number}", "words": "hello"} for number in range(8)]
    send(office, "MailsUrl", ({"type": "mail-sent", **mail} for mail in good))
    send(office, "MailsUrl", ({"type": "mail-sent", "words": "to nobody"} for _ in range(2)))


def ask_for_reports(office: LocalStack) -> None:
    for number in range(4):
        ask(office, "report", {"month": f"2026-0{number + 1}", "steps": 4})
    ask(office, "broken", {"account": 7}, sub="bob")
    ask(office, "flaky", {"failures": 1}, sub="cleo")
    ask(office, "report", {"month": "2026-05", "steps": 40, "pause": 1.4})


def book(office: LocalStack, answers: Iterable[str]) -> None:
    send(office, "LedgerUrl", ({"answer": each, "total": 12.5} for each in answers))


def send(office: LocalStack, output: str, documents: Iterable[object]) -> None:
    queue = office.client("sqs")
    for document in documents:
        queue.send_message(QueueUrl=office.outputs[output], MessageBody=json.dumps(document))


if __name__ == "__main__":
    main()
