"""The documented rules of a stream's mapping, case by case.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from __future__ import annotations

import pytest

from cdk_streamer_local.pollers.answer import NotInvoked, Raised, Responded
from cdk_streamer_local.pollers.lane import (
    PAYLOAD_BYTES,
    Condition,
    Discard,
    Invoke,
    Lane,
    Wait,
)
from cdk_streamer_local.pollers.record import Record
from cdk_streamer_local.pollers.settings import Settings

NOW = 1000.0
LATER = NOW + 60


def records(*sequences, arrived=NOW, size=100):
    return tuple(
        Record(sequence=str(number), key="k", arrived=arrived, size=size) for number in sequences
    )


def lane(*sequences, arrived=NOW, size=100, **settings):
    return Lane(settings=Settings(**settings)).took(
        records(*sequences, arrived=arrived, size=size), NOW
    )


def invoked(lane, now=NOW):
    """Give the lane with its next batch at the function."""
    move = lane.next(now)
    assert isinstance(move, Invoke)
    return move.lane


def sent(lane, now=LATER):
    """Give the numbers of the next batch."""
    move = lane.next(now)
    assert isinstance(move, Invoke)
    return numbers(move.batch)


def numbers(batch):
    return tuple(map(int, batch.sequences))


def failing(*names):
    return Responded(response={"batchItemFailures": [{"itemIdentifier": name} for name in names]})


class TestBatches:
    def test_records_are_sent_in_the_order_of_the_shard(self):
        assert sent(lane(1, 2, 3)) == (1, 2, 3)

    def test_a_batch_has_no_more_records_than_the_batch_size(self):
        assert sent(lane(1, 2, 3, batch_size=2)) == (1, 2)

    def test_the_next_batch_begins_where_the_last_one_ended(self):
        first = invoked(lane(1, 2, 3, batch_size=2))

        assert sent(first.answered(Responded(), NOW).lane) == (3,)

    def test_a_lane_has_one_batch_with_the_function_at_a_time(self):
        assert invoked(lane(1, 2, batch_size=1)).next(LATER) == Wait()

    def test_without_a_window_a_single_record_is_sent_at_once(self):
        assert sent(lane(1), NOW) == (1,)

    def test_a_window_holds_records_back_until_it_ends(self):
        assert lane(1, window_seconds=5).next(NOW + 4) == Wait(until=NOW + 5)

    def test_a_window_that_ended_sends_what_there_is(self):
        assert sent(lane(1, 2, window_seconds=5), NOW + 5) == (1, 2)

    def test_a_full_batch_does_not_wait_for_its_window(self):
        assert sent(lane(1, 2, batch_size=2, window_seconds=5), NOW) == (1, 2)

    def test_a_full_payload_does_not_wait_for_its_window(self):
        assert sent(lane(1, 2, size=PAYLOAD_BYTES // 2, window_seconds=5), NOW) == (1,)

    def test_the_window_opens_with_its_first_record(self):
        later = lane(window_seconds=5).took(records(1), NOW + 3).took(records(2), NOW + 4)

        assert later.next(NOW + 4) == Wait(until=NOW + 8)

    def test_a_payload_is_no_larger_than_an_invocation_may_be(self):
        assert sent(lane(1, 2, 3, size=PAYLOAD_BYTES // 3)) == (1, 2)

    def test_a_record_that_is_larger_than_any_payload_is_sent_alone(self):
        assert sent(lane(1, 2, size=PAYLOAD_BYTES + 1)) == (1,)

    def test_without_records_there_is_nothing_to_wait_for(self):
        assert lane().next(NOW) == Wait()


class TestResponses:
    @pytest.mark.parametrize(
        "response",
        [
            pytest.param({"batchItemFailures": []}, id="an empty list"),
            pytest.param({"batchItemFailures": None}, id="a null list"),
            pytest.param({}, id="an empty response"),
            pytest.param(None, id="a null response"),
            pytest.param({"statusCode": 200}, id="another response"),
        ],
    )
    def test_a_response_without_failures_is_a_success_of_the_whole_batch(self, response):
        batch = invoked(lane(1, 2, 3, partial=True))

        assert batch.answered(Responded(response=response), NOW).lane.checkpoint is None

    @pytest.mark.parametrize(
        "response",
        [
            pytest.param({"batchItemFailures": [{"itemIdentifier": ""}]}, id="an empty id"),
            pytest.param({"batchItemFailures": [{"itemIdentifier": None}]}, id="a null id"),
            pytest.param({"batchItemFailures": [{"itemIdentifer": "2"}]}, id="a wrong key"),
            pytest.param({"batchItemFailures": [{"itemIdentifier": "9"}]}, id="an unknown id"),
            pytest.param(
                {"batchItemFailures": [{"itemIdentifier": 2}]}, id="an id that is no text"
            ),
            pytest.param({"batchItemFailures": ["2"]}, id="no objects"),
            pytest.param({"batchItemFailures": "2"}, id="no list"),
            pytest.param("", id="an empty text"),
            pytest.param([], id="no object"),
        ],
    )
    def test_a_response_that_cannot_be_understood_fails_the_whole_batch(self, response):
        batch = invoked(lane(1, 2, 3, partial=True))

        assert sent(batch.answered(Responded(response=response), NOW).lane) == (1, 2, 3)

    def test_records_are_retried_from_the_one_that_failed(self):
        batch = invoked(lane(1, 2, 3, partial=True))

        assert sent(batch.answered(failing("2"), NOW).lane) == (2, 3)

    def test_of_several_failures_the_lowest_sequence_number_is_the_checkpoint(self):
        batch = invoked(lane(1, 2, 3, 4, partial=True))

        assert sent(batch.answered(failing("4", "2", "3"), NOW).lane) == (2, 3, 4)

    def test_a_good_id_beside_a_bad_one_does_not_save_the_batch(self):
        batch = invoked(lane(1, 2, 3, partial=True))

        assert sent(batch.answered(failing("3", ""), NOW).lane) == (1, 2, 3)

    def test_a_response_means_nothing_unless_the_mapping_reports_failures(self):
        batch = invoked(lane(1, 2, 3, partial=False))

        assert batch.answered(failing("2"), NOW).lane.checkpoint is None


class TestErrors:
    def test_a_batch_whose_function_raised_is_retried_whole(self):
        batch = invoked(lane(1, 2, 3))

        assert sent(batch.answered(Raised(), NOW).lane) == (1, 2, 3)

    def test_later_records_wait_for_the_batch_that_failed(self):
        batch = invoked(lane(1, 2, 3, batch_size=2)).answered(Raised(), NOW).lane

        assert sent(batch) == (1, 2)

    def test_a_retry_comes_after_a_pause(self):
        batch = invoked(lane(1)).answered(Raised(), NOW).lane

        assert batch.next(NOW) == Wait(until=NOW + 0.1)

    def test_pauses_grow_up_to_ten_seconds(self):
        batch = lane(1)
        for _ in range(20):
            batch = invoked(batch, LATER).answered(Raised(), NOW).lane

        assert batch.next(NOW) == Wait(until=NOW + 10)

    def test_without_a_limit_retries_never_end(self):
        batch = lane(1)
        for _ in range(500):
            batch = invoked(batch, LATER).answered(Raised(), NOW).lane

        assert sent(batch) == (1,)


class TestRetries:
    def test_the_first_invocation_is_no_retry(self):
        batch = invoked(lane(1, 2, retries=1)).answered(Raised(), NOW)

        assert batch.discarded is None

    def test_a_batch_is_given_up_after_its_last_retry(self):
        batch = invoked(lane(1, 2, retries=1)).answered(Raised(), NOW).lane
        settled = invoked(batch, LATER).answered(Raised(error="Unhandled"), NOW)

        assert numbers(settled.discarded.batch) == (1, 2)  # pyright: ignore[reportOptionalMemberAccess] - then it fails
        assert settled.discarded.condition is Condition.RETRIES  # pyright: ignore[reportOptionalMemberAccess] - then it fails
        assert settled.discarded.batch.invocations == 2  # pyright: ignore[reportOptionalMemberAccess] - then it fails
        assert settled.discarded.error == "Unhandled"  # pyright: ignore[reportOptionalMemberAccess] - then it fails

    def test_with_no_retries_the_first_failure_gives_the_batch_up(self):
        settled = invoked(lane(1, 2, retries=0)).answered(Raised(), NOW)

        assert numbers(settled.discarded.batch) == (1, 2)  # pyright: ignore[reportOptionalMemberAccess] - then it fails

    def test_the_shard_goes_on_after_records_that_were_given_up(self):
        settled = invoked(lane(1, 2, batch_size=1, retries=0)).answered(Raised(), NOW)

        assert sent(settled.lane) == (2,)

    def test_a_partial_failure_uses_up_a_retry(self):
        settled = invoked(lane(1, 2, 3, partial=True, retries=0)).answered(failing("2"), NOW)

        assert numbers(settled.discarded.batch) == (2, 3)  # pyright: ignore[reportOptionalMemberAccess] - then it fails
        assert settled.discarded.error is None  # pyright: ignore[reportOptionalMemberAccess] - then it fails

    def test_a_function_that_is_throttled_uses_up_no_retry(self):
        settled = invoked(lane(1, retries=0)).answered(NotInvoked(), NOW)

        assert settled.discarded is None
        assert sent(settled.lane) == (1,)

    def test_a_throttled_batch_is_not_split(self):
        settled = invoked(lane(1, 2, bisect=True)).answered(NotInvoked(), NOW)

        assert sent(settled.lane) == (1, 2)


class TestAge:
    def test_records_that_became_too_old_are_given_up(self):
        batch = invoked(lane(1, age_seconds=60)).answered(Raised(), NOW).lane
        move = batch.next(NOW + 60)

        assert isinstance(move, Discard)
        assert move.discarded.condition is Condition.AGE

    def test_records_that_were_too_old_when_read_are_never_sent(self):
        move = lane(1, arrived=NOW - 61, age_seconds=60).next(NOW)

        assert isinstance(move, Discard)
        assert move.discarded.batch.invocations == 0

    def test_younger_records_of_the_same_batch_are_sent(self):
        old = lane(1, arrived=NOW - 61, age_seconds=60).took(records(2), NOW)
        move = old.next(NOW)

        assert isinstance(move, Discard)
        assert numbers(move.discarded.batch) == (1,)
        assert sent(move.lane, NOW) == (2,)

    def test_a_pause_ends_when_the_record_becomes_too_old(self):
        batch = invoked(lane(1, age_seconds=60)).answered(Raised(), NOW + 59.95).lane

        assert batch.next(NOW + 59.95) == Wait(until=NOW + 60)

    def test_without_a_limit_no_record_is_too_old(self):
        assert sent(lane(1, arrived=0.0)) == (1,)


class TestBisecting:
    def test_a_batch_whose_function_raised_is_split_in_two(self):
        halves = invoked(lane(1, 2, 3, 4, bisect=True)).answered(Raised(), NOW).lane

        assert sent(halves, NOW) == (1, 2)
        assert sent(invoked(halves).answered(Responded(), NOW).lane, NOW) == (3, 4)

    def test_of_an_odd_batch_the_first_half_is_larger(self):
        halves = invoked(lane(1, 2, 3, bisect=True)).answered(Raised(), NOW).lane

        assert sent(halves, NOW) == (1, 2)

    def test_splitting_uses_up_no_retry(self):
        settled = invoked(lane(1, 2, bisect=True, retries=0)).answered(Raised(), NOW)

        assert settled.discarded is None

    def test_a_single_record_is_retried_and_then_given_up(self):
        batch = invoked(lane(1, 2, bisect=True, retries=1)).answered(Raised(), NOW).lane
        batch = invoked(batch, LATER).answered(Raised(), NOW).lane
        settled = invoked(batch, LATER).answered(Raised(), NOW)

        assert numbers(settled.discarded.batch) == (1,)  # pyright: ignore[reportOptionalMemberAccess] - then it fails
        assert sent(settled.lane) == (2,)

    def test_the_second_half_waits_for_the_first(self):
        halves = invoked(lane(1, 2, bisect=True)).answered(Raised(), NOW).lane
        failed_again = invoked(halves).answered(Raised(), NOW).lane

        assert sent(failed_again) == (1,)

    def test_a_partial_response_splits_at_the_record_that_it_names(self):
        batch = invoked(lane(1, 2, 3, 4, 5, bisect=True, partial=True))

        assert sent(batch.answered(failing("4"), NOW).lane, NOW) == (4, 5)

    def test_splitting_at_a_response_uses_up_no_retry(self):
        batch = invoked(lane(1, 2, 3, bisect=True, partial=True, retries=0))

        assert batch.answered(failing("2"), NOW).discarded is None

    def test_a_response_that_names_the_first_record_halves_the_batch(self):
        batch = invoked(lane(1, 2, 3, 4, bisect=True, partial=True))

        assert sent(batch.answered(failing("1"), NOW).lane, NOW) == (1, 2)

    def test_an_error_halves_the_batch_although_failures_are_reported(self):
        batch = invoked(lane(1, 2, 3, 4, bisect=True, partial=True))

        assert sent(batch.answered(Raised(), NOW).lane, NOW) == (1, 2)


def test_a_lane_without_a_batch_at_the_function_refuses_an_answer():
    with pytest.raises(ValueError, match="no batch with the function"):
        lane(1).answered(Responded(), NOW)
