"""What the wire contract promises, and the tests that hold it: one row each, so that gaps show.

A test is `file::name` without `test_` before the file's name and its own. Rows of `GAPS` wait for
theirs.
"""

from __future__ import annotations

ACTIONS = {
    "hello": ("connecting::hello_tells_protocol_heartbeat_and_limits",),
    "ping": ("connecting::ping_is_answered_by_pong",),
    "subscribe": ("resuming::a_new_connection_goes_on_where_the_old_one_ended",),
    "unsubscribe": (
        "resuming::who_unsubscribes_hears_no_more",
        "channels::who_unsubscribes_from_a_channel_hears_no_more",
    ),
    "cancel": ("cancelling::a_running_request_stops_and_hears_why",),
    "get": ("async_requests::the_result_can_be_read_later_on_another_connection",),
    "list": (
        "async_requests::the_list_has_the_newest_first_and_goes_on_at_its_cursor",
        "async_requests::the_list_can_ask_for_one_state",
    ),
    "input": (
        "durable::a_question_is_pushed_and_read_and_another_device_answers_it",
        "durable::a_value_that_does_not_fit_is_refused_and_the_question_stays",
        "durable::the_same_answer_twice_is_one_and_another_is_a_conflict",
    ),
    "upload": ("outputs::what_was_uploaded_is_read_by_a_sync_and_an_async_handler",),
}

MESSAGES = {
    "hello": ("connecting::hello_lists_the_actions_with_their_inputs_when_asked",),
    "pong": ("connecting::ping_is_answered_by_pong",),
    "reconnect_soon": ("connecting::a_token_near_its_end_is_told_to_reconnect",),
    "response": ("sync_actions::an_answer_carries_the_id_and_the_action",),
    "acknowledgment": ("async_requests::a_request_is_acknowledged_makes_progress_and_completes",),
    "progress": ("async_requests::a_report_carries_all_that_the_handler_said",),
    "chunk": ("outputs::chunks_arrive_in_order_and_the_end_counts_them",),
    "input_required": ("durable::a_question_is_pushed_and_read_and_another_device_answers_it",),
    "retrying": ("retrying::every_new_attempt_is_announced_and_no_error_is",),
    "complete": ("async_requests::the_result_is_what_the_handler_returned",),
    "error": ("errors::every_error_code_is_provoked", "errors::an_error_has_its_code"),
    "cancelled": ("cancelling::a_running_request_stops_and_hears_why",),
    "snapshot": ("resuming::a_snapshot_tells_what_was_missed",),
}

ROUTES = {
    "POST /requests": (
        "http::an_async_request_is_accepted_and_its_location_leads_to_it",
        "http::a_sync_action_is_answered_at_once",
    ),
    "GET /requests": (
        "http::the_list_has_the_newest_first_and_goes_on_at_its_cursor",
        "http::the_list_can_ask_for_one_state",
    ),
    "GET /requests/{request_id}": (
        "http::a_long_poll_ends_with_the_request",
        "http::a_long_poll_tells_the_next_news",
    ),
    "DELETE /requests/{request_id}": (
        "http::a_running_request_is_cancelled_and_hears_why",
        "http::a_queued_request_is_cancelled_at_once",
        "http::a_finished_request_stays_finished",
    ),
    "GET /requests/{request_id}/chunks": (
        "outputs::many_chunks_are_read_page_by_page_on_both_apis",
        "outputs::chunks_of_a_request_that_put_out_none_are_an_empty_page",
    ),
    "POST /requests/{request_id}/input": ("durable::a_question_is_answered_over_http",),
    "POST /uploads": ("outputs::what_was_uploaded_over_http_is_the_same_upload",),
    "POST /tickets": ("tickets::a_ticket_opens_a_connection_of_its_owner",),
    "GET /actions": ("http::the_actions_are_listed_with_their_inputs",),
    "GET /openapi.json": ("http::the_api_describes_itself_as_the_app_does",),
}

