"""The poller example as a whole, and its own parts: the account and the picture."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examples.poller.account import Account, Arrival, key_of, percentile
from examples.poller.mix import KINDS, timers
from examples.poller.picture import draw

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "poller"
WITHOUT_CDK = (
    "import sys, pytest; sys.modules['aws_cdk'] = None; sys.exit(pytest.main(sys.argv[1:]))"
)
SVG = "{http://www.w3.org/2000/svg}"
NOW = datetime(2030, 1, 1, 12, 0, 5, tzinfo=UTC)
TWO_MINUTES = timedelta(minutes=2)


def mix(count: int, **changes):
    return list(timers(count, **{"now": NOW, "run": TWO_MINUTES, **changes}))


def account(*latenesses: float, lost: int = 0) -> Account:
    due = [(f"every:{number}", 100 + number) for number in range(len(latenesses) + lost)]
    arrivals = [
        Arrival(key=key, at=key[1] + late) for key, late in zip(due, latenesses, strict=False)
    ]
    return Account.of(due, arrivals)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run it from a checkout of its own: an app runs once in a folder at a time."""
    checkout = tmp_path_factory.mktemp("poller")
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(EXAMPLES, checkout / "examples", ignore=ignored)
    picture = checkout / "out" / "fired.svg"
    arguments = ["--timers", "150", "--minutes", "0.4", "--output", str(picture)]
    done = subprocess.run(
        [sys.executable, "-m", "examples.poller.demo", *arguments],
        cwd=checkout,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done, picture


def test_the_demo_loses_nothing_and_says_so(demo):
    done, _ = demo

    assert done.returncode == 0, done.stdout + done.stderr
    told = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines() if line.strip())
    assert (told["lost"], told["early"]) == ("0", "0")
    assert told["due"] == told["fired"] != "0"
    assert done.stderr == ""


def test_the_demo_draws_what_fired(demo):
    drawing = ET.parse(demo[1]).getroot()  # noqa: S314 - drawn just now

    assert drawing.tag == f"{SVG}svg"
    assert len(drawing.findall(f"{SVG}circle")) > 10


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


def test_the_mix_is_the_same_for_the_same_seed():
    assert mix(50, seed=7) == mix(50, seed=7) != mix(50, seed=8)


def test_the_mix_has_every_kind_and_ids_that_differ():
    entries = mix(500)

    assert {entry.id.partition(":")[0] for entry in entries} == set(KINDS)
    assert len({entry.id for entry in entries}) == 500


def test_a_day_of_the_mix_is_reached_during_the_run():
    daily = [entry for entry in mix(500) if entry.id.startswith("daily")]

    moments = [entry.schedule.pure(entry.id).next(int(NOW.timestamp()) - 60) for entry in daily]

    assert all(moment and moment < (NOW + TWO_MINUTES).timestamp() for moment in moments)


def test_an_account_knows_what_is_lost_early_and_double():
    due = [("every:1", 100), ("every:2", 100), ("once:3", 100)]
    arrivals = [
        Arrival(key=("every:1", 100), at=100.5),
        Arrival(key=("every:1", 100), at=101.5),
        Arrival(key=("every:2", 100), at=99.5),
        Arrival(key=("every:9", 100), at=100.0),
    ]

    found = Account.of(due, arrivals)

    assert found.lost == [("once:3", 100)]
    assert [one.key for one in found.early] == [("every:2", 100)]
    assert (found.duplicates, found.lateness) == (1, [-0.5, 0.5])
    assert found.by_kind() == [("every", 2, 2), ("once", 1, 0)]


def test_a_percentile_is_one_of_the_values():
    assert [percentile([1, 2, 3, 4], share) for share in (0.25, 0.5, 0.99, 1.0)] == [1, 2, 4, 4]


def test_a_fire_key_is_read_with_an_id_that_has_slashes_nowhere_and_colons():
    assert key_of("every:00001/1700000000") == ("every:00001", 1_700_000_000)


@pytest.mark.parametrize("drawn", [account(), account(0.5), account(0.5, 70.0, lost=3)])
def test_a_picture_is_well_formed_and_shows_each_firing_twice_and_each_loss(drawn):
    drawing = ET.fromstring(draw(drawn))  # noqa: S314 - drawn just now

    dots = [one for one in drawing.findall(f"{SVG}circle") if one.get("r") == "2.2"]
    assert len(dots) == 2 * len(drawn.firsts)
    crosses = drawing.findall(f"{SVG}path")
    assert len(crosses) == (len(drawn.lost) + 1 if drawn.lost else 0)
