/** Requests that were sent and not answered before their connection was lost. */
import { type StreamerClientError } from '../errors.js';
import type { Document } from '../wire.js';
import type { Questions } from './questions.js';
import type { Subject } from './subject.js';
import type { Topic } from './topic.js';
/** Whose topics they are. */
export interface DoubtsOwner {
    /** Tell whether nothing was heard meanwhile. */
    isDoubted(topic: Topic): boolean;
    /** Take a snapshot. */
    heard(subject: Subject, document: Document, now: number): boolean;
    /** Know that the service has the request. */
    accepted(topic: Topic, now: number): void;
    /** Send the request again. */
    send(topic: Topic, now: number): void;
    /** Ask again later. */
    doubtLater(topic: Topic, now: number): void;
    /** End the request with an error. */
    end(topic: Topic, error: StreamerClientError): void;
}
/**
 * Finds out what became of a request.
 *
 * A request that the service does not know is either an async one that was never accepted, and is
 * sent again, since its id is its idempotency key; or a sync one, which the service does not keep,
 * and which may have run. Only the list of actions in `hello` tells one from the other. It can be
 * large, so it is asked for when it is needed.
 */
export declare class Doubts {
    #private;
    constructor(parts: {
        questions: Questions;
        owner: DoubtsOwner;
    });
    /** Learn anew on a new link: the application may have been deployed since. */
    reset(): void;
    /** Ask for the request, or send it again if that does no harm. */
    lookUp(topic: Topic, now: number): void;
}
