/** What a Session asks to be done, and what it has to tell. */
import type { StreamerClientError } from '../errors.js';
import type { Message } from '../messages.js';
import type { Subject } from './subject.js';
/** Open a connection, with a fresh token, and call it by this number. */
export interface Open {
    readonly output: 'open';
    readonly link: number;
}
/** Send a text frame. */
export interface Send {
    readonly output: 'send';
    readonly link: number;
    readonly text: string;
}
/** Close a connection; nothing more is expected of it. */
export interface Close {
    readonly output: 'close';
    readonly link: number;
}
/** A connection was greeted and is used from now on. */
export interface Ready {
    readonly output: 'ready';
    readonly link: number;
}
/** Something was heard of a subject; after `completed` or `failed` nothing follows. */
export interface Heard {
    readonly output: 'heard';
    readonly subject: Subject;
    readonly message: Message;
}
/** A call has its answer: data, or an error. */
export interface Answered {
    readonly output: 'answered';
    readonly call: string;
    readonly data?: unknown;
    readonly error: StreamerClientError | null;
}
/**
 * Read what is at an address, `size` bytes, and call it by this number.
 *
 * What was fetched goes to `fetched`, and why it could not be to `unfetched`. It is of no use any
 * more once the subject was left or has ended.
 */
export interface Fetch {
    readonly output: 'fetch';
    readonly fetch: number;
    readonly subject: Subject;
    readonly url: string;
    readonly size: number;
}
/** Something was wrong that the session can live with. */
export interface Warned {
    readonly output: 'warned';
    readonly text: string;
}
/** The session is over: nothing is sent or heard any more. */
export interface Ended {
    readonly output: 'ended';
    readonly error: StreamerClientError;
}
export type Output = Open | Send | Close | Ready | Heard | Answered | Fetch | Warned | Ended;
export type Emit = (output: Output) => void;
