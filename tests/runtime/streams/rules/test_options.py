"""Options of rules: whatever is wrong with one is told at import, by the rule's id and its name."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cdk_streamer_runtime.streams import StreamApp, rules
from cdk_streamer_runtime.streams.rules.rule import Rule, compile_rules, options_of

VALID: dict[type[Rule], dict[str, Any]] = {
    rules.Materialize: {"to_update": lambda _: {}},
    rules.Cdc: {"to_event": lambda _: {}},
    rules.Update: {"to_update": lambda _: {}},
    rules.SendMessages: {"to_message": lambda _: {}, "queue": "mails"},
    rules.Custom: {"build": lambda stream: stream},
}
PUBLIC = [getattr(rules, name) for name in rules.__all__]
FLAVORS = [each for each in PUBLIC if isinstance(each, type) and issubclass(each, Rule)]
EACH = pytest.mark.parametrize(
    ("flavor", "name"),
    [(flavor, name) for flavor in FLAVORS for name in options_of(flavor)],
    ids=lambda each: getattr(each, "__name__", each),
)


def options(flavor: type[Rule], **others: Any) -> dict[str, Any]:
    return {"id": "m1", "event_type": "thing-created", **VALID[flavor], **others}


@pytest.mark.parametrize("flavor", VALID, ids=lambda flavor: flavor.__name__)
def test_a_rule_needs_no_other_options(flavor):
    (pipeline,) = flavor(**options(flavor)).pipelines()
    assert (pipeline.id, pipeline.types.exact) == ("m1", ("thing-created",))


@EACH
def test_an_option_of_a_wrong_kind_is_told_by_rule_and_name(flavor, name):
    with pytest.raises(ValueError, match=rf"^rule .* \({flavor.__name__}\): {name} must .* got"):
        flavor(**{"id": "m1", "event_type": "thing-created", name: object()})


@EACH
def test_each_option_says_what_it_is_for(flavor, name):
    assert len(options_of(flavor)[name].doc) > 10


@pytest.mark.parametrize("flavor", FLAVORS, ids=lambda flavor: flavor.__name__)
def test_an_option_that_there_is_not_is_told_with_the_one_that_was_meant(flavor):
    with pytest.raises(
        ValueError,
        match=rf"rule 'm1' \({flavor.__name__}\) has no option 'event_typ'; "
        "did you mean 'event_type'\\?",
    ):
        flavor(id="m1", event_typ="thing-created")


def test_the_message_names_the_rule_and_the_option():
    text = "rule 'm1' (Materialize) has no option 'to_updat'; did you mean 'to_update'?"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        rules.Materialize(id="m1", event_type="a", to_updat=lambda _: {})  # type: ignore[call-arg]


def test_an_option_that_is_like_no_other_is_told_with_all():
    with pytest.raises(ValueError, match="has no option 'zzz'; it has id, event_type, filter"):
        rules.Cdc(**options(rules.Cdc, zzz=1))


@pytest.mark.parametrize(
    ("flavor", "name"),
    [
        (rules.Materialize, "to_update"),
        (rules.Cdc, "to_event"),
        (rules.SendMessages, "queue"),
        (rules.Custom, "build"),
        (rules.Cdc, "event_type"),
    ],
    ids=str,
)
def test_a_missing_option_is_told(flavor, name):
    given = {key: value for key, value in options(flavor).items() if key != name}
    with pytest.raises(ValueError, match=rf"rule 'm1' \(\w+\) lacks the option '{name}': "):
        flavor(**given)


def test_a_rule_without_an_id_is_told():
    with pytest.raises(ValueError, match=r"a rule without id \(Cdc\) lacks the option 'id'"):
        rules.Cdc(event_type="a", to_event=lambda _: {})  # type: ignore[call-arg]


def test_options_are_given_by_name():
    with pytest.raises(ValueError, match=r"takes options by name, got 'm1'"):
        rules.Cdc("m1", event_type="a", to_event=lambda _: {})  # type: ignore[misc]


def takes_nothing() -> dict[str, Any]:
    return {}


async def waits(uow: Any) -> dict[str, Any]:
    return {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (waits, "does not wait, got the coroutine function 'waits'"),
        (takes_nothing, "got the function 'takes_nothing' with other"),
        (lambda _, __: {}, "with other parameters"),
        (None, "must be a function of a unit of work, got None"),
        ({"pk": 1}, "got {'pk': 1}"),
    ],
    ids=repr,
)
def test_a_function_that_cannot_be_called_with_a_unit_of_work_is_told(value, text):
    start = re.escape("rule 'm1' (Materialize): to_update ")
    with pytest.raises(ValueError, match=f"^{start}.*{re.escape(text)}"):
        rules.Materialize(**options(rules.Materialize, to_update=value))


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "x" * 65, "-a", None])
def test_an_id_is_told_that_cannot_stand_in_names(name):
    with pytest.raises(ValueError, match="id must be a text of up to 64 letters"):
        rules.Cdc(**options(rules.Cdc, id=name))


@pytest.mark.parametrize("event_type", [[], "", 5, None, ["a", 7]])
def test_event_types_that_are_none_are_told(event_type):
    with pytest.raises(ValueError, match=r"rule 'm1' \(Cdc\): event_type must "):
        rules.Cdc(**options(rules.Cdc, event_type=event_type))


@pytest.mark.parametrize(
    ("others", "text"),
    [
        ({"to_update": None}, "give one of to_update and to_update_request"),
        ({"to_update_request": lambda _: {}}, "give one of to_update and to_update_request"),
        (
            {"to_update": None, "to_update_request": lambda _: {}, "lock": True},
            "lock needs to_update",
        ),
    ],
)
def test_options_that_do_not_go_together_are_told(others, text):
    with pytest.raises(ValueError, match=rf"rule 'm1' \(Update\): {text}"):
        rules.Update(**options(rules.Update, **others))


def test_two_rules_of_one_id_are_told():
    rule = rules.Cdc(**options(rules.Cdc))
    other = rules.Materialize(**options(rules.Materialize))
    with pytest.raises(
        ValueError, match=r"rule 'm1' \(Materialize\) and rule 'm1' \(Cdc\) have the same id 'm1'"
    ):
        StreamApp(rules=[rule, other])


def test_rules_are_compiled_in_their_order():
    several = [rules.Cdc(**options(rules.Cdc, id=name)) for name in ("b", "a")]
    assert [rule.id for rule in compile_rules(several)] == ["b", "a"]


def test_a_rule_cannot_be_changed():
    rule = rules.Cdc(**options(rules.Cdc))
    with pytest.raises(AttributeError):
        rule.id = "other"  # type: ignore[misc]


def test_a_build_that_forgets_the_stream_is_told():
    rule = rules.Custom(id="audit", event_type="a", build=lambda _: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match=r"rule 'audit' .* got None; write `return stream"):
        rule.pipelines()


def test_users_can_have_flavors_of_their_own():
    from cdk_streamer_runtime.streams.rules.options import NAME, option

    @rules.flavor
    class Greet(rules.Rule):
        kind = "greet"
        name: str = option(NAME, "who is greeted")

        def steps(self) -> tuple[()]:
            return ()

    assert Greet(id="g1", event_type="a", name="you").pipelines()[0].id == "g1"
    with pytest.raises(ValueError, match=r"rule 'g1' \(Greet\): name must be a name, got 7"):
        Greet(id="g1", event_type="a", name=7)  # type: ignore[arg-type]


def test_each_public_name_is_there():
    assert [name for name in rules.__all__ if getattr(rules, name) is None] == []
    with pytest.raises(AttributeError, match="has no attribute 'Materialise'"):
        _ = rules.Materialise  # type: ignore[attr-defined]


def test_what_a_step_refuses_is_told_with_the_rule():
    rule = rules.Custom(
        id="audit", event_type="a", build=lambda stream: stream.call_http(url="ftp://example.com")
    )
    with pytest.raises(ValueError, match=r"^rule 'audit' \(Custom\): .*'ftp://example.com'"):
        compile_rules([rule])