STATES = {
    "QUEUED": ("http::an_async_request_is_accepted_and_its_location_leads_to_it",),
    "RUNNING": ("http::a_long_poll_tells_the_next_news",),
    "RETRY_WAIT": ("retrying::between_two_attempts_a_request_tells_when_the_next_one_is_due",),
    "INPUT_REQUIRED": ("durable::a_question_is_pushed_and_read_and_another_device_answers_it",),
    "CANCELLING": ("cancelling::a_running_request_stops_and_hears_why",),
    "SUCCEEDED": ("async_requests::the_result_can_be_read_later_on_another_connection",),
    "FAILED": ("async_requests::a_failed_request_can_be_read_later",),
    "CANCELLED": ("cancelling::a_cancelled_request_is_read_as_cancelled",),
    "EXPIRED": ("expiry::a_request_that_is_never_started_expires",),
}

PROMISES = {
    # Messages and their order
    "numbers of a request grow by one and never repeat, over retries too": (
        "async_requests::numbers_grow_by_one_from_message_to_message",
        "retrying::reports_tell_their_attempt_and_numbers_go_on",
    ),
    "the terminal message is the last one, and there is one": (
        "cancelling::cancelling_twice_is_harmless",
        "crashes::a_worker_that_froze_beyond_its_lease_cannot_finish_what_another_has_begun",
    ),
    "an error that answers a message carries its id": (
        "errors::an_error_that_answers_a_message_carries_its_id",
    ),
    "sync actions are not stored: there an id only correlates": (
        "sync_actions::the_same_id_may_be_used_again",
        "sync_actions::answers_of_twenty_messages_each_find_their_question",
    ),
    "internal text never reaches a client": (
        "async_requests::an_exception_of_a_handler_stays_inside",
        "sync_actions::an_exception_of_a_handler_stays_inside",
        "http_errors::a_problem_has_its_code_and_status",
    ),
    "above the platform's limit the socket is closed": (
        "errors::a_message_beyond_the_platforms_limit_ends_the_connection",
    ),
    "large results are read from S3": (
        "outputs::a_large_result_is_read_from_where_each_answer_says",
        "outputs::the_address_of_a_result_is_made_for_each_answer",
        "outputs::an_address_opens_nothing_but_its_own_object",
    ),
    "chunks are read again from where a caller stopped": (
        "outputs::what_was_put_out_while_nobody_listened_is_read_again",
        "outputs::a_client_that_lost_its_connection_has_every_chunk_once_and_in_order",
        "outputs::a_second_device_gets_the_chunks_from_the_first_one_on",
    ),
    # Requests
    "the same id and body are the same request": (
        "async_requests::asking_again_with_the_same_id_gives_the_same_request",
        "http::the_same_key_and_body_give_the_same_request",
        "http::of_many_posts_with_one_key_one_is_executed",
    ),
    "the same id with another body is a conflict": (
        "async_requests::the_same_id_with_another_body_is_a_conflict",
        "http::the_same_key_with_another_body_is_a_conflict",
    ),
    "an id belongs to its tenant and owner": (
        "async_requests::the_same_id_belongs_to_each_owner_alone",
        "http_errors::the_same_key_belongs_to_each_owner_alone",
        "async_requests::a_message_cannot_name_another_tenant",
    ),
    "without an id the server makes one": ("async_requests::a_request_without_an_id_gets_one",),
    "a request of somebody else answers as an unknown one": (
        "async_requests::a_request_of_somebody_else_answers_as_an_unknown_one",
        "http_errors::a_request_of_somebody_else_answers_as_an_unknown_one",
    ),
    "a list shows nothing of others": (
        "async_requests::a_cursor_of_another_owner_shows_nothing_of_that_owner",
        "http_errors::a_cursor_of_another_owner_shows_nothing_of_that_owner",
    ),
    "a killed worker's request is finished by another attempt": (
        "crashes::the_work_of_a_killed_worker_is_finished_by_another",
    ),
    "who lost its lease can write nothing": (
        "crashes::a_worker_that_froze_beyond_its_lease_cannot_finish_what_another_has_begun",
    ),
    "retries are per action, and some failures are fatal": (
        "retrying::a_flaky_request_succeeds_in_its_third_attempt",
        "retrying::a_fatal_failure_is_not_tried_again",
    ),
    "a queued request is cancelled at once and never runs": (
        "cancelling::a_queued_request_is_cancelled_at_once_and_never_runs",
    ),
    "a rate is limited, and who comes back when told is answered": (
        "limits::a_rate_refuses_and_tells_when_to_come_back",
        "limits::who_comes_back_when_told_is_answered",
        "limits::over_http_the_same_is_told_in_the_headers_too",
        "limits::one_rate_holds_for_both_apis",
    ),
    "open requests are limited, and an end makes room however it came": (
        "limits::an_end_makes_room",
        "limits::a_cancelled_request_makes_room_over_http",
        "limits::a_killed_worker_keeps_no_room",
        "limits::the_same_request_once_more_takes_nothing",
    ),
    "duplicate deliveries have one effect": (
        "duplicates::a_stream_record_that_comes_twice_has_one_effect",
        "duplicates::a_work_message_that_comes_again_after_the_end_has_one_effect",
        "duplicates::a_work_message_that_comes_again_during_the_attempt_is_kept_and_does_nothing",
        "duplicates::a_watch_message_that_comes_again_after_the_end_changes_nothing",
    ),
    "what the stream gave up on is dispatched": (
        "duplicates::a_record_that_the_stream_gave_up_on_is_dispatched_from_its_pointer",
    ),
    "another attempt's chunks replace those before": (
        "outputs::another_attempt_begins_at_its_first_chunk",
        "outputs::a_client_without_a_loop_hears_that_another_attempt_begins_anew",
    ),
    "an upload is what was granted, and its owner's": (
        "outputs::another_length_or_type_than_was_granted_is_refused",
        "outputs::an_upload_belongs_to_its_owner",
        "outputs::five_megabytes_are_uploaded_from_a_file",
    ),
    "a durable action runs each step once and sleeps": (
        "durable::each_step_is_taken_once_and_a_sleeper_keeps_no_worker",
        "durable::what_a_handler_told_before_it_slept_is_not_told_again",
        "durable::an_execution_that_is_started_twice_is_one",
    ),
    "a durable action outlives a crash": (
        "durable::a_step_that_was_taken_is_not_taken_again_after_a_crash",
    ),
    "another attempt of a durable action is another execution": (
        "durable::another_attempt_is_another_execution",
    ),
    "a question waits without a worker, and not longer than it was told": (
        "durable::who_waits_for_an_answer_keeps_no_worker",
        "durable::a_question_that_nobody_answers_in_time_fails_with_timeout",
        "durable::a_handler_may_go_on_without_an_answer",
    ),
    "a question that waits is cancelled at once": (
        "durable::a_request_that_waits_is_cancelled_at_once_and_its_execution_stopped",
    ),
    # Progress
    "percentages of an attempt never go back": (
        "async_requests::percentages_of_an_attempt_never_go_back",
    ),
    "a burst ends with its last value": (
        "async_requests::the_last_report_of_a_burst_arrives",
        "outputs::a_thousand_reports_at_once_are_few_messages_and_the_last_is_one_of_them",
    ),
    "steps have their share, and a loop tells how far it is": (
        "outputs::steps_and_loops_tell_where_the_work_is",
    ),
    "every device of an owner hears": ("resuming::every_device_of_an_owner_hears_of_a_request",),
    "any function may publish to a channel": (
        "channels::a_subscriber_hears_what_a_function_publishes",
        "channels::a_late_subscriber_gets_the_last_state",
        "channels::a_channel_ends_with_its_result",
    ),
    "a channel belongs to its tenant, and to whom its rule admits": (
        "channels::a_channel_of_the_same_name_in_another_tenant_is_another_one",
        "channels::a_channel_that_is_not_for_everybody_is_for_whom_the_rule_admits",
        "channels::whom_the_rule_refuses_hears_nothing",
    ),
    # Auth
    "a bad token opens nothing, and all refusals look the same": (
        "connecting::a_bad_token_is_refused_at_the_handshake",
        "connecting::all_refusals_look_the_same",
        "http_errors::a_bad_token_is_refused",
        "http_errors::all_refusals_look_the_same",
        "tickets::a_bad_token_gets_no_ticket",
    ),
    "nothing is open without a token": (
        "connecting::no_token_is_refused_at_the_handshake",
        "http_errors::no_route_is_open_without_a_token",
    ),
    "a token in the address opens nothing": ("connecting::a_token_in_the_address_is_refused",),
    "the marker is echoed and the credential is not": (
        "connecting::the_marker_of_the_protocol_is_echoed_and_the_token_is_not",
        "tickets::a_ticket_may_come_as_a_subprotocol_which_is_not_echoed",
    ),
    "a ticket opens once, for a minute, and for no longer than its token": (
        "tickets::a_ticket_opens_once",
        "tickets::of_many_who_show_a_ticket_one_comes_in",
        "tickets::a_ticket_whose_time_is_over_opens_nothing",
        "tickets::a_ticket_lets_nobody_stay_longer_than_its_token",
    ),
    "an expired token ends a connection, and an HTTP caller is told": (
        "errors::an_expired_connection_is_closed",
        "http_errors::an_expired_token_is_told_what_to_bring",
    ),
    "scopes are asked for by action, on both APIs": (
        "errors::a_scope_opens_what_needs_it",
        "http_errors::a_scope_opens_what_needs_it",
        "tickets::a_ticket_has_the_scopes_of_its_token",
    ),
    "pages of other origins are let nothing": (
        "tickets::a_page_from_elsewhere_may_not_connect",
        "http::a_page_from_elsewhere_is_let_nothing",
        "http::a_page_from_elsewhere_may_not_read_its_answer",
    ),
    "pages of ours may ask and read": (
        "http::a_page_may_ask_what_it_may_send",
        "http::a_page_may_read_its_answer_and_where_the_request_is",
    ),
    "no log has a credential, a payload or an address of an object": (
        "logs::no_credential_is_written_down",
        "logs::nothing_of_what_callers_said_is_written_down",
        "logs::no_address_that_opens_an_object_is_written_down",
    ),
    "every role allows as little as it can": (
        "permissions::the_worker_may_not_do_what_it_need_not",
        "permissions::the_publisher_may_not_read_requests",
        "permissions::every_function_has_a_role_of_its_own",
    ),
    # HTTP
    "Prefer: wait gives the result in time, or the place of the request": (
        "http::who_prefers_to_wait_gets_the_result",
        "http::what_takes_longer_than_one_waits_is_accepted",
        "http::who_prefers_a_queue_gets_one_where_there_is_a_choice",
    ),
    "Idempotency-Key is the request's id": (
        "http::the_idempotency_key_is_the_requests_id",
        "http::the_idempotency_key_may_be_bare_or_quoted",
        "http::a_key_that_contradicts_the_bodys_id_is_refused",
    ),
    "every error is a problem document with its status": (
        "http_errors::every_error_code_is_provoked",
        "http_errors::a_problem_has_its_code_and_status",
    ),
    "both APIs are about the same requests": (
        "http::a_request_over_http_is_followed_on_the_socket",
        "http::a_request_on_the_socket_is_read_over_http",
        "http::a_key_is_the_same_request_on_both",
        "http::the_result_is_read_over_http_after_the_socket_died",
        "http::what_the_socket_cancels_ends_over_http",
    ),
    "a caller's own server is told the end": (
        "webhooks::a_signed_webhook_tells_how_a_request_ended",
        "webhooks::a_delivery_in_vain_is_written_down_and_tried_again_after_a_pause",
        "webhooks::what_was_refused_to_the_end_is_a_dead_letter",
    ),
    "only hosts that may be called are called": (
        "webhooks::an_address_that_is_not_allowed_is_refused_on_both_apis",
    ),
    "one trace leads from the request to the worker": (
        "traces::a_failed_request_names_the_trace_that_it_came_with",
        "traces::the_next_attempt_is_queued_with_the_trace_of_the_request",
    ),
}

TABLES = {
    "action": ACTIONS,
    "message": MESSAGES,
    "route": ROUTES,
    "state": STATES,
    "promise": PROMISES,
}

GAPS: set[str] = set()
