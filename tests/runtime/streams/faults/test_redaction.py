"""Redaction: what is named is nowhere in a fault, in whatever form its source or an error has."""

from __future__ import annotations

import base64
import json
import random
import string

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.attributes import marshal_item
from cdk_streamer_runtime.streams.claims.compression import compressed
from cdk_streamer_runtime.streams.claims.packing import packed
from cdk_streamer_runtime.streams.claims.unpacking import Unpacking
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.faults.names import Names
from cdk_streamer_runtime.streams.faults.quotations import Quotations
from cdk_streamer_runtime.streams.faults.redaction import Redaction
from cdk_streamer_runtime.streams.outcome import Undecodable
from cdk_streamer_runtime.streams.place import NOWHERE, Place
from cdk_streamer_runtime.streams.sources.dynamodb import from_dynamodb
from cdk_streamer_runtime.streams.sources.dynamodb_records import to_dynamodb_records
from cdk_streamer_runtime.streams.sources.eventbridge import (
    from_eventbridge,
    from_sqs_eventbridge,
    to_eventbridge_event,
    to_sqs_eventbridge_records,
)
from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis, to_kinesis_records
from cdk_streamer_runtime.streams.sources.sns import (
    from_sns,
    from_sqs_sns,
    to_sns_records,
    to_sqs_sns_records,
)
from cdk_streamer_runtime.streams.sources.sqs import from_sqs, to_messages, to_sqs_records
from cdk_streamer_runtime.streams.uow import unit_of_work
from tests.runtime.streams.faults.failures import NOW, a_unit, an_event, failed, only, report
from tests.runtime.streams.records import JSON, few
from tests.runtime.streams.surroundings import CLAIMS, Surroundings

MAIL = "ann@example.com"
EVENT = an_event(thing={"mail": MAIL, "card": {"number": 4111_1111_1111_1111}, "name": "Ann"})
IMAGE = {
    "pk": "1",
    "sk": "thing",
    "discriminator": "thing",
    "mail": MAIL,
    "cards": [{"card": {"number": 4111_1111_1111_1111}}],
    "note": json.dumps({"mail": MAIL}),
}
CHANGE = {"timestamp": NOW, "raw": {"new": IMAGE, "old": IMAGE}}
SOURCES = {
    "kinesis": lambda: from_kinesis(to_kinesis_records([EVENT])),
    "dynamodb": lambda: from_dynamodb(to_dynamodb_records([CHANGE])),
    "sqs": lambda: from_sqs(to_sqs_records([EVENT])),
    "sns": lambda: from_sns(to_sns_records([EVENT])),
    "sns in sqs": lambda: from_sqs_sns(to_sqs_sns_records([EVENT])),
    "eventbridge": lambda: from_eventbridge(to_eventbridge_event(EVENT)),
    "eventbridge in sqs": lambda: from_sqs_eventbridge(to_sqs_eventbridge_records([EVENT])),
}


def shown(record):
    """Give the text of a record, with what is in base64 beside it."""
    data = record.get("kinesis", {}).get("data", "")
    return json.dumps(record) + base64.b64decode(data).decode(errors="replace")


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_what_is_named_is_nowhere_in_a_fault_of_any_source(source):
    (unit,) = source()
    fault = only(report(failed(unit), redact=("mail", "card.number")))
    text = json.dumps(fault) + shown(fault["record"])
    assert MAIL not in text
    assert "4111111111111111" not in text
    assert fault["redacted"] is True


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_the_original_waits_in_the_bucket_and_is_not_on_the_bus(source):
    here = Surroundings()
    (unit,) = source()
    fault = only(report(failed(unit), here=here, redact=("mail",)))
    claim = fault["original"]["claimCheck"]
    assert here.aws.stored() == {f"/{CLAIMS}/{claim['key']}": unit.record}
    assert claim["key"].startswith("records/")


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_what_is_not_named_is_as_it_was(source):
    (unit,) = source()
    fault = only(report(failed(unit), redact=("nobody",)))
    assert fault["record"] == unit.record
    assert not {"redacted", "original"} & fault.keys()


