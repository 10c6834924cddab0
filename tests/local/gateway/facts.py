"""What is known of API Gateway's WebSocket APIs, and the tests that hold it: one row each.

A test is `file::name` without `test_` before the file's name and its own. Files of this folder come
first, then those of tests/local and tests/end_to_end.
"""

from __future__ import annotations

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
LIMITS = {
    "500 new connections a second": (
        "limits::more_new_connections_than_a_second_allows_are_refused",
        "throttle::no_stretch_of_time_has_more_than_the_burst_and_the_rate",
    ),
    "128 KB a message": ("messages::a_message_above_the_limit_ends_the_connection",),
    "32 KB a frame": (
        "messages::a_frame_above_the_limit_ends_the_connection",
        "messages::a_frame_of_the_limit_is_taken",
        "messages::a_message_of_several_frames_is_one",
    ),
    "131,072 bytes of UTF-8 a post": (
        "management::a_post_of_the_limit_is_taken_counted_in_bytes",
        "management::a_post_above_the_limit_is_too_large",
        "management::a_large_post_travels_in_frames_of_the_limit",
        "connection_rights::an_sdk_is_told_that_a_post_is_too_large",
    ),
    "10 minutes idle": (
        "limits::an_idle_connection_goes_away",
        "process::connections_live_as_long_as_on_aws_unless_somebody_says_otherwise",
    ),
    "2 hours in all": (
        "limits::an_old_connection_goes_away_though_it_is_busy",
        "process::connections_live_as_long_as_on_aws_unless_somebody_says_otherwise",
    ),
    "29 seconds for an integration": (
        "handshakes::a_connect_that_takes_too_long_is_a_timeout",
        "messages::a_function_that_takes_too_long_is_a_timeout",
    ),
    "10,000 management calls a second": (
        "management::more_calls_than_an_account_may_make_are_busy",
    ),
}

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
MANAGEMENT = {
    "410 for a connection that is unknown": (
        "management::a_post_to_nobody_is_gone",
        "management::nobody_can_be_neither_looked_at_nor_closed",
    ),
    "410 for a connection that was closed": (
        "management::a_post_to_who_left_is_gone",
        "management::a_connection_can_be_closed",
    ),
    "410 while $connect runs": ("management::a_post_during_connect_is_gone_and_does_no_harm",),
    "410 for another API or stage": (
        "management::a_post_to_a_connection_of_another_api_is_gone",
        "management::a_post_to_a_connection_of_another_stage_is_gone",
    ),
    "429 when the client does not read": (
        "management::who_does_not_read_is_busy_and_harms_nobody_else",
    ),
    "429 for the rate": ("management::more_calls_than_an_account_may_make_are_busy",),
    "a post can be accepted and lost": ("losses::posts_are_accepted_and_lost_as_the_seed_says",),
    "bytes that are no UTF-8 are replaced": ("management::what_is_no_utf8_is_replaced",),
    "GET tells who and since when": (
        "management::a_connection_can_be_looked_at",
        "connection_rights::a_connection_is_seen_and_closed_by_an_sdk",
    ),
    "DELETE closes": (
        "management::a_connection_can_be_closed",
        "connection_rights::a_connection_is_seen_and_closed_by_an_sdk",
    ),
    "execute-api:ManageConnections by method and stage": (
        "connection_rights::who_may_post_is_heard",
        "connection_rights::who_may_post_may_not_look_or_close",
        "connection_rights::who_may_post_to_another_stage_is_refused",
    ),
    "signatures": (
        "connection_rights::a_wrong_secret_is_refused_beside_the_right_one",
        "verdicts::a_wrong_signature_is_never_taken_for_a_right_one",
        "verdicts::an_unsigned_call_is_for_the_engine_to_judge",
        "verdicts::a_signature_is_of_one_body",
    ),
    "rights that change": (
        "connection_rights::a_right_that_is_taken_away_ends_within_seconds",
        "verdicts::a_permission_that_was_taken_away_ends_within_seconds",
    ),
}

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
SOCKETS = {
    "the subprotocol that $connect answers": (
        "handshakes::the_subprotocol_is_the_one_that_connect_answered",
        "handshakes::no_subprotocol_is_answered_when_connect_names_none",
        "browser::a_page_connects_without_tls_with_its_token_as_a_subprotocol",
    ),
    "header names as the client wrote them": (
        "handshakes::connect_is_told_names_as_the_client_wrote_them",
    ),
    "an unknown API or stage is forbidden": ("handshakes::an_unknown_api_or_stage_is_forbidden",),
    "403 for whom the authorizer denies": (
        "handshakes::whom_the_authorizer_denies_is_forbidden",
        "handshakes::whom_the_authorizer_does_not_mention_is_forbidden",
        "sockets::who_is_denied_does_not_connect",
    ),
    "401 without what identifies": (
        "handshakes::what_identifies_a_client_must_be_there_before_the_authorizer_is_asked",
    ),
    "500 for an authorizer that fails": (
        "handshakes::an_authorizer_that_answers_nonsense_is_an_error_of_the_server",
        "handshakes::an_authorizer_that_raises_is_an_error_of_the_server",
    ),
    "the status of a $connect that refuses": (
        "handshakes::what_connect_answers_otherwise_is_the_status_of_the_refusal",
    ),
    "handshakes that are signed": (
        "handshakes::a_bad_signature_is_refused_in_the_engines_words",
        "handshakes::who_signed_is_told_to_connect",
    ),
    "the authorizer's context in each event": (
        "handshakes::the_authorizers_context_reaches_connect_as_text",
        "sockets::the_authorizers_context_reaches_each_message",
    ),
    "routes by what a message says": (
        "messages::a_message_takes_the_route_that_it_names",
        "messages::a_message_without_a_route_is_forbidden",
    ),
    "messages of one connection side by side": (
        "messages::messages_of_one_connection_run_side_by_side",
    ),
    "errors without the function's words": (
        "messages::a_function_that_raises_is_an_internal_error",
        "sockets::what_a_function_raises_is_hidden_from_the_client",
        "sockets::how_a_worker_ended_is_hidden_from_the_client",
    ),
    "what is returned is not sent": (
        "messages::what_a_function_returns_is_not_sent",
        "sockets::what_a_function_returns_is_not_sent",
    ),
    "no binary frames": ("messages::a_binary_frame_ends_the_connection",),
    "no compression": ("handshakes::compression_is_not_agreed_upon",),
    "$disconnect with code and reason": (
        "messages::disconnect_is_told_the_clients_code_and_reason",
        "messages::disconnect_is_told_that_the_client_named_no_code",
        "messages::disconnect_is_told_when_the_client_vanishes",
    ),
    "$disconnect may never come": ("losses::ends_are_lost_as_the_seed_says",),
}

TABLES = {"limit": LIMITS, "management": MANAGEMENT, "socket": SOCKETS}
