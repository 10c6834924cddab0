"""What AsyncRequestApi, ProgressWebSocket and the runtime agree on."""

from __future__ import annotations

from enum import StrEnum

PROTOCOL = "streamer.v1"
METRIC_NAMESPACE = "CdkStreamer"


# --- callers -----------------------------------------------------------------------------------


class AuthorizerContext(StrEnum):
    """What the authorizer tells every later message of a connection; all values are strings.

    An authorizer of the user's own says the same: tenant and owner, and the others if it likes.
    """

    TENANT = "tenant"
    OWNER = "owner"
    EXPIRES = "expires"  # seconds since the epoch
    SCOPES = "scopes"  # space separated


ONLY_TENANT = "default"  # of everybody where tokens carry none: an empty `tenant_claim`


# --- the table ---------------------------------------------------------------------------------

PARTITION_KEY = "pk"
SORT_KEY = "sk"
TTL_ATTRIBUTE = "ttl"
OWNER_INDEX = "by_owner"
OWNER_INDEX_PARTITION_KEY = "owner_key"
OWNER_INDEX_SORT_KEY = "created_key"
# Nothing that a progress tick changes: a projected attribute costs an index write a tick.
OWNER_INDEX_PROJECTION = ("request_id", "action", "state", "created_at", "ended_at")


class ItemKind(StrEnum):
    """The sort key of an item, which says what the item is."""

    CONNECTION = "connection"
    REQUEST = "request"
    PAYLOAD = "payload"
    CHUNK = "chunk"  # the beginning of the sort key, before its attempt and index
    CHANNEL = "channel"
    TICKET = "ticket"
    LIMIT = "limit"


# The stream's only event: a request was accepted. Keys alone decide, so any view type will do.
DISPATCH_FILTER = {
    "eventName": ["INSERT"],
    "dynamodb": {"Keys": {SORT_KEY: {"S": [ItemKind.REQUEST.value]}}},
}


# --- the bucket --------------------------------------------------------------------------------

# What comes after them: the request's or the owner's key, and a name of its own.
RESULT_PREFIX = "requests/"
UPLOAD_PREFIX = "uploads/"


# --- states ------------------------------------------------------------------------------------


class State(StrEnum):
    """Where a request stands; the last four are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    RETRY_WAIT = "RETRY_WAIT"
    INPUT_REQUIRED = "INPUT_REQUIRED"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class ErrorCode(StrEnum):
    """Every `error.code` that a client can read."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    INVALID_ACTION = "INVALID_ACTION"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    RATE_LIMITED = "RATE_LIMITED"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    TIMEOUT = "TIMEOUT"
    CANCELLED = "CANCELLED"
    PROCESSING_FAILED = "PROCESSING_FAILED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class Executor(StrEnum):
    """What runs the attempts of an async action."""

    WORKER = "worker"  # one invocation of the worker, 15 minutes at most
    DURABLE = "durable"  # a Lambda durable execution, up to a year


# --- routes ------------------------------------------------------------------------------------


class Route(StrEnum):
    """Route keys of the WebSocket API."""

    CONNECT = "$connect"
    DISCONNECT = "$disconnect"
    DEFAULT = "$default"


class HttpRoute(StrEnum):
    """Route keys of the HTTP API."""

    SUBMIT = "POST /requests"
    LIST = "GET /requests"
    GET = "GET /requests/{request_id}"
    CANCEL = "DELETE /requests/{request_id}"
    CHUNKS = "GET /requests/{request_id}/chunks"
    INPUT = "POST /requests/{request_id}/input"
    UPLOAD = "POST /uploads"
    TICKET = "POST /tickets"
    ACTIONS = "GET /actions"
    OPENAPI = "GET /openapi.json"


class BuiltinAction(StrEnum):
    """Actions that the library answers itself; an app cannot take these names."""

    HELLO = "hello"
    PING = "ping"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    CANCEL = "cancel"
    GET = "get"
    LIST = "list"
    UPLOAD = "upload"
    INPUT = "input"


# Of the same protocol version, answered by a later release of the library; an app cannot take them.
RESERVED_ACTIONS = frozenset({*BuiltinAction, "input", "upload"})


