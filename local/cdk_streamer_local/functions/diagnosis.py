"""Says in the app's words why a function failed, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.functions.reports import Report, ReportKind
from cdk_streamer_local.functions.wiring import Wired

_DENIED = re.compile(
    r"is not authorized to perform: (?P<action>[\w:*-]+)"
    r"(?: on resource: (?P<resource>[^\s\"'\\]+))?"
)
_MISSING_MODULE = re.compile(r"ModuleNotFoundError: No module named '(?P<module>[\w.]+)'")

_CLOCKS_DIFFER = 0.25


class Diagnosis:
    """Explains each problem once, until the functions change."""

    def __init__(self, functions: Sequence[Wired], stacks: Sequence[DeployedStack]) -> None:
        self._functions = {wired.function.name: wired for wired in functions}
        self._constructs = _constructs(stacks)
        self._begun: dict[str, float] = {}
        self._told = set[tuple[str, str]]()

    def explain(self, report: Report) -> str | None:
        """Give the explanation of what a function reports, if there is one and it is new."""
        wired = self._functions.get(report.function)
        if wired is None:
            return None
        if report.kind is ReportKind.START and report.request:
            self._begun[report.request] = report.time
        text = self._text(wired, report)
        if text is None or (report.function, text) in self._told:
            return None
        self._told.add((report.function, text))
        return text

    def _text(self, wired: Wired, report: Report) -> str | None:
        denied = _DENIED.search(report.text)
        if denied is not None:
            return self._denied(wired, denied["action"], denied["resource"])
        if report.kind is ReportKind.UNLOADABLE:
            return _unloadable(wired, report.text)
        if report.kind is ReportKind.GONE and report.request:
            return self._gone(wired, report.request, report.time)
        return None

    def _denied(self, wired: Wired, action: str, resource: str | None) -> str:
        on = f" on {self._named(resource)}" if resource else ""
        role = self._constructs.get(wired.role, wired.role)
        return (
            f"{wired.function.label} may not do {action}{on}: its role {role} has no statement "
            "that allows it; grant it in the app, as AWS would refuse it too"
        )

    def _named(self, arn: str) -> str:
        for name, path in self._constructs.items():
            if re.search(rf"[:/]{re.escape(name)}(?=$|[:/])", arn):
                return f"{path} ({arn})"
        return arn

    def _gone(self, wired: Wired, request: str, now: float) -> str:
        taken = now - self._begun.get(request, now)
        # The engine's clock runs since it wrote the event, ours since the worker read it.
        if taken >= wired.timeout_seconds - _CLOCKS_DIFFER:
            return (
                f"{wired.function.label} reached its timeout of {wired.timeout_seconds} s; raise "
                "it, or do less in one invocation"
            )
        return (
            f"the worker of {wired.function.label} ended within an invocation: killed, reloaded, "
            "or out of memory"
        )


def _unloadable(wired: Wired, trace: str) -> str:
    missing = _MISSING_MODULE.search(trace)
    if missing is not None:
        return (
            f"{wired.function.label} cannot be imported: its code has no module "
            f"{missing['module']!r}; name what brings it in the requirements.txt of its folder"
        )
    last = trace.strip().rpartition("\n")[2]
    return f"{wired.function.label} cannot be imported: {last}; correct what its traceback shows"


def _constructs(stacks: Sequence[DeployedStack]) -> Mapping[str, str]:
    """Give constructs by the last part of their resources' engine's names, the longest first."""
    names = {
        stack.physical[resource.logical_id].rpartition("/")[2]: resource.construct_path
        for stack in stacks
        for resource in stack.template.resources
        if resource.logical_id in stack.physical
    }
    return dict(sorted(names.items(), key=lambda entry: -len(entry[0])))