def test_without_a_bucket_a_redacted_record_is_gone_and_the_fault_says_so():
    here = Surroundings(bucket=False)
    fault = only(report(failed(a_unit(thing={"mail": MAIL})), here=here, redact=("mail",)))
    assert fault["redacted"] is True
    assert "original" not in fault


def test_what_redaction_leaves_of_a_record_can_still_be_read():
    (unit,) = from_kinesis(to_kinesis_records([EVENT]))
    record = only(report(failed(unit), redact=("mail",)))["record"]
    (again,) = from_kinesis({"Records": [record]})
    assert again.event["thing"] == {**EVENT["thing"], "mail": "[redacted]"}  # pyright: ignore[reportAttributeAccessIssue] - then it fails


def test_an_image_keeps_its_form():
    (unit,) = from_dynamodb(to_dynamodb_records([CHANGE]))
    image = only(report(failed(unit), redact=("mail",)))["record"]["dynamodb"]["NewImage"]
    assert image["mail"] == {"S": "[redacted]"}
    assert image["cards"] == marshal_item(IMAGE)["cards"]
    assert json.loads(image["note"]["S"]) == {"mail": "[redacted]"}


# --- texts of errors ------------------------------------------------------------------------------

QUOTES = {
    "as it is": f"no such user {MAIL}",
    "as Python shows it": f"invalid literal for int(): {MAIL!r}",
    "a part of it": "value too long: 'ann@exampl...'",
    "its end": "...example.com is no domain",
    "the whole record": json.dumps(EVENT),
    "a word": "bad code 1234 given",
    "a text of digits": "4111111111111111 is no card",
    "with an escape": json.dumps('it is "quoted" \n text') + repr('it is "quoted" \n text'),
}


@pytest.mark.parametrize("text", QUOTES.values(), ids=QUOTES.keys())
def test_an_error_that_quotes_a_redacted_value_is_redacted(text):
    thing = {"mail": MAIL, "code": 1234, "number": "4111111111111111"}
    thing["free"] = 'it is "quoted" \n text'
    unit = a_unit(thing=thing)
    names = ("mail", "code", "number", "free")
    fault = only(report(failed(unit, ValueError(text)), redact=names))
    message = fault["err"]["message"]
    pieces = ("ann@", "example.c", "1234", "4111", "quoted")
    assert [piece for piece in pieces if piece in message] == []
    assert "[redacted]" in message
    assert message == fault["hits"][0]["message"]


def test_the_causes_of_an_error_are_redacted_too():
    error = RuntimeError("no order")
    error.__cause__ = ValueError(f"no such user {MAIL}")
    fault = only(report(failed(a_unit(thing={"mail": MAIL}), error), redact=("mail",)))
    assert fault["err"]["causes"] == ["ValueError: no such user [redacted]"]


def test_an_event_that_came_packed_is_redacted_where_it_is_whole():
    here = Surroundings()
    event = an_event(thing={"mail": MAIL, "filler": "x" * 5_000})
    for compress in (None, 0):
        parcel = packed(event, 1_000, here.world, compress=compress)
        parcel.put(here.world)
        record = to_messages([parcel.text])["Records"][0]
        (unit,) = from_sqs({"Records": [record]})
        whole = Unpacking().redeem(unit, here.world)  # pyright: ignore[reportArgumentType] - then it fails
        assert whole.event == event
        fault = report(failed(whole), here=here, redact=("mail",))[-1]
        assert MAIL not in json.dumps(fault)
        assert fault["uow"]["event"]["thing"]["mail"] == "[redacted]"
        # Of a claim check nothing has to be redacted; nobody sees into what is compressed.
        assert fault.get("redacted", False) is (compress is not None)
        assert parcel.text == record["body"]


def test_an_error_that_quotes_nothing_is_as_it_was():
    text = "a long sentence about an order that has no total"
    fault = only(report(failed(a_unit(thing={"mail": MAIL}), ValueError(text)), redact=("mail",)))
    assert fault["err"]["message"] == text


