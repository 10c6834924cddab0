"""What a sink promises, and the tests that hold it: one row each, so that gaps show.

A test is `file::name` without `test_sinks_` before the file's name and `test_` before its own.
"""

from __future__ import annotations

COMMANDS = {
    "reconcile": ("delivering::an_operator_pauses_a_sink_and_lets_it_go_on",),
    "opened": ("breaker::a_downstream_that_is_away_has_polling_stopped",),
    "probe": ("breaker::while_it_is_away_one_message_at_a_time_tries_whether_it_is_back",),
    "status": ("delivering::what_fails_too_often_is_a_dead_letter_and_goes_back_by_the_command",),
    "pause": ("delivering::an_operator_pauses_a_sink_and_lets_it_go_on",),
    "resume": ("delivering::an_operator_pauses_a_sink_and_lets_it_go_on",),
    "redrive": (
        "delivering::what_fails_too_often_is_a_dead_letter_and_goes_back_by_the_command",
        "breaker::nothing_goes_back_while_the_circuit_is_open",
    ),
}

PROMISES = {
    # Deliveries
    "what is sent is delivered at least once": (
        "delivering::what_is_sent_is_delivered_with_its_key_and_leaves_the_queue",
        "crashes::what_a_killed_function_was_delivering_is_delivered_by_another",
    ),
    "duplicates have the same key": (
        "delivering::one_that_fails_comes_again_and_its_neighbours_do_not",
        "crashes::what_a_killed_function_was_delivering_is_delivered_by_another",
    ),
    "a message that fails counts only itself": (
        "delivering::one_that_fails_comes_again_and_its_neighbours_do_not",
    ),
    "a FIFO sink keeps the order of each group, and groups do not wait for each other": (
        "delivering::in_a_fifo_sink_one_that_fails_holds_up_its_group_and_no_other",
    ),
    "what is remembered is not delivered again": (
        "delivering::what_is_sent_twice_with_one_key_is_delivered_once",
        "chaos::batches_that_come_twice_or_late_deliver_each_message_once",
    ),
    # What is given up
    "what is rejected is kept apart, at once and with its reason": (
        "delivering::what_is_rejected_is_kept_with_its_reason_and_goes_back_when_an_operator_wants",
    ),
    "what fails too often is a dead letter, and goes back at a bounded rate": (
        "delivering::what_fails_too_often_is_a_dead_letter_and_goes_back_by_the_command",
    ),
    # How much, how fast
    "no more at once than was allowed, and no more in a second": (
        "pacing::all_functions_together_keep_the_rate_and_no_more_of_them_work_than_were_allowed",
        "pacing::twenty_workers_are_granted_no_more_than_the_rate_and_a_burst_in_any_second",
    ),
    # Outages
    "polling stops while the downstream is away": (
        "breaker::a_downstream_that_is_away_has_polling_stopped",
    ),
    "a delivery that hangs counts as unavailable, and what was done before it is done": (
        "crashes::a_delivery_that_hangs_opens_the_circuit_and_what_was_done_before_it_is_done",
    ),
    "one message at a time tries whether it is back": (
        "breaker::while_it_is_away_one_message_at_a_time_tries_whether_it_is_back",
    ),
    "polling goes on when it is back": (
        "breaker::when_it_is_back_polling_goes_on_and_what_waited_is_delivered",
    ),
    "an outage makes no dead letters and loses nothing": (
        "recovering::after_the_outages_all_is_delivered_and_nothing_is_a_dead_letter",
    ),
    # Operators
    "an operator's pause holds until it is taken back": (
        "delivering::an_operator_pauses_a_sink_and_lets_it_go_on",
    ),
    "no redrive while the circuit is open": (
        "breaker::nothing_goes_back_while_the_circuit_is_open",
    ),
    # Logs
    "logs tell what happened, and never what it was about": (
        "logs::every_line_is_json_and_tells_nothing_of_what_messages_are_about",
    ),
    "metrics are lines of the log, under the name of the sink": (
        "logs::what_was_delivered_is_measured_under_the_name_of_its_sink",
    ),
}

TABLES = {"command": COMMANDS, "promise": PROMISES}
