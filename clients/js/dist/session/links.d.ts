/** The connections of a session: opened, greeted, kept alive, replaced in time, reopened. */
import { type StreamerClientError } from '../errors.js';
import { type Timing } from '../timing.js';
import type { Greeting } from './greeting.js';
import type { Emit } from './outputs.js';
import type { Timers } from './timers.js';
/** One id for all: a connection is greeted once, and tells its own greeting apart. */
export declare const HELLO_ID = "~hello";
/** How far a connection is. A draining one was replaced, but some answers are still due on it. */
export type Stage = 'opening' | 'greeting' | 'ready' | 'draining';
/** One connection. */
export interface Link {
    readonly number: number;
    stage: Stage;
    heardAt: number;
}
/** Who must know what becomes of connections. */
export interface Events {
    /** Use the new current link. */
    linkReady(now: number): void;
    /** Expect nothing more on this link. */
    linkLost(link: Link, now: number): void;
    /** Ping on the current link. */
    pingDue(now: number): void;
    /** Know that there will be no link any more. */
    gaveUp(error: StreamerClientError, now: number): void;
}
/** Sees to it that one link is current; `refreshable` says that each gets a new token. */
export declare class Links {
    #private;
    current: Link | null;
    constructor(parts: {
        timing: Timing;
        timers: Timers;
        uniform: () => number;
        refreshable: boolean;
        emit: Emit;
        events: Events;
    });
    /** The links that were replaced and may still bring answers. */
    get draining(): readonly Link[];
    /** Give a link that is still of interest. */
    find(number: number): Link | null;
    /** Ask for a connection, unless one is on its way. */
    open(): void;
    /** Open the link that replaces the current one; no use when its token cannot be new. */
    replace(because: 'token' | 'age'): void;
    /** Greet on the connection that was opened. */
    opened(number: number, now: number): void;
    /** Make the link that was greeted the current one, and let the one before it drain. */
    greeted(link: Link, greeting: Greeting, now: number): void;
    /** Take that a connection could not be opened; `status` is HTTP's, if there was one. */
    failed(number: number, now: number, reason: string, status?: number): void;
    /** Take that a connection ended. */
    lost(number: number, now: number, reason: string): void;
    /** End a connection that is of no use any more. */
    drop(link: Link, now: number, reason: string): void;
    /** End all connections for good. */
    close(): void;
}
