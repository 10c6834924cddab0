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
  override readonly name: string = 'StreamerClientError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What the service says of an error beside its code and its message. */
export interface Fault {
  readonly retryable?: boolean;
  readonly details?: unknown;
  readonly traceId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** The service said no. `traceId` is for the service's operator. */
export class RequestFailed extends StreamerClientError {
  override readonly name: string = 'RequestFailed';
  readonly retryable: boolean;
  readonly details: unknown;
  readonly traceId: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, fault: Fault = {}) {
    super(code, message);
    this.retryable = fault.retryable ?? false;
    this.details = fault.details;
    this.traceId = fault.traceId;
    this.retryAfterMs = fault.retryAfterMs;
  }
}

/** The message or its payload is not what it should be; `details` may list the faults. */
export class ValidationFailed extends RequestFailed {
  override readonly name = 'ValidationFailed';
}

/** There is no such action. */
export class InvalidAction extends RequestFailed {
  override readonly name = 'InvalidAction';
}

/** The token has ended. */
export class Unauthorized extends RequestFailed {
  override readonly name = 'Unauthorized';
}

/** The token does not allow it. */
export class Forbidden extends RequestFailed {
  override readonly name = 'Forbidden';
}

/** There is no such request, or it is not this caller's. */
export class NotFound extends RequestFailed {
  override readonly name = 'NotFound';
}

/** The id was used with another body, or the request has as many subscribers as it can have. */
export class Conflict extends RequestFailed {
  override readonly name = 'Conflict';
}

/** Too many at once: try again after `retryAfterMs`. */
export class RateLimited extends RequestFailed {
  override readonly name = 'RateLimited';
}

/** No frame can carry the payload. */
export class PayloadTooLarge extends RequestFailed {
  override readonly name = 'PayloadTooLarge';
}

/** The action took longer than it may. */
export class TimedOut extends RequestFailed {
  override readonly name = 'TimedOut';
}

/** Somebody cancelled the request. */
export class Cancelled extends RequestFailed {
  override readonly name = 'Cancelled';
}

/** The handler raised an exception. */
export class ProcessingFailed extends RequestFailed {
  override readonly name = 'ProcessingFailed';
}

/** The service itself failed. */
export class InternalError extends RequestFailed {
  override readonly name = 'InternalError';
}

/** The answer was lost with its connection; `mayHaveRun`: perhaps it ran all the same. */
export class ConnectionLost extends StreamerClientError {
  override readonly name = 'ConnectionLost';
  readonly mayHaveRun: boolean;

  constructor(message: string, mayHaveRun = false) {
    super('CONNECTION_LOST', message);
    this.mayHaveRun = mayHaveRun;
  }
}

/** The service refused the connection itself, with this HTTP status. */
export class HandshakeRefused extends StreamerClientError {
  override readonly name = 'HandshakeRefused';
  readonly status: number;

  constructor(message: string, status: number) {
    super('HANDSHAKE_REFUSED', message);
    this.status = status;
  }
}

/** No connection could be made at all. */
export class Unreachable extends StreamerClientError {
  override readonly name = 'Unreachable';

  constructor(message: string) {
    super('UNREACHABLE', message);
  }
}

/** Bytes could not be sent to the store. */
export class UploadFailed extends StreamerClientError {
  override readonly name = 'UploadFailed';

  constructor(message: string, options?: ErrorOptions) {
    super('UPLOAD_FAILED', message, options);
  }
}

/** The caller's own timeout passed; the request itself goes on. */
export class WaitTimeout extends StreamerClientError {
  override readonly name = 'WaitTimeout';

  constructor(message: string) {
    super('WAIT_TIMEOUT', message);
  }
}

/** The service said something that this client cannot understand. */
export class ProtocolError extends StreamerClientError {
  override readonly name = 'ProtocolError';

  constructor(message: string, options?: ErrorOptions) {
    super('PROTOCOL_ERROR', message, options);
  }
}

/** The client was closed. */
export class Closed extends StreamerClientError {
  override readonly name = 'Closed';

  constructor(message: string) {
    super('CLOSED', message);
  }
}

const CLASSES = new Map<string, typeof RequestFailed>([
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
export function requestFailed(fault: Readonly<Record<string, unknown>>): RequestFailed {
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
