/** What the service says of itself in `hello`. */
import { type Document } from '../wire.js';
/** How each action runs: "sync", "async" or "either". */
export type Modes = ReadonlyMap<string, string>;
export interface Greeting {
    readonly heartbeatSeconds: number | null;
    /** How many milliseconds the connection's token has left. */
    readonly tokenLeft: number | null;
    /** Null when nobody asked. */
    readonly modes: Modes | null;
}
/** Read a `hello`; throws Malformed. */
export declare function readGreeting(document: Document): Greeting;
