"""Two systems that tell each other of changes: they agree in the end, and come to rest."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams import rules, to_sqs_records
from tests.runtime.streams.rules.invocations import DONE, Invocations

REST = 4  # rounds after which nothing may be on its way any more


def to_event(uow: Any) -> dict[str, Any]:
    new = uow.event["raw"]["new"]
    # The item's own time: that of the stream is cut to seconds.
    return {"timestamp": new["timestamp"], "thing": {"id": new["pk"], "name": new["name"]}}


def to_update(uow: Any) -> dict[str, Any]:
    thing = uow.event["thing"]
    return {"pk": thing["id"], "sk": "thing", "name": thing["name"]}


class System:
    """A table, a trigger that publishes its changes, and a listener to the other system."""

    def __init__(self, name: str) -> None:
        changed, told = rules.Cdc, rules.Materialize
        types = ["thing-created", "thing-updated"]
        self.trigger = Invocations(changed(id="out", event_type=types, to_event=to_event))
        self.listener = Invocations(
            told(id="in", event_type=types, discriminator="thing", to_update=to_update)
        )
        self.listener.aws = self.trigger.aws
        self.trigger.source, self.listener.source = f"{name}-out", f"{name}-in"
        self.told = 0
        self._seen = 0

    def edit(self, name: str, moment: int) -> None:
        """Change the item as a command does: it is no longer what was received."""
        item = {"pk": "t1", "sk": "thing", "discriminator": "thing", "name": name}
        wire: dict[str, Any] = {key: {"S": value} for key, value in item.items()}
        wire["timestamp"] = {"N": str(START + moment)}
        self.trigger.aws.call("dynamodb", "PutItem", {"TableName": "things", "Item": wire})

    def publish(self) -> list[dict[str, Any]]:
        """Give the events of what has changed since."""
        records = self.trigger.aws.stream_records("things", after=self._seen)
        self.trigger.aws.published.clear()
        if records:
            self._seen = int(records[-1]["dynamodb"]["SequenceNumber"])
            assert self.trigger.run({"Records": records}) == DONE
        self.told += len(self.trigger.aws.published)
        return self.trigger.aws.published.copy()

    def hear(self, events: list[dict[str, Any]]) -> None:
        assert not events or self.listener.run(to_sqs_records(events)) == DONE

    @property
    def name(self) -> Any:
        items = self.trigger.items()
        return items[0]["name"] if items else None


acts = st.lists(st.sampled_from(["edit 0", "edit 1", "tell 0", "tell 1", "again"]), max_size=14)


@settings(max_examples=25, deadline=None)
@given(acts, st.randoms(use_true_random=False))
def test_two_systems_agree_on_the_last_change_and_come_to_rest(several, chance):
    systems = System("a"), System("b")
    told: list[tuple[int, dict[str, Any]]] = []
    last = None
    for moment, act in enumerate(several):
        what, _, which = act.partition(" ")
        if what == "edit":
            last = f"edit {moment}"
            systems[int(which)].edit(last, moment)
        elif what == "tell":
            events = systems[int(which)].publish()
            chance.shuffle(events)
            told += [(1 - int(which), event) for event in events]
            systems[1 - int(which)].hear(events)
        elif told:
            receiver, event = chance.choice(told)
            systems[receiver].hear([event])

    for _ in range(REST):
        for sender, receiver in (systems, systems[::-1]):
            receiver.hear(sender.publish())

    assert [system.name for system in systems] == [last, last]
    assert [system.publish() for system in systems] == [[], []]
    edits = [act for act in several if act.startswith("edit")]
    assert sum(system.told for system in systems) == len(edits)
