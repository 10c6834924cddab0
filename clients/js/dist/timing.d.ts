/** When the client does what: every duration of the protocol's client side. */
/** Durations in milliseconds. The defaults fit API Gateway; tests shorten them. */
export interface Timing {
    /** How long an open request may be silent before it is asked for. */
    readonly poll: number;
    /** How long a built-in action may stay unanswered. */
    readonly answer: number;
    /** How long an action of the application may, which the platform gives 29 s. */
    readonly submission: number;
    /** How long a replaced connection may wait for its last answers. */
    readonly drain: number;
    readonly backoffLeast: number;
    readonly backoffMost: number;
    /** A connection that held for so long starts the backoff anew. */
    readonly stable: number;
    /** How long the platform keeps a connection. */
    readonly lifetime: number;
    /** How long before its end, or the token's, a connection is replaced. */
    readonly margin: number;
    /** One that is younger is not replaced for its token. */
    readonly youngest: number;
    readonly heartbeatLeast: number;
    readonly heartbeatMost: number;
    /** The failures after which a client that never was connected gives up. */
    readonly openingAttempts: number;
    /** How often a built-in action is sent. */
    readonly callAttempts: number;
}
export declare const DEFAULT_TIMING: Timing;
/** Fill in the defaults; throws RangeError for a duration that would never let time pass. */
export declare function timingOf(given?: Partial<Timing>): Timing;
/**
 * Give how long to wait after so many failures in a row; `uniform` is between 0 and 1.
 *
 * Full jitter: clients that were thrown out together do not come back together.
 */
export declare function backoff(timing: Timing, failures: number, uniform: number): number;
/** Give how long to wait between pings when the server asks for one in so many seconds. */
export declare function heartbeat(timing: Timing, seconds: number | null): number;
/** Give how old a connection gets until it is replaced; `tokenLeft` is its token's life. */
export declare function replacement(timing: Timing, tokenLeft: number | null, uniform: number): number;
