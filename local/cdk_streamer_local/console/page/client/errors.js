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
export class StreamerClientError extends Error {
    // Literals, because a minifier renames classes.
    name = 'StreamerClientError';
    code;
    constructor(code, message, options) {
        super(message, options);
        this.code = code;
    }
}
/** The service said no. `traceId` is for the service's operator. */
export class RequestFailed extends StreamerClientError {
    name = 'RequestFailed';
    retryable;
    details;
    traceId;
    retryAfterMs;
    constructor(code, message, fault = {}) {
        super(code, message);
        this.retryable = fault.retryable ?? false;
        this.details = fault.details;
        this.traceId = fault.traceId;
        this.retryAfterMs = fault.retryAfterMs;
    }
}
/** The message or its payload is not what it should be; `details` may list the faults. */
export class ValidationFailed extends RequestFailed {
    name = 'ValidationFailed';
}
/** There is no such action. */
export class InvalidAction extends RequestFailed {
    name = 'InvalidAction';
}
/** The token has ended. */
export class Unauthorized extends RequestFailed {
    name = 'Unauthorized';
}
/** The token does not allow it. */
export class Forbidden extends RequestFailed {
    name = 'Forbidden';
}
/** There is no such request, or it is not this caller's. */
export class NotFound extends RequestFailed {
    name = 'NotFound';
}
/** The id was used with another body, or the request has as many subscribers as it can have. */
export class Conflict extends RequestFailed {
    name = 'Conflict';
}
/** Too many at once: try again after `retryAfterMs`. */
export class RateLimited extends RequestFailed {
    name = 'RateLimited';
}
/** No frame can carry the payload. */
export class PayloadTooLarge extends RequestFailed {
    name = 'PayloadTooLarge';
}
/** The action took longer than it may. */
export class TimedOut extends RequestFailed {
    name = 'TimedOut';
}
/** Somebody cancelled the request. */
export class Cancelled extends RequestFailed {
    name = 'Cancelled';
}
/** The handler raised an exception. */
export class ProcessingFailed extends RequestFailed {
    name = 'ProcessingFailed';
}
/** The service itself failed. */
export class InternalError extends RequestFailed {
    name = 'InternalError';
}
/** The answer was lost with its connection; `mayHaveRun`: perhaps it ran all the same. */
export class ConnectionLost extends StreamerClientError {
    name = 'ConnectionLost';
    mayHaveRun;
    constructor(message, mayHaveRun = false) {
        super('CONNECTION_LOST', message);
        this.mayHaveRun = mayHaveRun;
    }
}
/** The service refused the connection itself, with this HTTP status. */
export class HandshakeRefused extends StreamerClientError {
    name = 'HandshakeRefused';
    status;
    constructor(message, status) {
        super('HANDSHAKE_REFUSED', message);
        this.status = status;
    }
}
/** No connection could be made at all. */
export class Unreachable extends StreamerClientError {
    name = 'Unreachable';
    constructor(message) {
        super('UNREACHABLE', message);
    }
}
/** Bytes could not be sent to the store. */
export class UploadFailed extends StreamerClientError {
    name = 'UploadFailed';
    constructor(message, options) {
        super('UPLOAD_FAILED', message, options);
    }
}
/** The caller's own timeout passed; the request itself goes on. */
export class WaitTimeout extends StreamerClientError {
    name = 'WaitTimeout';
    constructor(message) {
        super('WAIT_TIMEOUT', message);
    }
}
/** The service said something that this client cannot understand. */
export class ProtocolError extends StreamerClientError {
    name = 'ProtocolError';
    constructor(message, options) {
        super('PROTOCOL_ERROR', message, options);
    }
}
/** The client was closed. */
export class Closed extends StreamerClientError {
    name = 'Closed';
    constructor(message) {
        super('CLOSED', message);
    }
}
const CLASSES = new Map([
    ['VALIDATION_ERROR', ValidationFailed],
    ['INVALID_ACTION', InvalidAction],
    ['UNAUTHORIZED', Unauthorized],
    ['FORBIDDEN', Forbidden],
    ['NOT_FOUND', NotFound],
    ['CONFLICT', Conflict],
    ['RATE_LIMITED', RateLimited],
    ['PAYLOAD_TOO_LARGE', PayloadTooLarge],
    ['TIMEOUT', TimedOut],
    ['CANCELLED', Cancelled],
    ['PROCESSING_FAILED', ProcessingFailed],
    ['INTERNAL_ERROR', InternalError],
]);
/** Give the error that stands for the protocol's error object; what it lacks is filled in. */
export function requestFailed(fault) {
    const code = typeof fault['code'] === 'string' ? fault['code'] : 'INTERNAL_ERROR';
    const message = fault['message'];
    const wait = fault['retry_after_ms'];
    const trace = fault['trace_id'];
    const text = message ? String(message) : 'the service gave no reason';
    return new (CLASSES.get(code) ?? RequestFailed)(code, text, {
        retryable: fault['retryable'] === true,
        details: fault['details'] ?? undefined,
        traceId: typeof trace === 'string' ? trace : undefined,
        retryAfterMs: typeof wait === 'number' ? wait : undefined,
    });
}
