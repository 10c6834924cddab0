"""What the service of timers promises, and the tests that hold it: one row each, so that gaps show.

A test is `file::name` without `test_timers_` before the file's name and `test_` before its own.
"""

from __future__ import annotations

ROUTES = {
    "PUT /periodic/{id}": (
        "firing::a_timer_fires_on_its_second_and_never_early",
        "api::a_timer_is_made_read_changed_and_deleted",
    ),
    "GET /periodic/{id}": ("api::a_timer_is_made_read_changed_and_deleted",),
    "PATCH /periodic/{id}": (
        "firing::a_change_of_data_reaches_the_next_firings",
        "firing::strictly_nothing_of_a_paused_timer_arrives_until_it_is_resumed",
    ),
    "DELETE /periodic/{id}": ("firing::strictly_nothing_of_a_deleted_timer_arrives",),
    "GET /periodic/{id}/occurrences": ("api::occurrences_are_told_before_they_come",),
    "GET /periodic": ("api::timers_are_listed_by_owner_and_state_page_by_page",),
    "POST /periodic:batch": (
        "firing::a_batch_of_timers_fires",
        "api::of_a_batch_all_is_done_or_nothing",
    ),
}

STATES = {
    "ACTIVE": ("firing::a_timer_fires_on_its_second_and_never_early",),
    "PAUSED": ("api::a_timer_is_made_read_changed_and_deleted",),
    "ENDED": ("firing::a_moment_that_was_just_over_fires_at_once",),
}

PROMISES = {
    # Firings
    "a firing of a timer that was acknowledged is delivered at least once": (
        "crashes::dispatchers_that_freeze_and_die_lose_nothing",
        "firing::a_timer_fires_without_a_gap_when_dispatchers_take_over",
    ),
    "never early": ("firing::a_timer_fires_on_its_second_and_never_early",),
    "duplicates have the same fire key": (
        "firing::a_firing_carries_id_moment_revision_key_and_data",
    ),
    "a message that nobody can handle harms no other": (
        "firing::a_firing_that_always_fails_is_a_dead_letter_and_the_only_one",
    ),
    "what was handled is remembered, and not handled again": (
        "firing::a_firing_that_was_handled_is_not_handled_again",
    ),
    # Schedules
    "periods, calendars and moments": (
        "firing::a_timer_fires_on_its_second_and_never_early",
        "firing::a_calendar_fires_at_the_beginning_of_each_minute",
        "firing::a_moment_to_come_fires_then_and_once",
    ),
    "a local time that is skipped fires at the first minute after the gap": (
        "api::occurrences_are_told_before_they_come",
    ),
    "a one-shot in the past fires at once within its grace, and is refused beyond it": (
        "firing::a_moment_that_was_just_over_fires_at_once",
        "api::a_timer_that_cannot_be_is_refused_by_the_field_and_not_stored",
    ),
    "the older body": ("firing::the_older_body_fires_at_its_minute_with_the_data_alone",),
    # Changes
    "the same put again changes nothing, not even the ETag": (
        "api::the_same_put_again_changes_nothing",
    ),
    "a changed schedule counts from its change": (
        "firing::a_changed_schedule_counts_from_its_change",
    ),
    "strict drops what is in the queue of a timer that was changed, paused or deleted": (
        "firing::strictly_nothing_of_a_paused_timer_arrives_until_it_is_resumed",
        "firing::strictly_nothing_of_a_deleted_timer_arrives",
        "firing::strictly_a_change_loses_no_firing",
    ),
    "changes are conditional": ("api::preconditions_are_kept",),
    "a batch is one transaction": ("api::of_a_batch_all_is_done_or_nothing",),
    "the same request again completes what failed": (
        "api::a_timer_that_could_not_be_sent_is_completed_by_the_same_request",
    ),
    # Callers
    "signed by who may": (
        "api::who_does_not_sign_is_refused",
        "api::whose_signature_is_wrong_is_refused",
        "api::whom_nobody_knows_is_refused",
        "api::whom_no_policy_allows_is_refused",
        "api::no_route_is_open",
    ),
    "or with a token": ("api::a_token_that_nobody_signed_is_refused",),
    "of owners apart, somebody else's timer is not there": (
        "api::a_timer_of_somebody_else_is_not_there",
        "api::whose_a_timer_is_who_calls_decides",
    ),
    # Refusals
    "each fault is answered with a problem that names the field, and nothing is stored": (
        "api::a_timer_that_cannot_be_is_refused_by_the_field_and_not_stored",
        "api::an_id_that_cannot_be_is_refused",
        "api::another_kind_of_body_is_refused",
    ),
    "internal text never reaches a caller": ("api::a_table_out_of_reach_tells_nothing_of_itself",),
    "ids may be percent-encoded": ("api::an_id_may_be_percent_encoded",),
    "the client does all that": ("firing::the_client_makes_timers_that_fire",),
}

TABLES = {"route": ROUTES, "state": STATES, "promise": PROMISES}
