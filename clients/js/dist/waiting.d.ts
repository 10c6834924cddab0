/** Bounds of waiting: a caller's signal and timeout. */
/** What bounds the waiting, not the work. */
export interface Bounds {
    /** Ends the waiting; the promise rejects with its reason. */
    readonly signal?: AbortSignal | undefined;
}
/** Wait for a promise until the signal aborts; throws its reason then. */
export declare function until<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T>;
/** Wait for a promise for so many milliseconds; throws WaitTimeout with the text then. */
export declare function within<T>(promise: Promise<T>, limit: number | undefined, text: string): Promise<T>;
/** Let so many milliseconds pass; throws the signal's reason when it aborts. */
export declare function pause(wait: number, signal: AbortSignal): Promise<void>;
