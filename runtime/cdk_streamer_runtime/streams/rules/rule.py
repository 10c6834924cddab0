"""A rule: a flavor of pipeline with options, which are checked when the module is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast, dataclass_transform

from cdk_streamer_runtime.streams.pipelines.filters import accepting
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import Step
from cdk_streamer_runtime.streams.routing.patterns import EventTypeOption, event_types
from cdk_streamer_runtime.streams.rules.options import (
    BOOLEAN,
    EVENT_TYPE,
    ID,
    POLICY,
    UOW_FUNCTION,
    Option,
    option,
)
from cdk_streamer_runtime.streams.uow import UnitOfWork

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.faults.policy import Policy

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(option,))
def flavor(rule: type[T]) -> type[T]:
    """Make a class with options a flavor of rule."""
    return dataclass(frozen=True, slots=True, kw_only=True, eq=False)(rule)


@flavor
class Rule:
    """What all flavors have. A flavor gives its `steps`, or its `pipelines` if they are several.

    `kind` is what the flavor is called in manifests and graphs.
    """

    kind: ClassVar[str] = ""

    id: str = option(ID, "what the rule is known by: in metrics, in faults, in ids of events")
    event_type: EventTypeOption = option(
        EVENT_TYPE, "the types of the events that it takes; '*' for any"
    )
    filter: Callable[[UnitOfWork], object] | None = option(
        UOW_FUNCTION, "takes only events for which this is true", default=None
    )
    own: bool = option(BOOLEAN, "takes also what this processor has emitted itself", default=False)
    policy: Policy | None = option(
        POLICY, "what becomes of errors, before the app's policy is asked", default=None
    )

    def __new__(cls, *arguments: Any, **options: Any) -> Self:  # noqa: ANN401 - checked here
        """Check the options before anything is made of them; raises ValueError."""
        _check(cls, arguments, options)
        return object.__new__(cls)

    def __post_init__(self) -> None:
        """Refuse options that do not go together."""
        if wrong := self.contradiction():
            raise ValueError(f"{self}: {wrong}")

    def __str__(self) -> str:
        return _title(type(self), self.id)

    def contradiction(self) -> str | None:
        """Say which options do not go together; None if all do."""
        return None

    def accepts(self) -> Callable[[UnitOfWork], bool] | None:
        """Give the test of an event of a fitting type; None if it takes all."""
        return accepting(content=self.filter)

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        raise NotImplementedError(f"{type(self).__name__} must have steps() or pipelines()")

    def emits(self) -> tuple[str, ...]:
        """Give the types of the events that it publishes, as far as they are known."""
        return ()

    def pipelines(self) -> tuple[Pipeline, ...]:
        """Give what it compiles to."""
        return (
            Pipeline(
                id=self.id,
                types=event_types(self.event_type),
                steps=self.steps(),
                accepts=self.accepts(),
                policy=self.policy,
                emits=self.emits(),
                own=self.own,
            ),
        )


def compile_rules(rules: Iterable[Rule]) -> dict[Rule, tuple[Pipeline, ...]]:
    """Give the pipelines of each rule; raises ValueError if two have the same id."""
    compiled: dict[Rule, tuple[Pipeline, ...]] = {}
    known: dict[str, Rule] = {}
    for each in _listed(rules):
        compiled[each] = _pipelines(each)
        for name in dict.fromkeys([each.id, *(pipeline.id for pipeline in compiled[each])]):
            other = known.setdefault(name, each)
            if other is not each:
                raise ValueError(f"{each} and {other} have the same id {name!r}; rename one")
    return compiled


def _listed(rules: object) -> Iterator[Rule]:
    is_list = isinstance(rules, Iterable) and not isinstance(rules, str)
    listed = cast("Iterable[object]", rules if is_list else [rules])
    for each in listed:
        if not is_list or not isinstance(each, Rule):
            raise ValueError(
                f"rules must be a list of rules like [rules.Materialize(...)], got {each!r}"
            )
        yield each


def _pipelines(rule: Rule) -> tuple[Pipeline, ...]:
    try:
        return rule.pipelines()
    except ValueError as error:  # of a step, which does not know whose it is
        if repr(rule.id) in str(error):
            raise
        raise ValueError(f"{rule}: {error}") from error


def options_of(kind: type[Rule]) -> dict[str, Option]:
    """Give the options of a flavor by their names."""
    return {each.name: each.metadata["option"] for each in _fields(kind)}


def _fields(kind: type[Rule]) -> Iterator[Field[Any]]:
    return (each for each in fields(kind) if "option" in each.metadata)


def _check(kind: type[Rule], arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    title = _title(kind, options.get("id"))
    if arguments:
        raise ValueError(f"{title} takes options by name, got {arguments[0]!r}")
    known = {each.name: each for each in _fields(kind)}
    for name in options:
        if name not in known:
            from difflib import get_close_matches  # costs a cold start, and rules are right then

            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(known)}"
            raise ValueError(f"{title} has no option {name!r}; {hint}")
    for name, value in options.items():
        declared: Option = known[name].metadata["option"]
        is_none = value is None and declared.is_optional
        if not is_none and (wrong := declared.kind.refusal(value)):
            raise ValueError(f"{title}: {name} {wrong}")
    for name, each in known.items():
        if name not in options and each.default is MISSING:
            doc = each.metadata["option"].doc
            raise ValueError(f"{title} lacks the option {name!r}: {doc}")


def _title(kind: type[Rule], name: object) -> str:
    return f"rule {name!r} ({kind.__name__})" if name else f"a rule without id ({kind.__name__})"
