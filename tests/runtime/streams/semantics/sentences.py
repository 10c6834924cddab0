"""What a stream processor promises, and the tests that hold it: one row each, so that gaps show.

A test is `file::name` without `test_` before the file's name and its own, from the folder above.
"""

from __future__ import annotations

Rows = dict[str, tuple[str, ...]]

SIMULATED = "simulation::every_seed_keeps_every_promise"

ROUTING: Rows = {
    "the cost of an event grows with the rules that match and not with all rules": (
        "semantics/known_mistakes::a_hundred_rules_ask_no_more_of_an_event_than_one",
        "routing/router::what_is_remembered_of_types_is_bounded",
    ),
    "exact types and patterns find the pipelines that would say yes": (
        "routing/router::an_event_goes_into_the_pipelines_that_would_say_yes_in_their_order",
    ),
    "synth learns the rules from a manifest": (
        "manifest::rules_and_pipelines_are_told",
        "manifest::it_is_the_same_text_each_time",
    ),
    "an unknown or missing option of a rule fails at import with the rule and the option": (
        "rules/options::the_message_names_the_rule_and_the_option",
        "rules/options::a_missing_option_is_told",
        "manifest::a_wrong_option_ends_it_with_the_rule_the_option_and_the_users_line",
    ),
}

ORDER: Rows = {
    "the same partition key is strictly in order": (
        "engine/random_pipelines::calls_of_a_key_never_overlap_and_keep_their_order",
        SIMULATED,
    ),
    "different keys are worked on in parallel within bounds": (
        "engine/threads::different_keys_are_worked_on_at_the_same_time",
        "engine/random_pipelines::there_are_never_more_calls_at_once_than_lanes",
    ),
    "writes of one key never overlap": (
        "engine/threads::calls_of_a_key_never_overlap_in_threads_either",
        "engine/random_pipelines::no_ordered_call_has_two_entries_of_a_key",
        SIMULATED,
    ),
}

FAULTS: Rows = {
    "there is one policy for each class of error": (
        "engine/app::a_policy_s_most_specific_class_decides",
        "engine/calls::the_rule_s_policy_comes_before_the_app_s",
    ),
    "throttling is redelivered": (
        "semantics/known_mistakes::throttling_is_not_acknowledged_as_a_fault",
        SIMULATED,
    ),
    "undecodable unmappable and invalid records become fault events": (
        "engine/answers::a_record_that_cannot_be_read_becomes_a_fault_and_the_others_go_on",
        "engine/calls::an_entry_that_is_wrong_is_a_fault_and_its_neighbors_are_done",
        SIMULATED,
    ),
    "a fault carries its record its error and the pipelines it hit": (
        "faults/faults::a_fault_has_its_record_its_error_and_whom_it_hit",
    ),
    "the id of a fault is deterministic": (
        "faults/faults::the_same_record_and_error_have_the_same_id_whenever_they_come_again",
        SIMULATED,
    ),
    "a fault is redacted": (
        "faults/redaction::what_is_named_is_nowhere_in_a_fault_of_any_source",
        "faults/redaction::an_error_that_quotes_a_redacted_value_is_redacted",
    ),
    "there is one fault for each record and error and not one for each rule": (
        "faults/faults::one_bad_event_in_ten_rules_is_one_fault_that_names_them",
        SIMULATED,
    ),
    "a fault over the size limit goes by claim check": (
        "faults/faults::a_record_that_is_too_large_waits_in_the_bucket_as_it_was",
    ),
    "a fault is published before the invocation ends or its record is redelivered": (
        "engine/answers::records_whose_faults_could_not_be_published_come_again",
        "engine/answers::a_stream_goes_back_to_the_record_whose_fault_could_not_be_published",
        SIMULATED,
    ),
    "a fault is never carried into another invocation": (
        "engine/windows::faults_of_one_invocation_are_not_published_by_the_next",
        "faults/faults::what_is_not_published_is_given_back_and_never_carried_on",
        SIMULATED,
    ),
    "a failure while handling a fault event never becomes a new fault": (
        "engine/answers::a_fault_event_that_fails_comes_again_and_is_never_a_fault",
        "faults/faults::a_fault_that_cannot_be_handled_makes_no_other_fault",
    ),
    "faults can be resubmitted": (
        "faults/resubmission::a_poisoned_record_becomes_a_fault_is_fixed_and_resubmitted",
        "faults/resubmission::a_message_goes_only_when_the_answer_says_that_its_record_is_done",
    ),
}