def test_a_redacted_value_is_nowhere_else_under_another_name():
    unit = a_unit(thing={"mail": MAIL}, partitionKey=MAIL)
    unit = unit.extend(update_request={"Key": {"pk": f"user#{MAIL}"}, "count": 1})
    fault = only(report(failed(unit), redact=("mail",)))
    assert MAIL not in json.dumps(fault) + shown(fault["record"])
    assert fault["uow"]["update_request"]["Key"] == {"pk": "user#[redacted]"}
    assert len(fault["partitionKey"]) == 32


@pytest.mark.parametrize("length", [40, 3_000, 9_000])
def test_a_redacted_value_of_any_length_is_nowhere_in_what_steps_have_made_of_it(length):
    secret = "".join(random.Random(length).choices(string.ascii_letters, k=length))
    unit = a_unit(token=secret, copy=f"a {secret} b")
    unit = unit.extend(header=f"Basic {secret}", names={secret: 1}, made={"text": [secret]})
    fault = json.dumps(only(report(failed(unit), redact=("token",))))
    parts = [secret[at : at + 20] for at in range(0, length - 20, 20)]
    assert [part for part in parts if part in fault] == []


def test_a_redacted_value_is_no_name_either():
    image = {**IMAGE, "readers": {MAIL: True}}
    (unit,) = from_dynamodb(to_dynamodb_records([{"timestamp": NOW, "raw": {"new": image}}]))
    assert MAIL not in json.dumps(only(report(failed(unit), redact=("mail",))))


def test_a_number_that_is_redacted_is_so_as_a_text_and_as_a_number():
    unit = a_unit(thing={"number": 4111111111111111, "copy": 4111111111111111})
    unit = unit.extend(text="4111111111111111", other=12)
    fault = only(report(failed(unit), redact=("thing.number",)))
    assert "4111111111111111" not in json.dumps(fault) + shown(fault["record"])
    assert fault["uow"]["other"] == 12


def test_what_opens_doors_is_redacted_in_a_scope_without_being_named():
    headers = {"Authorization": "Basic YWRtaW46aHVudGVyMg==", "accept": "text/plain"}
    unit = a_unit(thing={"password": "of the event"}).extend(
        http_request={"headers": headers, "url": "https://x?X-Amz-Signature=0123456789"},
        note="sent with Basic YWRtaW46aHVudGVyMg==",
        key="AKIAIOSFODNN7EXAMPLE",
    )
    fault = only(report(failed(unit, RuntimeError("401 for Basic YWRtaW46aHVudGVyMg=="))))
    text = json.dumps(fault)
    secrets = ("YWRtaW46", "0123456789", "AKIAIOS")
    assert [each for each in secrets if each in text] == []
    assert fault["uow"]["http_request"]["headers"]["accept"] == "text/plain"
    assert fault["record"] == unit.record
    assert "redacted" not in fault


def test_an_error_about_what_cannot_be_looked_into_is_redacted_whole():
    deep: object = {"mail": MAIL}
    for _ in range(500):
        deep = [deep]
    of = Undecodable(record={"deep": deep}, place=NOWHERE, reason="deep", error="Deep")
    fault = only(report(failed(of, ValueError(f"no {MAIL}")), redact=("mail",)))
    assert fault["err"]["message"] == "[redacted]"
    assert MAIL not in json.dumps(fault)


# --- content that nobody can look into ------------------------------------------------------------

OPAQUE = {
    "cut JSON in a message": to_messages([json.dumps(EVENT)[:-3]])["Records"][0],
    "text in a message": to_messages([f"hello {MAIL}"])["Records"][0],
    "cut JSON in a stream": {
        "eventSource": "aws:kinesis",
        "kinesis": {"data": base64.b64encode(json.dumps(EVENT).encode()[:-3]).decode()},
    },
    "no base64": {"eventSource": "aws:kinesis", "kinesis": {"data": MAIL}},
    "a notification": {"EventSource": "aws:sns", "Sns": {"Message": f"hello {MAIL}"}},
    "compressed": {
        "eventSource": "aws:kinesis",
        "kinesis": {
            "data": base64.b64encode(
                json.dumps({"id": "1", "compressed": compressed(b"secret")}).encode()
            ).decode()
        },
    },
}


