"""What a processor promises of what can be seen from outside, and the tests that hold it.

A test is `file::name` without `test_streams_` before the file's name and `test_` before its own.
"""

from __future__ import annotations

SOURCES = {
    "kinesis": ("flows::a_record_travels_from_a_data_stream_into_a_view",),
    "dynamodb": ("flows::what_changes_in_a_table_is_heard_by_who_listens_to_the_bus",),
    "sqs": ("groups::what_fails_comes_again_with_what_follows_it_in_its_group_and_nothing_else",),
    "event_bus": ("flows::what_changes_in_a_table_is_heard_by_who_listens_to_the_bus",),
}

PROMISES = {
    # Routing
    "an event goes to all rules that take it, each with changes of its own": (
        "flows::each_rule_that_takes_an_event_has_its_own_way_with_it",
    ),
    "a filter discards what no rule takes before it costs an invocation": (
        "flows::a_filter_keeps_from_a_processor_what_its_rules_do_not_take",
    ),
    "the actions of the manifest are enough, and nothing more is granted": (
        "flows::two_processors_keep_their_items_in_one_table",
        "flows::each_rule_that_takes_an_event_has_its_own_way_with_it",
        "failing::what_the_construct_was_told_not_to_grant_is_refused_and_handed_back",
    ),
    # Order
    "the same partition key strictly in order, different keys in parallel": (
        "flows::what_happened_to_a_key_is_written_in_its_order_while_others_are_written",
    ),
    # Faults
    "undecodable records become fault events": (
        "failing::what_is_no_event_is_a_fault_that_shows_where_it_is_kept_and_blocks_nobody",
    ),
    "an invalid record is one fault, with its record and the pipelines it hit": (
        "failing::a_poison_record_is_one_fault_and_its_neighbours_are_done",
    ),
    "a fault's id is deterministic": (
        "failing::what_fails_again_when_it_is_given_back_is_a_fault_again_and_the_same_one",
    ),
    "a fault is redacted, and its record can be given back whole": (
        "failing::a_fault_is_seen_mended_and_given_back_by_the_command",
    ),
    "a fault is published before the invocation ends or its record comes again": (
        "failing::a_fault_behind_what_comes_again_is_published_when_that_is_done_and_once",
    ),
    "throttling and its kin come again and are no faults": (
        "failing::what_cannot_be_done_yet_comes_again_and_what_is_done_does_not",
        "failing::a_missing_right_is_no_fault_and_is_done_when_it_is_there",
    ),
    # Partial batch response
    "the lowest record that failed is answered, and what is below it is not repeated": (
        "failing::what_cannot_be_done_yet_comes_again_and_what_is_done_does_not",
    ),
    "of a FIFO queue the failed id and those behind it in its group come again": (
        "groups::what_fails_comes_again_with_what_follows_it_in_its_group_and_nothing_else",
    ),
    # What Lambda does for it
    "a batch that fails as a whole is split": (
        "failing::a_batch_that_fails_as_a_whole_is_split_until_the_poison_is_alone",
    ),
    "what is given up is told to the on-failure destination": (
        "failing::what_never_succeeds_is_given_up_with_where_it_stands_and_the_others_are_done",
    ),
    # Deadline
    "what there is no time for is handed back in time": (
        "failing::what_there_is_no_time_for_is_handed_back_and_done_next",
    ),
    # Inverse optimistic lock
    "what is older never overwrites what is newer, and lost races are counted": (
        "flows::the_newest_event_is_what_the_view_ends_with_in_whatever_order_they_come",
        "flows::the_same_event_twice_is_once_in_the_view",
    ),
    # Micro event store
    "what several events complete is emitted once": (
        "flows::two_halves_make_one_whole_whether_they_come_together_apart_or_again",
    ),
    # Claim check
    "an event that is too large goes by claim check": (
        "flows::an_event_too_large_for_the_bus_is_heard_whole_by_claim_check",
    ),
    # At least once
    "what a worker had begun that died or froze is done by another": (
        "crashes::what_a_killed_worker_has_begun_is_done_by_another",
        "crashes::what_a_frozen_worker_has_begun_is_done_by_another_and_stays_done",
    ),
    "duplicates, delays and crashes change nothing in the end": (
        "chaos::after_duplicates_delays_and_crashes_all_is_as_after_a_calm_day",
    ),
    # Logs
    "logs tell what happened, and never what it was about": (
        "logs::nothing_that_events_are_about_is_written_down",
        "logs::every_line_is_json",
        "logs::what_is_handed_back_is_told_with_the_reason",
    ),
    "metrics are lines of the log, under the name of the processor": (
        "logs::what_is_measured_is_written_under_the_name_of_its_processor",
    ),
}

TABLES = {"source": SOURCES, "promise": PROMISES}
