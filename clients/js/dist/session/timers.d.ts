/** What is to be done later, in virtual time. */
export type Deed = (now: number) => void;
/** Deeds by key; a key that is set again forgets what it was set to before. */
export declare class Timers {
    #private;
    /** Do something at a moment. */
    set(key: string, at: number, deed: Deed): void;
    /** Do nothing after all; harmless when nothing was to be done. */
    clear(key: string): void;
    /** Forget everything. */
    clearAll(): void;
    /** Tell when the next deed is due; null when there is none. */
    nextAt(): number | null;
    /** Do what is due, in the order of its moments. */
    run(now: number): void;
}
