"""Messages between the gateway's process and the engine's."""

from __future__ import annotations

import json

from hypothesis import given, strategies as st

from cdk_streamer_local.gateway.framing import Framing

documents = st.lists(st.dictionaries(st.text(), st.text() | st.integers(), max_size=3), max_size=5)


@given(sent=documents, cuts=st.lists(st.integers(min_value=1, max_value=40)))
def test_messages_arrive_whole_however_the_stream_is_cut(
    sent: list[dict[str, object]], cuts: list[int]
):
    stream = b"".join(Framing.encode(document) for document in sent)
    framing, received = Framing(), list[bytes]()
    for size in [*cuts, len(stream)]:
        received += framing.feed(stream[:size])
        stream = stream[size:]

    assert [json.loads(message) for message in received] == sent
