/** Tells what is heard of a request to the functions of whoever asked for it. */
import { Conflict, ValidationFailed } from './errors.js';
/** Tell everything until it is over, and give the result; throws what the functions throw. */
export function listen(request, listeners, over) {
    const dialog = new Dialog(request, listeners.onInputRequired);
    over.addEventListener('abort', () => dialog.end());
    return Promise.race([dialog.failure, tell(request, listeners, dialog, over)]);
}
async function tell(request, { onProgress, onChunk, onRetrying }, dialog, over) {
    for await (const message of request) {
        if (over.aborted)
            break;
        if (message.kind === 'progress')
            await onProgress?.(message);
        if (message.kind === 'chunk')
            await onChunk?.(message);
        if (message.kind === 'retrying')
            await onRetrying?.(message);
        if (message.kind === 'inputRequired')
            dialog.ask(message);
    }
    return request.result();
}
/** What a request asks, one question at a time. */
class Dialog {
    /** Rejects with what the function throws. */
    failure;
    #fail;
    #open = null;
    #request;
    #give;
    constructor(request, give) {
        this.#request = request;
        this.#give = give;
        this.failure = new Promise((_, reject) => {
            this.#fail = reject;
        });
    }
    ask(question) {
        this.end();
        if (this.#give === undefined)
            return;
        const controller = new AbortController();
        this.#open = controller;
        this.#converse(question, this.#give, controller.signal).catch((error) => {
            if (!controller.signal.aborted)
                this.#fail(error);
        });
    }
    end() {
        this.#open?.abort();
        this.#open = null;
    }
    async #converse(question, give, signal) {
        let refusal = null;
        do {
            const value = await give(question, { signal, refusal });
            if (value === undefined || signal.aborted)
                return;
            refusal = await this.#send(question, value);
        } while (refusal !== null && !signal.aborted);
    }
    async #send({ inputId }, value) {
        try {
            await this.#request.answer(value, { inputId });
        }
        catch (error) {
            if (error instanceof ValidationFailed)
                return error;
            // Somebody else answered, or the request does not wait any more.
            if (!(error instanceof Conflict))
                throw error;
        }
        return null;
    }
}
