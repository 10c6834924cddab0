"""Protocol bugs, as patches of the real code. The simulation is worth what it finds of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = {
    "cdk_streamer_runtime": ROOT / "runtime",
    "cdk_streamer_client": ROOT / "clients" / "python",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One bug: in `file`, `before` is replaced by `after`. It must occur exactly once."""

    name: str
    file: str
    package: str = "cdk_streamer_runtime"
    before: str
    after: str


MUTANTS = (
    Mutant(
        name="no sweeper",
        file="requests/watcher.py",
        before="look_again = None if request is None else self._repair_of(request).look(request)",
        after="look_again = None",
    ),
    Mutant(
        name="claim without condition",
        file="requests/store.py",
        before='condition="attempt = :attempt AND (#state = :waiting "\n'
        '                "OR #state = :queued AND expires_at > :now) '
        'AND attribute_not_exists(executor)",',
        after='condition="attempt = :attempt AND (#state <> :waiting OR #state <> :queued)",',
    ),
    Mutant(
        name="no fence",
        file="requests/store.py",
        before='condition="#state = :from AND attempt = :held",',
        after='condition="#state = :from AND :held = :held",',
    ),
    Mutant(
        name="no fence on progress",
        file="requests/store.py",
        before="IN (:running, :cancelling) AND attempt = :attempt "
        '"\n                "AND worker = :worker AND (',
        after='IN (:running, :cancelling) AND :attempt = :attempt "\n'
        '                "AND :worker = :worker AND (',
    ),
    Mutant(
        name="terminal overwritten",
        file="requests/store.py",
        before='condition="#state = :from AND attempt = :held",',
        after='condition=":from = :from AND attempt = :held",',
    ),
    Mutant(
        name="no heartbeat",
        file="requests/lease.py",
        before="return self.request.lease_until - self._length * 2 // 3",
        after="return self.request.lease_until + 10**9",
    ),
    Mutant(
        name="clock as sequence",
        file="requests/store.py",
        before="progress = :progress, seq = seq + :one",
        after="progress = :progress, seq = :one",
    ),
    Mutant(
        name="percentage going back",
        file="progress/coalescer.py",
        before="percentage = max(percentage, self._percentage)",
        after="pass",
    ),
    Mutant(
        name="late tick accepted",
        file="requests/store.py",
        before=" AND (attribute_not_exists(tick) OR tick < :tick)",
        after="",
    ),
    Mutant(
        name="swallowed exception",
        file="requests/worker.py",
        before="return failure_of(error, request, retry, self._platform.uniform)",
        after='return Success(result="null")',
    ),
    Mutant(
        name="submit not idempotent",
        file="requests/intake.py",
        before='Put(item=item, condition="attribute_not_exists(pk)")',
        after="Put(item=item)",
    ),
    Mutant(
        name="own submission not recognized",
        file="requests/intake.py",
        before="if existing.body_hash != request.body_hash:",
        after="if existing.body_hash == request.body_hash:",
    ),
    Mutant(
        name="no idempotency key",
        file="requests/worker.py",
        before="idempotency_key=request.key,",
        after='idempotency_key=f"{request.key}{request.attempt}",',
    ),
    Mutant(
        name="sink without fence",
        file="requests/actions.py",
        before="return self.attempt\n",
        after="return 1\n",
    ),
    Mutant(
        name="dead-lettered request not queued again",
        file="requests/repair.py",
        before="pause = self._send_again(request, age)",
        after="pause = LONGEST_LOOK",
    ),
    Mutant(
        name="lost retry not queued again",
        file="requests/repair.py",
        before="return min(self._send_again(request, overdue), patience - overdue + GRACE)",
        after="return LONGEST_LOOK",
    ),
    Mutant(
        name="live lease acknowledged",
        file="requests/worker.py",
        before="        if request.is_leased(self._platform.clock()):\n            return False",
        after="        if request.is_leased(self._platform.clock()):\n            return True",
    ),
    Mutant(
        name="snapshot read before subscribing",
        file="requests/desk.py",
        before="        return self._store.subscribe"
        "(key, connection, caller.expires, self._clock(), gone)",
        after="        before = self.find(caller, request_id)\n"
        "        self._store.subscribe(key, connection, caller.expires, self._clock())\n"
        "        return before",
    ),
    Mutant(
        name="crashed attempt not started over",
        file="requests/repair.py",
        before='        changes = {"attempt": request.attempt + 1, "retry_at": now}',
        after='        changes = {"attempt": request.attempt, "retry_at": now}',
    ),
    Mutant(
        name="stream repeats nothing",
        file="requests/dispatcher.py",
        before="return [news[index] for index in sorted(set(failed))]",
        after="return []",
    ),
    Mutant(
        name="cancel ends what is running",
        file="requests/transitions.py",
        before="(State.RUNNING, Event.CANCEL): State.CANCELLING,",
        after="(State.RUNNING, Event.CANCEL): State.CANCELLED,",
    ),
    Mutant(
        name="end not told",
        file="requests/endings.py",
        before="        self._tell(request, news.ending(request, self._clock(), self._results))\n",
        after="",
    ),
    Mutant(
        name="client does not resume",
        package="cdk_streamer_client",
        file="session/topics.py",
        before="        elif topic.phase is Phase.FOLLOWED:\n"
        "            self._subscribe(topic, now)",
        after="        elif topic.phase is Phase.FOLLOWED:\n            pass",
    ),
    Mutant(
        name="client does not poll",
        package="cdk_streamer_client",
        file="session/topics.py",
        before="        then = partial(self._polled, topic)\n"
        '        self._questions.ask("get", topic.subject.arguments, then, now)\n',
        after="",
    ),
    Mutant(
        name="client does not drop what it has seen",
        package="cdk_streamer_client",
        file="session/topics.py",
        before="if topic.phase is Phase.ENDING or (news.seq <= topic.seq and not news.is_last):",
        after="if topic.phase is Phase.ENDING:",
    ),
    Mutant(
        name="client submits once",
        package="cdk_streamer_client",
        file="session/doubts.py",
        before="        elif topic.submission is not None and self._is_async(topic.submission):\n"
        "            self._owner.send(topic, now)",
        after="        elif topic.submission is not None and self._is_async(topic.submission):\n"
        "            pass",
    ),
)


def patched(mutant: Mutant, folder: Path) -> list[Path]:
    """Copy the packages into `folder` with the bug in one, and give their sys.path roots."""
    for package, root in PACKAGES.items():
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / package, folder / package, ignore=ignore)
    source = folder / mutant.package / mutant.file
    text = source.read_text()
    if text.count(mutant.before) != 1:
        raise ValueError(
            f"mutant {mutant.name!r} must match once in {mutant.file}, "
            f"got {text.count(mutant.before)} times; write it for the code as it is now"
        )
    source.write_text(text.replace(mutant.before, mutant.after))
    return [folder, ROOT]


def seed_that_finds(mutant: Mutant, folder: Path, seeds: int) -> int | None:
    """Give the first seed whose verdict shows the bug; None when no seed does."""
    search = os.pathsep.join(str(path) for path in patched(mutant, folder))
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.runtime.simulation",
            "--seeds",
            str(seeds),
            "--until-found",
        ],
        env={**os.environ, "PYTHONPATH": search},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode not in {0, 1}:
        raise RuntimeError(f"the simulation itself failed:\n{run.stderr}")
    found = [line for line in run.stdout.splitlines() if line.startswith("seed ")]
    return int(found[0].split()[1]) if found else None