ANSWERS: Rows = {
    "a record is done when all its branches are": (
        "engine/random_pipelines::a_message_comes_again_exactly_when_one_of_its_branches_has_to",
        "engine/windows::a_failure_of_what_was_merged_is_one_of_each_of_its_records",
        SIMULATED,
    ),
    "at the first redelivery no higher sequence is started": (
        "engine/random_pipelines::nothing_above_a_record_of_a_stream_that_comes_again_is_begun",
        SIMULATED,
    ),
    "work in flight is finished": (
        "engine/threads::what_runs_is_finished_when_another_lane_stops",
        "engine/calls::records_below_one_that_comes_again_go_on_to_their_end",
    ),
    "a stream is answered its lowest failed sequence": (
        "engine/answers::a_stream_is_answered_its_lowest_sequence_number",
        "engine/random_pipelines::of_a_stream_the_lowest_record_that_has_to_come_again_is_answered",
        SIMULATED,
    ),
    "a queue is answered the failed ids": (
        "engine/answers::a_queue_is_answered_the_ids_of_its_messages",
        SIMULATED,
    ),
    "a fifo queue is answered by group": (
        "engine/answers::a_fifo_queue_is_answered_all_later_ids_of_the_group_too",
        SIMULATED,
    ),
    "pulling stops in time and what is left is flushed and the rest reported": (
        "engine/windows::pulling_ends_in_time_and_the_rest_of_a_stream_comes_again",
        "engine/windows::what_was_gathered_is_flushed_after_the_last_pull",
        SIMULATED,
    ),
}

SINKS: Rows = {
    "sinks batch by count and bytes": (
        "sinks/events::no_call_has_more_entries_or_bytes_than_the_service_takes",
        "engine/calls::a_call_takes_no_more_bytes_than_its_service",
        "engine/calls::a_hundred_keys_at_ten_a_call_make_ten_calls",
    ),
    "a partial failure is mapped back to its own unit and only that is retried": (
        "sinks/events::a_partial_failure_is_mapped_to_its_own_unit",
        "engine/calls::only_the_entries_that_failed_are_repeated",
        SIMULATED,
    ),
    "a sink whose request is absent passes the unit on": (
        "sinks/dynamodb::a_unit_without_a_request_passes_on",
    ),
    "of one shard's lineage the newer is told by timestamp and sequence": (
        "sinks/expressions::of_equal_timestamps_the_higher_sequence_of_a_lineage_is_newer",
        "sinks/expressions::sequences_of_different_lineages_are_not_compared",
        SIMULATED,
    ),
    "without a sequence equal timestamps are accepted in arrival order": (
        "sinks/expressions::without_a_sequence_equal_timestamps_are_accepted_in_arrival_order",
    ),
    "latching keeps two systems from echoing": (
        "rules/two_way_sync::two_systems_agree_on_the_last_change_and_come_to_rest",
        "rules/cdc::two_systems_that_tell_each_other_of_changes_do_not_echo",
    ),
    "a deletion is soft": (
        "rules/materialize::a_deletion_marks_the_item_and_lets_it_expire",
        "rules/materialize::a_late_event_does_not_bring_a_deleted_item_back",
    ),
    "lost races are counted": ("rules/materialize::what_is_older_changes_nothing_and_is_counted",),
}

EVENT_STORE: Rows = {
    "an emission is made once": (
        "store/event_store::evaluate_emits_once_although_both_completing_events_share_a_batch",
        (
            "store/event_store_properties::"
            "what_is_emitted_is_emitted_once_and_published_as_the_same_event"
        ),
    ),
    "the store is read consistently": (
        "store/event_store::what_is_correlated_is_read_consistently",
    ),
    "the store is read in the order of time": (
        "store/event_store::events_are_seen_in_the_order_of_time_whatever_order_they_came_in",
    ),
    "expired rows are not counted": (
        (
            "store/event_store::"
            "rows_past_their_time_to_live_are_not_counted_though_they_are_still_there"
        ),
    ),
}

