/** Who waits for what: brings what a session tells to those who asked. */
import type { Connect } from './connection.js';
import type { Credentials } from './credentials.js';
import type { Feed } from './feed.js';
import { type RunnerEvents } from './runner.js';
import { type Order, type Output, Subject } from './session/index.js';
import type { Timing } from './timing.js';
import type { Document } from './wire.js';
/** How it stands with the connection. */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed';
export interface ExchangeParts {
    readonly url: URL;
    readonly credentials: Credentials;
    readonly connect: Connect;
    readonly timing: Partial<Timing> | undefined;
    readonly uniform: () => number;
    readonly onWarning: (text: string) => void;
    readonly onState: (state: ConnectionState) => void;
}
/** One session at a time: begun by the first who needs it, and anew after one that gave up. */
export declare class Exchange implements RunnerEvents {
    #private;
    constructor(parts: ExchangeParts);
    get state(): ConnectionState;
    /** Wait for a connection. */
    ready(): Promise<void>;
    submit(id: string, order: Order, feed: Feed): void;
    follow(subject: Subject, feed: Feed): void;
    leave(subject: Subject): void;
    /** Ask a built-in action. */
    call(action: string, payload: Document | null, signal?: AbortSignal): Promise<unknown>;
    close(): void;
    gone(link: number): void;
    told(output: Output): void;
}
