"""Stream processing: what handlers of streams are written and tested with.

Importing it costs nothing but the name: each module is loaded when one of its names is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams import rules
    from cdk_streamer_runtime.streams.answers import HandedBack
    from cdk_streamer_runtime.streams.app import StreamApp
    from cdk_streamer_runtime.streams.engine.world import World
    from cdk_streamer_runtime.streams.event import Event
    from cdk_streamer_runtime.streams.faults.policy import Action, Policy
    from cdk_streamer_runtime.streams.json_text import Malformed
    from cdk_streamer_runtime.streams.outcome import Ignored, Outcome, Reason, Undecodable
    from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
    from cdk_streamer_runtime.streams.pipelines.steps import (
        BulkCall,
        Call,
        Each,
        Entry,
        Gather,
        Spread,
        Use,
    )
    from cdk_streamer_runtime.streams.pipelines.stream import Stream
    from cdk_streamer_runtime.streams.place import Place
    from cdk_streamer_runtime.streams.queries.pages import TooManyItems
    from cdk_streamer_runtime.streams.sinks.dynamodb import Lost
    from cdk_streamer_runtime.streams.sinks.expressions import (
        Added,
        Removed,
        lock_of,
        timestamp_condition,
        update_expression,
    )
    from cdk_streamer_runtime.streams.sinks.http import HttpBusy, HttpRefused
    from cdk_streamer_runtime.streams.sources.alarms import (
        from_alarm,
        from_sns_alarm,
        to_alarm_event,
        to_sns_alarm_records,
    )
    from cdk_streamer_runtime.streams.sources.cron import from_cron, to_cron_event
    from cdk_streamer_runtime.streams.sources.dynamodb import Images, from_dynamodb
    from cdk_streamer_runtime.streams.sources.dynamodb_records import to_dynamodb_records
    from cdk_streamer_runtime.streams.sources.eventbridge import (
        from_eventbridge,
        from_sqs_eventbridge,
        to_eventbridge_event,
        to_sqs_eventbridge_records,
    )
    from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis, to_kinesis_records
    from cdk_streamer_runtime.streams.sources.s3 import (
        from_s3,
        from_sns_s3,
        from_sqs_s3,
        from_sqs_sns_s3,
        to_s3_records,
        to_sns_s3_records,
        to_sqs_s3_records,
        to_sqs_sns_s3_records,
    )
    from cdk_streamer_runtime.streams.sources.sns import (
        from_sns,
        from_sqs_sns,
        to_sns_records,
        to_sqs_sns_records,
    )
    from cdk_streamer_runtime.streams.sources.sqs import from_sqs, to_sqs_records
    from cdk_streamer_runtime.streams.store.jobs import JobState
    from cdk_streamer_runtime.streams.store.outbox import outbox_item
    from cdk_streamer_runtime.streams.store.table import TooManyEvents
    from cdk_streamer_runtime.streams.uow import UnitOfWork, merged

__all__ = [
    "Action",
    "Added",
    "BulkCall",
    "Call",
    "Each",
    "Entry",
    "Event",
    "Gather",
    "HandedBack",
    "HttpBusy",
    "HttpRefused",
    "Ignored",
    "Images",
    "JobState",
    "Lost",
    "Malformed",
    "Outcome",
    "Pipeline",
    "Place",
    "Policy",
    "Reason",
    "Removed",
    "Spread",
    "Stream",
    "StreamApp",
    "TooManyEvents",
    "TooManyItems",
    "Undecodable",
    "UnitOfWork",
    "Use",
    "World",
    "from_alarm",
    "from_cron",
    "from_dynamodb",
    "from_eventbridge",
    "from_kinesis",
    "from_s3",
    "from_sns",
    "from_sns_alarm",
    "from_sns_s3",
    "from_sqs",
    "from_sqs_eventbridge",
    "from_sqs_s3",
    "from_sqs_sns",
    "from_sqs_sns_s3",
    "lock_of",
    "merged",
    "outbox_item",
    "rules",
    "timestamp_condition",
    "to_alarm_event",
    "to_cron_event",
    "to_dynamodb_records",
    "to_eventbridge_event",
    "to_kinesis_records",
    "to_s3_records",
    "to_sns_alarm_records",
    "to_sns_records",
    "to_sns_s3_records",
    "to_sqs_eventbridge_records",
    "to_sqs_records",
    "to_sqs_s3_records",
    "to_sqs_sns_records",
    "to_sqs_sns_s3_records",
    "update_expression",
]

_MODULES = {
    "Action": "faults.policy",
    "Added": "sinks.expressions",
    "BulkCall": "pipelines.steps",
    "Call": "pipelines.steps",
    "Each": "pipelines.steps",
    "Entry": "pipelines.steps",
    "Event": "event",
    "Gather": "pipelines.steps",
    "HandedBack": "answers",
    "HttpBusy": "sinks.http",
    "HttpRefused": "sinks.http",
    "Ignored": "outcome",
    "Images": "sources.dynamodb",
    "JobState": "store.jobs",
    "Lost": "sinks.dynamodb",
    "Malformed": "json_text",
    "Outcome": "outcome",
    "Pipeline": "pipelines.pipeline",
    "Place": "place",
    "Policy": "faults.policy",
    "Reason": "outcome",
    "Removed": "sinks.expressions",
    "Spread": "pipelines.steps",
    "Stream": "pipelines.stream",
    "StreamApp": "app",
    "TooManyEvents": "store.table",
    "TooManyItems": "queries.pages",
    "Undecodable": "outcome",
    "UnitOfWork": "uow",
    "Use": "pipelines.steps",
    "World": "engine.world",
    "from_alarm": "sources.alarms",
    "from_cron": "sources.cron",
    "from_dynamodb": "sources.dynamodb",
    "from_eventbridge": "sources.eventbridge",
    "from_kinesis": "sources.kinesis",
    "from_s3": "sources.s3",
    "from_sns": "sources.sns",
    "from_sns_alarm": "sources.alarms",
    "from_sns_s3": "sources.s3",
    "from_sqs": "sources.sqs",
    "from_sqs_eventbridge": "sources.eventbridge",
    "from_sqs_s3": "sources.s3",
    "from_sqs_sns": "sources.sns",
    "from_sqs_sns_s3": "sources.s3",
    "lock_of": "sinks.expressions",
    "merged": "uow",
    "outbox_item": "store.outbox",
    "timestamp_condition": "sinks.expressions",
    "to_alarm_event": "sources.alarms",
    "to_cron_event": "sources.cron",
    "to_dynamodb_records": "sources.dynamodb_records",
    "to_eventbridge_event": "sources.eventbridge",
    "to_kinesis_records": "sources.kinesis",
    "to_s3_records": "sources.s3",
    "to_sns_alarm_records": "sources.alarms",
    "to_sns_records": "sources.sns",
    "to_sns_s3_records": "sources.s3",
    "to_sqs_eventbridge_records": "sources.eventbridge",
    "to_sqs_records": "sources.sqs",
    "to_sqs_s3_records": "sources.s3",
    "to_sqs_sns_records": "sources.sns",
    "to_sqs_sns_s3_records": "sources.s3",
    "update_expression": "sinks.expressions",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used."""
    if name == "rules":
        return import_module(f"{__name__}.rules")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