CONTENT: Rows = {
    "the key of a claim check is made of its content": (
        "claims/claims::the_key_of_a_claim_check_is_made_of_the_event_and_of_nothing_else",
    ),
    "every event survives a claim check": (
        "claims/claims::every_event_survives_a_claim_check_and_compression",
        "claims/claims_in_apps::who_listens_takes_the_whole_of_it",
    ),
    "compression is told by an explicit marker": (
        "claims/compression::a_text_that_begins_with_compressed_is_a_text",
    ),
    "inflation has a limit": (
        "claims/compression::a_bomb_is_refused_before_it_is_inflated",
        "claims/compression::a_bomb_that_says_it_is_small_is_inflated_no_further_than_it_says",
    ),
}

MACHINE: Rows = {
    "metrics keep each duration by pipeline and step": (
        "stream_metrics::pipelines_and_steps_have_lines_of_their_own",
        "stream_metrics::a_few_durations_are_written_each_as_it_is",
    ),
    "the work of metrics grows as the durations do": (
        "stream_metrics::the_work_grows_as_the_durations_do",
    ),
    "there is back-pressure across forks": (
        "engine/windows::a_window_is_pulled_when_the_one_before_is_through_in_all_forks",
    ),
    "memory is bounded whatever the batch": (
        "engine/windows::what_a_split_makes_is_through_before_it_makes_more",
        "engine/windows::what_waits_for_a_full_call_is_less_than_a_call",
        "engine/redemption::no_more_is_fetched_than_memory_allows_before_it_is_through",
    ),
    "two handlers can share a process": (
        "engine/app::two_apps_in_one_process_know_nothing_of_each_other",
    ),
}

# Each was observed in another library of this field.
MISTAKES: Rows = {
    "faults of a failed invocation are published by the next one": (
        "engine/windows::faults_of_one_invocation_are_not_published_by_the_next",
    ),
    "an answer that is remembered forgets its table": (
        "semantics/known_mistakes::the_same_key_of_two_tables_is_two_questions",
        "queries/items::an_answer_is_remembered_under_all_that_decides_it",
    ),
    "a text that begins with COMPRESSED is taken for compressed": (
        "claims/compression::a_text_that_begins_with_compressed_is_a_text",
        "semantics/known_mistakes::a_text_that_begins_with_compressed_is_no_fault",
    ),
    "a small record inflates to any size": (
        "claims/compression::a_bomb_is_refused_before_it_is_inflated",
    ),
    "throttling is acknowledged as a fault": (
        "semantics/known_mistakes::throttling_is_not_acknowledged_as_a_fault",
        SIMULATED,
    ),
    "a fault comes without its record": (
        "semantics/known_mistakes::one_bad_event_in_ten_rules_is_one_fault_with_its_record",
    ),
    "one bad event in ten rules is ten faults with random ids": (
        "semantics/known_mistakes::one_bad_event_in_ten_rules_is_one_fault_with_its_record",
    ),
    "writes of the same key finish in another order": (
        "engine/threads::calls_of_a_key_never_overlap_in_threads_either",
        SIMULATED,
    ),
    "evaluate emits twice when both completing events share a batch": (
        "store/event_store::evaluate_emits_once_although_both_completing_events_share_a_batch",
    ),
    "forks buffer the whole batch": (
        "engine/windows::a_window_is_pulled_when_the_one_before_is_through_in_all_forks",
    ),
    "a claim check has another key an hour later": (
        "claims/claims::the_key_of_a_claim_check_is_made_of_the_event_and_of_nothing_else",
    ),
    "losing the optimistic lock is a fault": (
        "semantics/known_mistakes::a_lost_race_is_counted_and_no_fault",
    ),
    "metrics take the square of the batch": ("stream_metrics::the_work_grows_as_the_durations_do",),
    "after a failure of a stream others are done and done again": (
        "engine/random_pipelines::nothing_above_a_record_of_a_stream_that_comes_again_is_begun",
        "semantics/known_mistakes::nothing_above_a_failed_record_of_a_stream_is_done",
    ),
    "everything is begun at the same time": (
        "engine/random_pipelines::there_are_never_more_calls_at_once_than_lanes",
    ),
}

TABLES = {
    "routing": ROUTING,
    "order": ORDER,
    "faults": FAULTS,
    "answers": ANSWERS,
    "sinks": SINKS,
    "event store": EVENT_STORE,
    "content": CONTENT,
    "machine": MACHINE,
    "mistakes of others": MISTAKES,
}
