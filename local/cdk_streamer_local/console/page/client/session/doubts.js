/** Requests that were sent and not answered before their connection was lost. */
import { Conflict, ConnectionLost, NotFound } from '../errors.js';
/**
 * Finds out what became of a request.
 *
 * A request that the service does not know is either an async one that was never accepted, and is
 * sent again, since its id is its idempotency key; or a sync one, which the service does not keep,
 * and which may have run. Only the list of actions in `hello` tells one from the other. It can be
 * large, so it is asked for when it is needed.
 */
export class Doubts {
    #modes = null;
    #undecided = [];
    #questions;
    #owner;
    constructor(parts) {
        this.#questions = parts.questions;
        this.#owner = parts.owner;
    }
    /** Learn anew on a new link: the application may have been deployed since. */
    reset() {
        this.#modes = null;
        this.#undecided = [];
    }
    /** Ask for the request, or send it again if that does no harm. */
    lookUp(topic, now) {
        if (topic.submission?.idempotent) {
            this.#owner.send(topic, now);
        }
        else {
            const then = (answer, at) => this.#lookedUp(topic, answer, at);
            this.#questions.ask('subscribe', topic.subject.arguments, then, now);
        }
    }
    #lookedUp(topic, answer, now) {
        if (!this.#owner.isDoubted(topic))
            return;
        this.#owner.doubtLater(topic, now);
        if (answer.error === null) {
            this.#owner.heard(topic.subject, answer.snapshot, now);
        }
        else if (answer.error instanceof NotFound) {
            this.#decide(topic, now);
        }
        else if (answer.error instanceof Conflict) {
            this.#owner.accepted(topic, now); // it is there, with as many subscribers as can be
        }
        else if (!answer.isPassing) {
            this.#owner.end(topic, answer.error);
        }
    }
    #decide(topic, now) {
        if (this.#modes === null) {
            this.#learn(topic, now);
        }
        else if (topic.submission !== null && this.#isAsync(topic.submission, this.#modes)) {
            this.#owner.send(topic, now);
        }
        else {
            const text = 'the connection was lost before the action was answered, and it may have run; ' +
                'pass idempotent: true for an action that may run twice';
            this.#owner.end(topic, new ConnectionLost(text, true));
        }
    }
    #isAsync(submission, modes) {
        const mode = modes.get(submission.action);
        return (mode === 'either' ? submission.prefer : mode) === 'async';
    }
    #learn(topic, now) {
        this.#undecided.push(topic);
        if (this.#undecided.length > 1)
            return;
        const then = (answer, at) => this.#learned(answer, at);
        this.#questions.ask('hello', { actions: true }, then, now);
    }
    #learned(answer, now) {
        this.#modes = answer.data instanceof Map ? answer.data : new Map();
        const undecided = this.#undecided;
        this.#undecided = [];
        for (const topic of undecided) {
            if (this.#owner.isDoubted(topic))
                this.#decide(topic, now);
        }
    }
}