# --- metrics -----------------------------------------------------------------------------------

METRIC_DIMENSION = "Api"  # the construct's name; the only dimension, so that cardinality is bounded


class Metric(StrEnum):
    """Names of the metrics that the runtime emits under METRIC_NAMESPACE."""

    REQUESTS_QUEUED = "RequestsQueued"
    REQUESTS_SUCCEEDED = "RequestsSucceeded"
    REQUESTS_FAILED = "RequestsFailed"
    REQUESTS_CANCELLED = "RequestsCancelled"
    REQUESTS_EXPIRED = "RequestsExpired"
    REQUESTS_RETRIED = "RequestsRetried"
    REQUESTS_LIMITED = "RequestsLimited"
    LEASES_LOST = "LeasesLost"
    QUEUE_AGE = "QueueAge"  # milliseconds from acceptance to the first claim
    PROGRESS_POSTS = "ProgressPosts"
    POST_FAILURES = "PostFailures"
    CONNECTIONS_GONE = "ConnectionsGone"
    AUTH_FAILURES = "AuthFailures"
    WEBHOOKS_DELIVERED = "WebhooksDelivered"
    WEBHOOKS_FAILED = "WebhooksFailed"  # a delivery that is tried again, or given up


# --- limits ------------------------------------------------------------------------------------

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
FRAME_BYTES = 32 * 1024
MESSAGE_BYTES = 128 * 1024
IDLE_SECONDS = 10 * 60
CONNECTION_SECONDS = 2 * 60 * 60
INTEGRATION_SECONDS = 29

CONNECTION_RETENTION_SECONDS = 3 * 60 * 60
CHANNEL_RETENTION_SECONDS = 24 * 60 * 60
SUBSCRIBERS_PER_CHANNEL = 20
RESULT_BYTES = 100 * 1024  # leaves room for the envelope below MESSAGE_BYTES; beyond it, S3
STORED_RESULT_BYTES = 100 * 1024 * 1024  # in S3; the worker holds it in memory
CHUNK_BYTES = 64 * 1024
PROGRESS_BYTES = 16 * 1024
# A URL signed with a role's credentials ends with them, which may be soon.
URL_SECONDS = 15 * 60
UPLOAD_BYTES = 5 * 1024**3  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
TICKET_SECONDS = 60
WAIT_SECONDS = 20  # of a long poll, below INTEGRATION_SECONDS
# "." and ".." mean something in the path of a URL, so no client could ask for them over HTTP.
REQUEST_ID_PATTERN = r"(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}"
TOKEN_BYTES = 8 * 1024

# https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
DURABLE_SECONDS = 366 * 24 * 60 * 60
STEP_BYTES = 256 * 1024
ASK_BYTES = 16 * 1024  # of a schema and its prompt, which the request's own item holds
WORKER_TIMEOUT_SECONDS = (
    900  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
)
# Lambda wants visibility >= the function's timeout; the rest covers its own retries of a poll.
VISIBILITY_MARGIN_SECONDS = 60
WORK_RECEIVES = 10
WATCH_RECEIVES = 1_000
# Ten attempts within 75 hours; three pauses are longer than SQS can hide a message at once.
WEBHOOK_RECEIVES = 13
WEBHOOK_TIMEOUT_SECONDS = 30
# A request must end before its watch message has been received too often, or is too old for SQS:
# 25 attempts of 15 minutes, looked at every 45 seconds, after three days at 15 minutes a look.
MAX_ATTEMPTS = 25
MAX_EXPIRES_SECONDS = 3 * 24 * 60 * 60
MAX_DELAY_SECONDS = 900  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_VISIBILITY_SECONDS = 12 * 60 * 60
MESSAGE_RETENTION_SECONDS = 14 * 24 * 60 * 60  # of the watch queue; SQS keeps none longer

# `Sec-WebSocket-Protocol: streamer.v1, bearer.<jwt>`; only the marker is echoed.
SUBPROTOCOL_HEADER = "Sec-WebSocket-Protocol"
BEARER_SUBPROTOCOL_PREFIX = "bearer."
TICKET_SUBPROTOCOL_PREFIX = "ticket."
