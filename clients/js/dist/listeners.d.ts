/** Tells what is heard of a request to the functions of whoever asked for it. */
import type { Chunk } from './chunks.js';
import { ValidationFailed } from './errors.js';
import type { InputRequired, Progress, Retrying } from './messages.js';
import type { RequestHandle } from './request.js';
/** What a question comes with. */
export interface Asking {
    /** Aborts when nobody waits for the answer any more: close the dialog then. */
    readonly signal: AbortSignal;
    /** Why the service refused the answer before, if it did. */
    readonly refusal: ValidationFailed | null;
}
/** Functions, async or not; a message waits until the function has dealt with the one before. */
export interface Listeners<C = unknown> {
    readonly onProgress?: ((progress: Progress) => unknown) | undefined;
    readonly onChunk?: ((chunk: Chunk<C>) => unknown) | undefined;
    readonly onRetrying?: ((retrying: Retrying) => unknown) | undefined;
    /**
     * Gives the answer to what the request asks a person; undefined leaves it to somebody else.
     * Messages go on meanwhile.
     */
    readonly onInputRequired?: ((question: InputRequired, asking: Asking) => unknown) | undefined;
}
/** Tell everything until it is over, and give the result; throws what the functions throw. */
export declare function listen<T, C>(request: RequestHandle<T, C>, listeners: Listeners<C>, over: AbortSignal): Promise<T>;
