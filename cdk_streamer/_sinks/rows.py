"""Which rows of the table a function may reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdk_streamer_runtime.contract.sinks import SinkRow


def rows(*kinds: SinkRow) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Give the condition that allows these rows alone; those of messages have a key behind it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    keys = [f"{kind}#*" if kind is SinkRow.DELIVERY else str(kind) for kind in kinds]
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}
