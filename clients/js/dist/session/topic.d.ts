/** One thing that is followed. */
import { Stream } from '../chunks.js';
import type { Completed, Stored } from '../messages.js';
import type { Link } from './links.js';
import type { Subject } from './subject.js';
/** A request as it is sent; `idempotent` says that running it twice does no harm. */
export interface Submission {
    readonly id: string;
    readonly action: string;
    readonly text: string;
    readonly prefer: string | undefined;
    readonly idempotent: boolean;
}
/** What the client knows of a request. */
export type Phase = 'waiting' | 'asked' | 'doubted' | 'followed' | 'ending';
/** How it stands with chunks that are missing. */
export type Search = 'idle' | 'asked' | 'paused';
/** A request or a channel. */
export declare class Topic {
    readonly subject: Subject;
    readonly submission: Submission | null;
    phase: Phase;
    link: Link | null;
    /** The highest number that was heard. */
    seq: number;
    readonly stream: Stream;
    ending: Completed | Stored | null;
    /** How often in a row it was asked in vain for what is to be fetched. */
    tries: number;
    search: Search;
    constructor(subject: Subject, phase: Phase, submission?: Submission | null);
}
