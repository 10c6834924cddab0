/** What a client and its requests can be told. */

import type { Connect } from './connection.js';
import type { Access } from './credentials.js';
import type { ConnectionState } from './exchange.js';
import type { Listeners } from './listeners.js';
import type { Timing } from './timing.js';
import type { Bounds } from './waiting.js';

/** How a client behaves; what lets it in is beside, as `token`, `ticket` or `sign`. */
export interface Behavior {
  /** Hears what the client can live with, such as a lost connection; default: console.warn. */
  readonly onWarning?: ((text: string) => void) | undefined;
  /** Hears whenever `client.state` changes. */
  readonly onState?: ((state: ConnectionState) => void) | undefined;
  /** Durations that differ from the defaults. */
  readonly timing?: Partial<Timing> | undefined;
  /** How connections are made; default: the platform's WebSocket, in Node one of its own. */
  readonly connect?: Connect | undefined;
  /** Gives an id for each request; default: a random UUID. */
  readonly newId?: (() => string) | undefined;
  /** Gives random numbers from 0 to 1, for the backoff's jitter; default: Math.random. */
  readonly uniform?: (() => number) | undefined;
}

export type ClientOptions = Access & Behavior;

/** How a request is submitted. */
export interface SubmitOptions {
  /** The request's idempotency key: by the same id it can be asked for again, from anywhere. */
  readonly id?: string | undefined;
  /** What the handler reads beside the payload. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** How to run an action whose author left the choice. */
  readonly prefer?: 'sync' | 'async' | undefined;
  /** Where the service posts how the request ended, if it has webhooks. */
  readonly webhook?: string | undefined;
  /** Says that a sync action may be run again when its answer was lost. */
  readonly idempotent?: boolean | undefined;
}

/** How a request is made and waited for. */
export interface RequestOptions<C = unknown> extends SubmitOptions, Listeners<C>, Bounds {
  /** Bounds the waiting, not the work, and throws WaitTimeout. */
  readonly timeoutMs?: number | undefined;
  /** What becomes of the request when `signal` aborts: it goes on, or is cancelled. */
  readonly onAbort?: 'leave' | 'cancel' | undefined;
  /** Waits and tries again when there are too many requests. */
  readonly retryLimited?: boolean | undefined;
}
