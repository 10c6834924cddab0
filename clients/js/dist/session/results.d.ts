/** Results that are too large for a message: fetched from addresses that soon end. */
import { type StreamerClientError } from '../errors.js';
import { type Ending, type Stored } from '../messages.js';
import { type Timing } from '../timing.js';
import type { Emit } from './outputs.js';
import type { Questions } from './questions.js';
import type { Timers } from './timers.js';
import type { Topic } from './topic.js';
/** Whose topics they are. */
export interface ResultsOwner {
    /** Tell whether anybody still wants to hear of it. */
    isOpen(topic: Topic): boolean;
    /** Tell the end. */
    conclude(topic: Topic, ending: Ending): void;
    /** End the request with an error. */
    end(topic: Topic, error: StreamerClientError): void;
}
/** Has them fetched, and asks for another address when one is of no use. */
export declare class Results {
    #private;
    constructor(parts: {
        timing: Timing;
        timers: Timers;
        uniform: () => number;
        questions: Questions;
        emit: Emit;
        owner: ResultsOwner;
    });
    /** Have a result fetched. */
    fetch(topic: Topic, stored: Stored): void;
    /** Take what was at an address. */
    fetched(fetch: number, text: string): void;
    /** Take why an address was of no use. */
    unfetched(fetch: number, reason: string, now: number): void;
    /** Want a result no more. */
    forget(topic: Topic): void;
}
