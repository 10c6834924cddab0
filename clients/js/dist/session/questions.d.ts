/** Built-in actions that were asked and not yet answered. */
import { type StreamerClientError } from '../errors.js';
import type { Timing } from '../timing.js';
import { type Document } from '../wire.js';
import type { Link, Links } from './links.js';
import type { Emit } from './outputs.js';
import type { Timers } from './timers.js';
/** What came back: data, or an error. */
export declare class Answer {
    readonly data: unknown;
    readonly error: StreamerClientError | null;
    constructor(data: unknown, error?: StreamerClientError | null);
    /** The data of `get` and `subscribe`; throws Malformed. */
    get snapshot(): Document;
    /** Whether it is an error that may not be met again. */
    get isPassing(): boolean;
}
export type Then = (answer: Answer, now: number) => void;
/** Sends built-in actions, again if need be: all of them may be repeated without harm. */
export declare class Questions {
    #private;
    constructor(parts: {
        timing: Timing;
        timers: Timers;
        links: Links;
        emit: Emit;
    });
    /** Ask, and give the question's id; one that `survives` outlives its connection. */
    ask(action: string, payload: Document | null, then: Then, now: number, survives?: boolean): string;
    /** Tell whether the id is that of a question without an answer. */
    isOpen(id: string): boolean;
    /** Take the answer to a question; one that is not open was answered before. */
    answered(id: string, answer: Answer, now: number): void;
    /** Take the answer to `hello`, which names no question. */
    answeredHello(link: Link, answer: Answer, now: number): void;
    /** Send what waited for a link. */
    sendWaiting(now: number): void;
    /** Ask again on the current link what survives, and forget the rest. */
    linkLost(link: Link, now: number): void;
    /** Expect no answer any more. */
    forget(id: string): void;
    /** Answer everything with an error. */
    failAll(error: StreamerClientError, now: number): void;
    /** Tell whether an answer is due on the link. */
    isBusy(link: Link): boolean;
}
