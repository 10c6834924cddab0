"""The documents of the timers' API as JSON Schema (2020-12), which OpenAPI 3.1 takes as it is."""

from __future__ import annotations

from collections.abc import Mapping

from cdk_streamer_runtime.contract.timers import TIMER_BATCH, TIMER_ID_PATTERN, TimerState
from cdk_streamer_runtime.operations import Schema, ref, thing
from cdk_streamer_runtime.timers.definition import DEFAULT_GRACE, Policy
from cdk_streamer_runtime.timers.rest import body
from cdk_streamer_runtime.timers.schedules.moments import PATTERN


def closed(properties: Mapping[str, Schema], *required: str, text: str | None = None) -> Schema:
    """Describe an object that has no other members."""
    schema: Schema = {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
    return {"description": text, **schema} if text else schema


def or_null(schema: Schema) -> Schema:
    """Describe what may be left out by a null, too."""
    return {"anyOf": [schema, {"type": "null"}]}


def _integer(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _text(longest: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _choice(*choices: str) -> Schema:
    return {"enum": list(choices)}


ID: Schema = {"type": "string", "pattern": f"^{TIMER_ID_PATTERN}$"}
MOMENT: Schema = {
    "type": "string",
    "pattern": f"^{PATTERN}$",
    "maxLength": body.MOMENT_LENGTH,
    "description": "whole seconds with their offset",
}
TEXT: Schema = {"type": "string"}
_PERIOD = _integer(1, body.LONGEST_PERIOD)
_SCHEDULE: Mapping[str, Schema] = {
    "every": {**_PERIOD, "description": "seconds"},
    "phase": {
        **_integer(0, body.LONGEST_PERIOD - 1),
        "description": "below the period; default: of the id",
    },
    "cron": {**_text(body.CRON_LENGTH), "description": "five fields"},
    "timezone": {**_text(body.ZONE_LENGTH), "description": "of the IANA database; default: UTC"},
    "at": MOMENT,
}
_JITTER: Mapping[str, Schema] = {
    "seconds": _PERIOD,
    "mode": _choice("stable", "each"),
}
_MISFIRE: Mapping[str, Schema] = {
    "policy": _choice(*Policy),
    "grace": {**_integer(0, body.LONGEST_GRACE), "default": DEFAULT_GRACE},
}
_COMPUTED: Mapping[str, Schema] = {
    name: {"description": "ignored: an answer may be sent back"} for name in body.COMPUTED
}


def _schedule(kind: str, *details: str) -> Schema:
    others = {name: {"type": "null"} for name in _SCHEDULE if name not in {kind, *details}}
    told = {name: or_null(_SCHEDULE[name]) for name in details}
    return closed({kind: _SCHEDULE[kind], **told, **others}, kind)


def _wanted(schedule: Schema, jitter: Schema) -> dict[str, Schema]:
    misfire = {name: or_null(schema) for name, schema in _MISFIRE.items()}
    return {
        "schedule": schedule,
        "start": or_null(MOMENT),
        "end": or_null(MOMENT),
        "jitter": or_null(jitter),
        "misfire": {"anyOf": [_choice(*Policy), closed(misfire), {"type": "null"}]},
        "owner": or_null(_text(body.OWNER_LENGTH)),
        "state": or_null(_choice(*TimerState)),
        "data": {"description": "what the callback gets"},
        "id": or_null({**ID, "description": "the one of the URL"}),
        **_COMPUTED,
    }


_WHOLE_JITTER = closed({"seconds": _JITTER["seconds"], "mode": or_null(_JITTER["mode"])}, "seconds")
_BODY = _wanted(ref("Schedule"), _WHOLE_JITTER)
_OLDER = {
    body.OLDER_DATA: {"description": "what the callback's message is"},
    body.OLDER_MINUTE: or_null(_integer(0, 59)),
}
_LISTED: Mapping[str, Schema] = {
    "id": ref("Id"),
    "state": _choice(*TimerState),
    "schedule": ref("Schedule"),
    "owner": TEXT,
    "start": MOMENT,
    "end": MOMENT,
    "created_at": {"type": "string", "format": "date-time"},
    "next_fire_at": or_null(MOMENT),
}
_TAGS: Mapping[str, Schema] = {"if_match": or_null(TEXT), "if_none_match": or_null(TEXT)}
_CALLED: Mapping[str, Schema] = {"id": ref("Id"), **_TAGS}

SCHEMAS: Mapping[str, Schema] = {
    "Id": ID,
    "Schedule": {
        "oneOf": [_schedule("every", "phase"), _schedule("cron", "timezone"), _schedule("at")]
    },
    "Wanted": {"anyOf": [ref("Body"), ref("OlderBody")]},
    "Body": closed(_BODY, "schedule"),
    "OlderBody": closed(
        {
            **_BODY,
            **_OLDER,
            "schedule": or_null(ref("Schedule")),
            **{name: {} for name in body.OLDER_COMPUTED},
        },
        body.OLDER_DATA,
        text="every hour at that minute; an answer to it may be sent back too",
    ),
    "Patch": closed(
        _wanted(
            or_null(closed({name: or_null(each) for name, each in _SCHEDULE.items()})),
            closed({name: or_null(each) for name, each in _JITTER.items()}),
        )
        | _OLDER,
        text="a merge patch: null takes a member away",
    ),
    "Timer": thing(
        {
            **_LISTED,
            "jitter": thing(_JITTER),
            "misfire": thing(_MISFIRE),
            "data": {},
            "last_due_at": or_null(MOMENT),
            "updated_at": {"type": "string", "format": "date-time"},
            body.OLDER_DATA: {},
            "shardId": TEXT,
            "timeShardId": TEXT,
        },
        *("owner", "start", "end", "jitter", body.OLDER_DATA, *body.OLDER_COMPUTED),
    ),
    "Page": thing(
        {
            "timers": {"type": "array", "items": thing(_LISTED, "owner", "start", "end")},
            "cursor": or_null(TEXT),
        }
    ),
    "Occurrences": thing(
        {
            "id": ref("Id"),
            "occurrences": {"type": "array", "items": MOMENT},
            "next": or_null(MOMENT),
        }
    ),
    "Batch": closed(
        {
            "entries": {
                "type": "array",
                "minItems": 1,
                "maxItems": TIMER_BATCH,
                "items": {
                    "oneOf": [
                        closed({**_CALLED, "put": ref("Wanted")}, "id", "put"),
                        closed({**_CALLED, "patch": ref("Patch")}, "id", "patch"),
                        closed({**_CALLED, "delete": {"const": True}}, "id", "delete"),
                    ]
                },
            }
        },
        "entries",
    ),
    "Results": thing(
        {
            "results": {
                "type": "array",
                "items": thing(
                    {
                        "id": ref("Id"),
                        "status": {"enum": [200, 201, 204]},
                        "etag": TEXT,
                        "timer": ref("Timer"),
                    },
                    *("etag", "timer"),
                ),
            }
        }
    ),
    "Problem": thing(
        {
            "type": {"type": "string", "format": "uri"},
            "title": TEXT,
            "status": _integer(400, 599),
            "detail": TEXT,
            "errors": {"type": "array", "items": ref("Fault")},
            "results": {"type": "array", "items": ref("Refused")},
            "trace_id": TEXT,
        },
        *("errors", "results", "trace_id"),
        text="RFC 9457",
    ),
    "Fault": thing(
        {"pointer": TEXT, "parameter": TEXT, "header": TEXT, "detail": TEXT},
        *("pointer", "parameter", "header"),
    ),
    "Refused": thing(
        {"id": or_null(ref("Id")), "status": _integer(400, 499), "problem": ref("Problem")},
        "problem",
        text="of a batch of which nothing was written",
    ),
}
