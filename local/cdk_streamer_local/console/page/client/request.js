/** A request on its way, in the caller's hands. */
import { Cancelled, ProtocolError } from './errors.js';
import { Feed } from './feed.js';
/** Iterate over it for its messages, or await its `result()`; both end when the request does. */
export class RequestHandle extends Feed {
    id;
    #desk;
    #isSubmitted;
    /** @internal */
    constructor(id, desk, isSubmitted) {
        super();
        this.id = id;
        this.#desk = desk;
        this.#isSubmitted = isSubmitted;
    }
    /** Wait for the result; throws RequestFailed, or ConnectionLost and its kin. */
    async result() {
        const ending = await this.last();
        if (ending.kind === 'failed')
            throw ending.error;
        return ending.result;
    }
    /**
     * Iterate over what the request puts out, in order; throws what went wrong in the end.
     *
     * A chunk of a later attempt, numbered from 0 again, replaces all before it. It reads the same
     * messages as iterating over the request itself: do one of the two.
     */
    async *chunks() {
        for await (const message of this) {
            if (message.kind === 'chunk')
                yield message;
            if (message.kind === 'failed')
                throw message.error;
            if (message.kind === 'completed' && message.missingChunk !== null) {
                throw new ProtocolError(`the service cannot give chunk ${message.missingChunk} of request '${this.id}'; ` +
                    'its result is there all the same');
            }
        }
    }
    /**
     * Ask to end the request, and give the state that this led to.
     *
     * A request that was just submitted is cancelled as soon as it was accepted. One that has ended
     * stays as it is.
     */
    async cancel(reason) {
        if (this.#isSubmitted)
            await this.first();
        if (this.ending === null)
            return this.#desk.cancel(this.id, reason);
        if (this.ending.kind === 'completed')
            return 'SUCCEEDED';
        return this.ending.error instanceof Cancelled ? 'CANCELLED' : 'FAILED';
    }
    /** Answer what the request asks; without `inputId`, the question that is open. */
    answer(value, options = {}) {
        return this.#desk.answer(this.id, value, options);
    }
    /** Ask the service how the request stands. */
    snapshot() {
        return this.#desk.get(this.id);
    }
    /** Hear no more of the request, which goes on. */
    detach() {
        this.leave();
        if (this.ending === null)
            this.#desk.detach(this.id);
    }
}
