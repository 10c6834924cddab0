/** When the client does what: every duration of the protocol's client side. */
export const DEFAULT_TIMING = {
    poll: 25_000,
    answer: 20_000,
    submission: 35_000,
    drain: 30_000,
    backoffLeast: 500,
    backoffMost: 30_000,
    stable: 10_000,
    lifetime: 7_200_000,
    margin: 120_000,
    youngest: 30_000,
    heartbeatLeast: 240_000,
    heartbeatMost: 480_000,
    openingAttempts: 3,
    callAttempts: 3,
};
/** Fill in the defaults; throws RangeError for a duration that would never let time pass. */
export function timingOf(given = {}) {
    const timing = { ...DEFAULT_TIMING, ...given };
    for (const [name, value] of Object.entries(timing)) {
        if (!(value > 0))
            throw new RangeError(`${name} must be greater than 0, got ${value}`);
    }
    return timing;
}
/**
 * Give how long to wait after so many failures in a row; `uniform` is between 0 and 1.
 *
 * Full jitter: clients that were thrown out together do not come back together.
 */
export function backoff(timing, failures, uniform) {
    const doublings = Math.min(failures - 1, 30);
    return Math.floor(uniform * Math.min(timing.backoffMost, timing.backoffLeast * 2 ** doublings));
}
/** Give how long to wait between pings when the server asks for one in so many seconds. */
export function heartbeat(timing, seconds) {
    const wanted = seconds === null ? timing.heartbeatLeast : Math.floor(seconds * 1000);
    return Math.min(Math.max(wanted, timing.heartbeatLeast), timing.heartbeatMost);
}
/** Give how old a connection gets until it is replaced; `tokenLeft` is its token's life. */
export function replacement(timing, tokenLeft, uniform) {
    const age = Math.floor(timing.lifetime - timing.margin * (1 + uniform));
    if (tokenLeft === null)
        return age;
    const byToken = Math.max(tokenLeft - timing.margin, Math.floor(tokenLeft / 2));
    return byToken < timing.youngest ? age : Math.min(age, byToken);
}
