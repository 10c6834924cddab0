/** Runs a session: its outputs become connections, frames, downloads and wake-ups. */
import type { Connect } from './connection.js';
import { type Credentials } from './credentials.js';
import type { Output, Session } from './session/index.js';
/** Who is told what a session says, and that a connection is no more. */
export interface RunnerEvents {
    told(output: Output): void;
    gone(link: number): void;
}
/** Does what the session says; what it tells goes to the listener. */
export declare class Runner {
    #private;
    constructor(parts: {
        session: Session;
        url: URL;
        credentials: Credentials;
        connect: Connect;
        events: RunnerEvents;
    });
    /** Give the session an input at this moment, and do what comes of it. */
    feed<T>(give: (session: Session, now: number) => T): T;
    /** Stop what is under way for a subject. */
    forget(subject: string): void;
}
