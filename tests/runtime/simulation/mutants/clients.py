"""Protocol bugs of the Python client's session."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Mutant

CLIENTS = (
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
