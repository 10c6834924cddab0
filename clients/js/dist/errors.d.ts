/**
 * Everything that the client throws.
 *
 *     StreamerClientError
 *     ├── RequestFailed         the service said no; has code, message, retryable, details, ...
 *     │   ├── ValidationFailed  VALIDATION_ERROR: the message or its payload is not what it should be
 *     │   ├── InvalidAction     INVALID_ACTION: there is no such action
 *     │   ├── Unauthorized      UNAUTHORIZED: the token has ended
 *     │   ├── Forbidden         FORBIDDEN: the token does not allow it
 *     │   ├── NotFound          NOT_FOUND: no such request, or not this caller's
 *     │   ├── Conflict          CONFLICT: the id was used with another body, or too many subscribers
 *     │   ├── RateLimited       RATE_LIMITED: try again after `retryAfterMs`
 *     │   ├── PayloadTooLarge   PAYLOAD_TOO_LARGE: no frame can carry it
 *     │   ├── TimedOut          TIMEOUT: the action took longer than it may
 *     │   ├── Cancelled         CANCELLED: somebody cancelled the request
 *     │   ├── ProcessingFailed  PROCESSING_FAILED: the handler raised an exception
 *     │   └── InternalError     INTERNAL_ERROR: the service itself failed
 *     ├── ConnectionLost        the answer was lost with its connection; see `mayHaveRun`
 *     ├── HandshakeRefused      the service let nobody in; has status
 *     ├── Unreachable           no connection could be made at all
 *     ├── UploadFailed          bytes could not be sent to the store
 *     ├── WaitTimeout           the caller's own `timeoutMs` passed
 *     ├── ProtocolError         the service said something that this client cannot understand
 *     └── Closed                the client was closed
 *
 * Each has a `code` too, which tells them apart where `instanceof` cannot: across frames, workers
 * and two copies of this package.
 */
/** Anything that the client throws; the text says what to do. */
export declare class StreamerClientError extends Error {
    readonly name: string;
    readonly code: string;
    constructor(code: string, message: string, options?: ErrorOptions);
}
/** What the service says of an error beside its code and its message. */
export interface Fault {
    readonly retryable?: boolean;
    readonly details?: unknown;
    readonly traceId?: string | undefined;
    readonly retryAfterMs?: number | undefined;
}
/** The service said no. `traceId` is for the service's operator. */
export declare class RequestFailed extends StreamerClientError {
    readonly name: string;
    readonly retryable: boolean;
    readonly details: unknown;
    readonly traceId: string | undefined;
    readonly retryAfterMs: number | undefined;
    constructor(code: string, message: string, fault?: Fault);
}
/** The message or its payload is not what it should be; `details` may list the faults. */
export declare class ValidationFailed extends RequestFailed {
    readonly name = "ValidationFailed";
}
/** There is no such action. */
export declare class InvalidAction extends RequestFailed {
    readonly name = "InvalidAction";
}
/** The token has ended. */
export declare class Unauthorized extends RequestFailed {
    readonly name = "Unauthorized";
}
/** The token does not allow it. */
export declare class Forbidden extends RequestFailed {
    readonly name = "Forbidden";
}
/** There is no such request, or it is not this caller's. */
export declare class NotFound extends RequestFailed {
    readonly name = "NotFound";
}
/** The id was used with another body, or the request has as many subscribers as it can have. */
export declare class Conflict extends RequestFailed {
    readonly name = "Conflict";
}
/** Too many at once: try again after `retryAfterMs`. */
export declare class RateLimited extends RequestFailed {
    readonly name = "RateLimited";
}
/** No frame can carry the payload. */
export declare class PayloadTooLarge extends RequestFailed {
    readonly name = "PayloadTooLarge";
}
/** The action took longer than it may. */
export declare class TimedOut extends RequestFailed {
    readonly name = "TimedOut";
}
/** Somebody cancelled the request. */
export declare class Cancelled extends RequestFailed {
    readonly name = "Cancelled";
}
/** The handler raised an exception. */
export declare class ProcessingFailed extends RequestFailed {
    readonly name = "ProcessingFailed";
}
/** The service itself failed. */
export declare class InternalError extends RequestFailed {
    readonly name = "InternalError";
}
/** The answer was lost with its connection; `mayHaveRun`: perhaps it ran all the same. */
export declare class ConnectionLost extends StreamerClientError {
    readonly name = "ConnectionLost";
    readonly mayHaveRun: boolean;
    constructor(message: string, mayHaveRun?: boolean);
}
/** The service refused the connection itself, with this HTTP status. */
export declare class HandshakeRefused extends StreamerClientError {
    readonly name = "HandshakeRefused";
    readonly status: number;
    constructor(message: string, status: number);
}
/** No connection could be made at all. */
export declare class Unreachable extends StreamerClientError {
    readonly name = "Unreachable";
    constructor(message: string);
}
/** Bytes could not be sent to the store. */
export declare class UploadFailed extends StreamerClientError {
    readonly name = "UploadFailed";
    constructor(message: string, options?: ErrorOptions);
}
/** The caller's own timeout passed; the request itself goes on. */
export declare class WaitTimeout extends StreamerClientError {
    readonly name = "WaitTimeout";
    constructor(message: string);
}
/** The service said something that this client cannot understand. */
export declare class ProtocolError extends StreamerClientError {
    readonly name = "ProtocolError";
    constructor(message: string, options?: ErrorOptions);
}
/** The client was closed. */
export declare class Closed extends StreamerClientError {
    readonly name = "Closed";
    constructor(message: string);
}
/** Give the error that stands for the protocol's error object; what it lacks is filled in. */
export declare function requestFailed(fault: Readonly<Record<string, unknown>>): RequestFailed;
