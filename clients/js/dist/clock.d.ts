/** What time it is for a session: whole milliseconds that never go back, sleep included. */
export declare class Clock {
    #private;
    /** Give this moment. A machine's sleep stops the one clock and not the other. */
    now(): number;
}
