/** A request on its way, in the caller's hands. */
import { Feed } from './feed.js';
import type { Snapshot, State } from './snapshots.js';
/** What a request needs of its client. */
export interface Desk {
    get<T>(requestId: string): Promise<Snapshot<T>>;
    cancel(requestId: string, reason?: string): Promise<State>;
    answer(requestId: string, value: unknown, options?: {
        inputId?: string;
    }): Promise<State>;
    detach(requestId: string): void;
}
/** Iterate over it for its messages, or await its `result()`; both end when the request does. */
export declare class RequestHandle<T = unknown, C = unknown> extends Feed<T, C> {
    #private;
    readonly id: string;
    /** @internal */
    constructor(id: string, desk: Desk, isSubmitted: boolean);
    /** Wait for the result; throws RequestFailed, or ConnectionLost and its kin. */
    result(): Promise<T>;
    /**
     * Ask to end the request, and give the state that this led to.
     *
     * A request that was just submitted is cancelled as soon as it was accepted. One that has ended
     * stays as it is.
     */
    cancel(reason?: string): Promise<State>;
    /** Answer what the request asks; without `inputId`, the question that is open. */
    answer(value: unknown, options?: {
        inputId?: string;
    }): Promise<State>;
    /** Ask the service how the request stands. */
    snapshot(): Promise<Snapshot<T>>;
    /** Hear no more of the request, which goes on. */
    detach(): void;
}
