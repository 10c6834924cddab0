"""Every hostile token is refused, for the right reason, and moves nothing else."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.auth.authorizer import Authorizer
from cdk_streamer_runtime.auth.denial import Denied, Reason
from tests.runtime.auth import issuer
from tests.runtime.auth.conftest import Origin
from tests.runtime.auth.hostile_tokens import Hostile, hostile_tokens

HOSTILE = hostile_tokens()
# The text alone tells these; for the others the keys must be known.
KEYLESS = [entry for entry in HOSTILE if entry.reason not in {Reason.UNKNOWN_KEY, Reason.SIGNATURE}]


def refuse(authorizer: Authorizer, text: str) -> Denied:
    with pytest.raises(Denied) as refused:
        authorizer.accept(text)
    return refused.value


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_token_is_refused_for_its_reason(
    hostile: Hostile, authorizer: Authorizer
) -> None:
    denied = refuse(authorizer, hostile.text)

    assert denied.reason is hostile.reason


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_token_causes_no_request(
    hostile: Hostile, authorizer: Authorizer, origin: Origin
) -> None:
    authorizer.accept(issuer.token())

    refuse(authorizer, hostile.text)

    assert origin.requests == 1


def test_a_token_refused_for_its_text_does_not_even_fetch_the_first_keys(
    authorizer: Authorizer, origin: Origin
) -> None:
    refused = [refuse(authorizer, hostile.text) for hostile in KEYLESS]

    assert (len(refused), origin.requests) == (len(KEYLESS), 0)


def test_a_refusal_carries_nothing_but_its_reason(authorizer: Authorizer) -> None:
    refused = [refuse(authorizer, hostile.text) for hostile in HOSTILE]

    assert [denied.args for denied in refused] == [(entry.reason.value,) for entry in HOSTILE]
    assert [denied for denied in refused if denied.__cause__] == []
    assert [
        denied for denied in refused if denied.__context__ and not denied.__suppress_context__
    ] == []


def test_the_table_has_every_family_and_no_name_twice() -> None:
    families = {entry.name.partition(":")[0] for entry in HOSTILE}
    assert len(families) == 23
    assert len({entry.name for entry in HOSTILE}) == len(HOSTILE) >= 150


def test_the_token_that_the_forgeries_start_from_is_good(authorizer: Authorizer) -> None:
    assert authorizer.accept(issuer.token()).owner == issuer.OWNER
