/**
 * The client's side of the protocol, without I/O and without a clock.
 *
 * The same inputs at the same times give the same outputs.
 */
import { type StreamerClientError } from '../errors.js';
import { type Timing } from '../timing.js';
import { type Document, type Frame } from '../wire.js';
import { type Events, type Link } from './links.js';
import type { Output } from './outputs.js';
import { Subject } from './subject.js';
export interface SessionOptions {
    /** Gives random numbers from 0 to 1. */
    readonly uniform: () => number;
    readonly timing?: Partial<Timing> | undefined;
    /** Whether each connection is opened with a new token; default: true. */
    readonly refreshable?: boolean | undefined;
}
/** A request, as the caller wants it. */
export interface Order extends Frame {
    readonly action: string;
    readonly idempotent?: boolean | undefined;
}
/**
 * Tell it what happens, do what it puts out, and call `tick` at `wakeAt`.
 *
 * `now` is any clock's whole milliseconds that never goes back.
 */
export declare class Session implements Events {
    #private;
    constructor(options: SessionOptions);
    /** Give what is to be done since the last time that somebody asked, in this order. */
    outputs(): readonly Output[];
    /** Tell when to call `tick`; null for never. */
    wakeAt(): number | null;
    /** Begin to connect. */
    start(_now: number): void;
    /** Let time pass. */
    tick(now: number): void;
    /** Take that a connection is open. */
    opened(link: number, now: number): void;
    /** Take that a connection could not be opened; `status` is HTTP's, if there was one. */
    failed(link: number, now: number, reason: string, status?: number): void;
    /** Take that a connection has ended. */
    lost(link: number, now: number, reason: string): void;
    /** Take a text frame; what is wrong with it leads to a warning at most. */
    received(link: number, text: string, now: number): void;
    /** Take what was at an address. */
    fetched(fetch: number, text: string, now: number): void;
    /** Take that an address was of no use, such as one that has ended. */
    unfetched(fetch: number, now: number, reason: string): void;
    /** Take that the network may be back, or that a connection may have died unseen. */
    nudge(now: number): void;
    /**
     * Send a request and follow it to its end.
     *
     * Throws PayloadTooLarge, RangeError for an id that cannot be one or is open already, and
     * TypeError or RangeError for what JSON cannot carry.
     */
    submit(id: string, now: number, order: Order): void;
    /** Follow a request that somebody submitted, or a channel, to its end. */
    follow(subject: Subject, now: number): void;
    /** Hear no more of a subject; what it stands for goes on. */
    leave(subject: Subject, now: number): void;
    /** Ask a built-in action, and give the name that its `answered` will have. */
    call(action: string, payload: Document | null, now: number): string;
    /** Want no answer any more. */
    forget(call: string): void;
    /** End everything; requests that were accepted go on without this client. */
    close(now: number): void;
    linkReady(now: number): void;
    linkLost(link: Link, now: number): void;
    pingDue(now: number): void;
    gaveUp(error: StreamerClientError, now: number): void;
}