@pytest.mark.parametrize("record", OPAQUE.values(), ids=OPAQUE.keys())
def test_content_that_nobody_can_look_into_is_redacted_whole(record):
    of = Undecodable(record=record, place=NOWHERE, reason="it is no JSON", error="Bad")
    fault = only(report(failed(of), redact=("mail",)))
    text = json.dumps(fault) + shown(fault["record"])
    assert [each for each in (MAIL, compressed(b"secret")["data"]) if each in text] == []
    assert fault["redacted"] is True


def test_without_names_content_of_any_kind_stays_whole():
    record = OPAQUE["text in a message"]
    of = Undecodable(record=record, place=NOWHERE, reason="it is no JSON", error="Bad")
    assert only(report(failed(of)))["record"] == record


def test_what_is_nested_too_deeply_to_look_into_is_redacted_whole():
    deep: object = {"mail": MAIL}
    for _ in range(500):
        deep = [deep]
    record = {"eventSource": "own", "id": "1", "deep": deep}
    of = unit_of_work(record, Event(an_event()), Place("1", None, None, None))
    fault = only(report(failed(of), redact=("mail",)))
    assert MAIL not in json.dumps(fault)
    assert fault["redacted"] is True


# --- names ----------------------------------------------------------------------------------------

MATCHES = [
    ("mail", "mail", True),
    ("mail", "a.b.mail", True),
    ("MAIL", "eMail".lower()[1:], True),
    ("mail", "email", False),
    ("card.number", "order.card.number", True),
    ("card.number", "card.holder.number", False),
    ("card.number", "number", False),
    ("*_token", "access_token", True),
    ("*_token", "token", False),
    ("user.*", "user.name", True),
    ("user.*", "name", False),
    ("a?c", "abc", False),
    ("a[b]*", "a[b]c", True),
    ("a[b]*", "abc", False),
]


@pytest.mark.parametrize(("name", "path", "expected"), MATCHES)
def test_a_name_is_meant_wherever_it_stands_and_a_path_where_it_ends(name, path, expected):
    assert Names.of([name]).has(tuple(path.split("."))) is expected


@pytest.mark.parametrize("name", ["", ".", "a..b", "a b", ".a"])
def test_what_is_no_name_is_refused_with_the_remedy(name):
    with pytest.raises(ValueError, match="redact must have names or paths such as"):
        Redaction.of([name])


def test_names_in_any_case_are_meant():
    fault = only(report(failed(a_unit(thing={"eMail": MAIL})), redact=("email",)))
    assert fault["uow"]["event"]["thing"] == {"eMail": "[redacted]"}


def test_a_text_takes_one_pass_however_many_values_there_are():
    values = [f"value-{number:06}" for number in range(3_000)]
    looks = 0

    class Counted(str):
        __slots__ = ()

        def __getitem__(self, key):
            nonlocal looks
            looks += 1
            return str.__getitem__(self, key)

    quotations = Quotations(values)
    text = Counted(" ".join(reversed(values)))
    assert "value-" not in quotations.out_of_data(text)
    assert looks < 4 * len(text)


SECRETS = st.text("0123456789abcdef", min_size=8, max_size=40).map(lambda text: f"~{text}~")


@few
@given(document=JSON, secret=SECRETS, levels=st.integers(0, 3))
def test_a_secret_anywhere_in_a_document_is_found(document, secret, levels):
    for level in range(levels):
        document = [{"more": document}] if level % 2 else {"text": json.dumps(document)}
    inner = {"secret": {"within": [secret]}, "rest": document}
    unit = a_unit(thing=[inner, json.dumps(inner)])
    fault = only(report(failed(unit, ValueError(f"bad {secret!r}")), redact=("secret",)))
    assert secret not in json.dumps(fault) + shown(fault["record"])
