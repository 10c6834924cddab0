/** What time it is for a session: whole milliseconds that never go back, sleep included. */
/** A difference that no machine shows that was awake. */
const SLEPT_MS = 1_000;
export class Clock {
    #slept = 0;
    #offset = Date.now() - performance.now();
    /** Give this moment. A machine's sleep stops the one clock and not the other. */
    now() {
        const offset = Date.now() - performance.now();
        const slept = offset - this.#offset;
        // A clock that was set back says nothing about sleep, so only the next difference counts.
        if (slept > SLEPT_MS)
            this.#slept += slept;
        if (Math.abs(slept) > SLEPT_MS)
            this.#offset = offset;
        return Math.floor(performance.now() + this.#slept);
    }
}
