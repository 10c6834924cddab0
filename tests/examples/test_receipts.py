"""The receipts example as a whole, and its own parts: the database, the account, the picture."""

from __future__ import annotations

import gc
import os
import re
import shutil
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from examples.receipts.account import Account
from examples.receipts.database.postgres import Postgres
from examples.receipts.database.programs import NotFound
from examples.receipts.database.server import Row, Server
from examples.receipts.database.stub import Stub
from examples.receipts.picture import draw
from examples.receipts.record import Outage, Record, Sample
from examples.receipts.sample import receipts

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "receipts"
WITHOUT_CDK = (
    "import sys, pytest; sys.modules['aws_cdk'] = None; sys.exit(pytest.main(sys.argv[1:]))"
)
SVG = "{http://www.w3.org/2000/svg}"
COUNT = 60
BEGAN = 1_700_000_000.0
INSERT = """
insert into receipts (shop, number, issued_on, total, tax, sent_at)
values ('1', '2', '2026-03-01', '1.20', '0.20', '2026-03-01T12:00:00+00:00')
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run it from a checkout of its own: an app runs once in a folder at a time."""
    checkout = tmp_path_factory.mktemp("receipts")
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(EXAMPLES, checkout / "examples", ignore=ignored)
    picture = checkout / "out" / "receipts.svg"
    arguments = ["--receipts", str(COUNT), "--outage", "4", "--output", str(picture)]
    done = subprocess.run(
        [sys.executable, "-m", "examples.receipts.demo", *arguments],
        cwd=checkout,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done, picture


def test_the_demo_overruns_a_database_and_then_stores_everything_in_it_in_spite_of_an_outage(demo):
    done, _ = demo

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    said = done.stdout
    overrun = re.search(r"(\d+) of 60 are stored, (\d+) were refused: too many clients", said)
    assert overrun, said
    assert int(overrun[1]) + int(overrun[2]) == COUNT
    assert "the database is stopped" in said
    total = sum((receipt.total for receipt in receipts(COUNT)), Decimal(0))
    for line in (
        f"stored           {COUNT} receipts of {total} EUR",
        "missing          0",
        "refused          0",
        "given up         0",
        "unreadable       note.png, torn.png",
    ):
        assert line in said
    assert "100%" in said
    if "PostgreSQL" not in said.partition("connections")[0]:
        pytest.skip("no PostgreSQL could be had: the demo ran with its stub")


def test_the_demo_draws_the_outage_and_the_open_circuit(demo):
    drawing = ET.parse(demo[1]).getroot()  # noqa: S314 - drawn just now

    texts = {each.text or "" for each in drawing.iter(f"{SVG}text")}
    assert any(text.startswith("database stopped for") for text in texts)
    assert "60 of 60 stored, 0 connections refused" in texts


def test_the_example_passes_its_own_tests_where_there_is_no_cdk():
    arguments = [str(EXAMPLE), "-q", "-p", "no:asyncio", "-p", "no:cacheprovider"]

    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_CDK, *arguments],
        cwd=EXAMPLE.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module", params=["postgres", "stub"])
def server(request):
    """Give each kind of database that there is."""
    try:
        server: Server = Postgres() if request.param == "postgres" else Stub()
    except NotFound as error:
        pytest.skip(str(error))
    yield server
    server.close()


@contextmanager
def connected(server: Server):
    address = server.address
    try:
        client = Connection(
            address.user,
            host=address.host,
            port=address.port,
            password=address.password,
            database=address.database,
            timeout=10,
        )
    finally:
        # pg8000 leaves the socket of a connection that was refused to whoever collects it.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
    yield client
    client.close()


def test_a_database_refuses_its_sixth_client(server: Server):
    before = server.refusals
    with ExitStack() as clients:
        for _ in range(5):
            clients.enter_context(connected(server))

        with pytest.raises(DatabaseError, match="too many clients already"), connected(server):
            pass

        assert (server.connections(), server.refusals - before) == (5, 1)


def test_a_database_that_was_stopped_has_kept_what_it_had(server: Server):
    server.clear()
    # Whoever was there before may be on the way out still.
    server.stop()
    server.start()
    with connected(server) as client:
        client.run(INSERT)

    server.stop()
    with pytest.raises(OSError, match="is stopped"):
        server.connections()
    server.start()

    (row,) = server.rows()
    assert (row.total, row.deliveries) == (Decimal("1.20"), 1)
    assert row.sent_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def stored(*changes: dict) -> list[Row]:
    moment = datetime.fromtimestamp(BEGAN + 5, UTC)
    rows = [
        {
            "shop": receipt.shop.tax_number,
            "number": receipt.number,
            "total": receipt.total,
            "sent_at": moment,
            "stored_at": moment,
            "deliveries": 1,
        }
        for receipt in receipts(3)
    ]
    return [Row(**{**row, **change}) for row, change in zip(rows, changes, strict=False)]


def test_an_account_finds_nothing_wrong_with_what_was_drawn():
    account = Account(receipts=list(receipts(3)), rows=stored({}, {"deliveries": 2}, {}))

    assert (account.faults, account.missing, account.repeated) == ([], [], 1)
    assert account.drawn == account.stored > 0


def test_an_account_tells_what_is_missing_wrong_and_of_nobody():
    rows = stored({"total": Decimal("0.01")}, {"number": "FS 1"})

    faults = Account(receipts=list(receipts(3)), rows=rows).faults

    assert len(faults) == 4
    assert [fault for fault in faults if "is not stored" in fault] == faults[:2]
    assert "never drawn" in faults[2]
    assert "has 0.01 and should have" in faults[3]


def record(**changes) -> Record:
    samples = [
        Sample(at=BEGAN + second, connections=second % 5, refusals=second, circuit=circuit)
        for second, circuit in enumerate(
            ["closed", "closed", "open", "open", "half_open", "closed"]
        )
    ]
    given = {"began": BEGAN, "ended": BEGAN + 6, "samples": samples, "rows": stored({}, {}, {})}
    return Record(**{**given, **changes})


@pytest.mark.parametrize(
    "through",
    [
        record(outage=Outage(begin=BEGAN + 1, end=BEGAN + 4)),
        record(),
        record(samples=[], rows=[], ended=BEGAN),
    ],
)
def test_a_picture_is_well_formed_and_tells_both_outcomes(through: Record):
    drawing = ET.fromstring(draw(record(), through, receipts=3, rate=8))  # noqa: S314 - drawn just now

    texts = {each.text for each in drawing.iter(f"{SVG}text")}
    assert "3 of 3 stored, 5 connections refused" in texts
    assert f"{len(through.rows)} of 3 stored, {through.refusals} connections refused" in texts
