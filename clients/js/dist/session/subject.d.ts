import type { Document } from '../wire.js';
/** What can be followed: a request or a channel. */
export declare class Subject {
    readonly requestId: string | null;
    readonly channel: string | null;
    private constructor();
    static request(id: string): Subject;
    static channel(name: string): Subject;
    /** Give the subject of a message; null when it names none. */
    static of(requestId: string | null, channel: string | null): Subject | null;
    /** The same for all that name the same. */
    get key(): string;
    /** What people call it. */
    get name(): string;
    /** What the protocol's actions call it. */
    get arguments(): Document;
}
