"""EventBridge Scheduler in memory: schedules by group and name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cdk_streamer_runtime.error_codes import aws_error

_NAME = re.compile(r"[0-9a-zA-Z-_.]{1,64}")
_NEEDED = ("FlexibleTimeWindow", "ScheduleExpression", "Target")


class MemorySchedules:
    """The schedules of groups that a test declares. Nothing fires."""

    def __init__(self, groups: Iterable[str]) -> None:
        self._schedules: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in groups}
        self._tokens: set[tuple[str, str]] = set()

    def all(self, group: str) -> dict[str, dict[str, Any]]:
        """Give the schedules of a group, by their names."""
        return dict(self._schedules[group])

    def rest(self, method: str, url: str, body: bytes) -> bytes:
        """Answer a request; raises AwsError."""
        address = urlsplit(url)
        name = unquote(address.path.removeprefix("/schedules/"))
        given: Mapping[str, Any] = json.loads(body) if body else {}
        query = parse_qs(address.query)
        group = given.get("GroupName") or query.get("groupName", ["default"])[0]
        if group not in self._schedules:
            raise aws_error("ResourceNotFoundException", "no such group", 404, method)
        if not _NAME.fullmatch(name) or (body and any(part not in given for part in _NEEDED)):
            raise aws_error("ValidationException", "the schedule is malformed", 400, method)
        match method:
            case "POST":
                self._create(group, name, given)
            case "PUT":
                self._known(group, name)
                self._schedules[group][name] = dict(given)
            case "DELETE":
                self._known(group, name)
                del self._schedules[group][name]
            case _:
                raise NotImplementedError(f"{method} {address.path} is not known to MemoryAws")
        return b"{}"

    def _create(self, group: str, name: str, given: Mapping[str, Any]) -> None:
        token = (name, str(given.get("ClientToken", "")))
        if token in self._tokens and name in self._schedules[group]:
            return
        if name in self._schedules[group]:
            raise aws_error("ConflictException", "it exists already", 409, "CreateSchedule")
        self._tokens.add(token)
        self._schedules[group][name] = dict(given)

    def _known(self, group: str, name: str) -> None:
        if name not in self._schedules[group]:
            raise aws_error("ResourceNotFoundException", "no such schedule", 404, "Schedule")
