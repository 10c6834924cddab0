/** The client: requests with live progress, channels, over connections that come and go. */
import { type Connect } from './connection.js';
import { type Access } from './credentials.js';
import { type ConnectionState } from './exchange.js';
import { type Listeners } from './listeners.js';
import type { Message } from './messages.js';
import { type Desk, RequestHandle } from './request.js';
import { type Page, type Snapshot, type State } from './snapshots.js';
import { type Timing } from './timing.js';
import { type Bounds } from './waiting.js';
/** How a client behaves; what lets it in is beside, as `token` or `ticket`. */
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
/** Talks to one API. It connects when it is first used, and again whenever it must. */
export declare class StreamerClient implements Desk {
    #private;
    /** `url` is the `wss://` address of the API and its stage. */
    constructor(url: string | URL, options: ClientOptions);
    /** How it stands with the connection. */
    get state(): ConnectionState;
    /** Connect before there is anything to ask; throws Unreachable or HandshakeRefused. */
    connect({ signal }?: Bounds): Promise<void>;
    /** Run an action and give its result, whether it is sync or async. */
    request<T = unknown, C = unknown>(action: string, payload?: unknown, options?: RequestOptions<C>): Promise<T>;
    /** Run an action, and give what to follow it with; throws PayloadTooLarge. */
    submit<T = unknown, C = unknown>(action: string, payload?: unknown, options?: SubmitOptions): RequestHandle<T, C>;
    /** Follow a request that was submitted before, by whichever client of the same owner. */
    attach<T = unknown, C = unknown>(requestId: string): RequestHandle<T, C>;
    /** Hear no more of a request, which goes on. */
    detach(requestId: string): void;
    /** Ask how a request stands, with its result, however large; throws NotFound. */
    get<T = unknown>(requestId: string, { signal }?: Bounds): Promise<Snapshot<T>>;
    /** List the caller's requests, newest first; 20 of them by default. */
    list(options?: Bounds & {
        state?: State;
        limit?: number;
        cursor?: string;
    }): Promise<Page>;
    /** Ask to end a request, and give the state that this led to; throws NotFound. */
    cancel(requestId: string, reason?: string, { signal }?: Bounds): Promise<State>;
    /**
     * Answer what a request asks a person, and give the state that this led to.
     *
     * Throws ValidationFailed for a value that the question's schema does not allow, and Conflict for
     * a request that does not wait for it. Without `inputId`: whatever it asks now.
     */
    answer(requestId: string, value: unknown, { inputId, signal }?: Bounds & {
        inputId?: string;
    }): Promise<State>;
    /**
     * Store what is too large for a frame, and give the id by which a payload names it.
     *
     * `type` is by default the Blob's own. Throws UploadFailed.
     */
    upload(content: Blob | ArrayBuffer | Uint8Array | string, options?: Bounds & {
        type?: string;
    }): Promise<string>;
    /** Iterate over what is published to a channel, until it has completed or failed. */
    subscribe<T = unknown>(channel: string, { signal }?: Bounds): AsyncGenerator<Message<T>, undefined>;
    /** Ask for a sign of life, and give how many milliseconds it took. */
    ping({ signal }?: Bounds): Promise<number>;
    /** Close the connection; what is open throws Closed, and goes on without this client. */
    close(): void;
}
