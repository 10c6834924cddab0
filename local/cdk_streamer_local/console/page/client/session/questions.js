/** Built-in actions that were asked and not yet answered. */
import { Conflict, ConnectionLost, RequestFailed } from '../errors.js';
import { encode, isObject, Malformed, OWN_PREFIX } from '../wire.js';
/** What came back: data, or an error. */
export class Answer {
    data;
    error;
    constructor(data, error = null) {
        this.data = data;
        this.error = error;
    }
    /** The data of `get` and `subscribe`; throws Malformed. */
    get snapshot() {
        if (isObject(this.data) && this.data['type'] === 'snapshot')
            return this.data;
        const got = JSON.stringify(this.data ?? null).slice(0, 80);
        throw new Malformed(`an answer that should be a snapshot is ${got}`);
    }
    /** Whether it is an error that may not be met again. */
    get isPassing() {
        if (this.error instanceof RequestFailed) {
            return this.error.retryable || this.error instanceof Conflict;
        }
        return this.error instanceof ConnectionLost;
    }
}
/** Sends built-in actions, again if need be: all of them may be repeated without harm. */
export class Questions {
    #open = new Map();
    #count = 0;
    #timing;
    #timers;
    #links;
    #emit;
    constructor(parts) {
        this.#timing = parts.timing;
        this.#timers = parts.timers;
        this.#links = parts.links;
        this.#emit = parts.emit;
    }
    /** Ask, and give the question's id; one that `survives` outlives its connection. */
    ask(action, payload, then, now, survives = false) {
        this.#count += 1;
        const id = `${OWN_PREFIX}${this.#count}`;
        const text = encode(action, id, { payload });
        const question = { id, action, text, then, survives, link: null, sentAt: 0, tries: 0 };
        this.#open.set(id, question);
        if (this.#links.current !== null)
            this.#send(question, this.#links.current, now);
        return id;
    }
    /** Tell whether the id is that of a question without an answer. */
    isOpen(id) {
        return this.#open.has(id);
    }
    /** Take the answer to a question; one that is not open was answered before. */
    answered(id, answer, now) {
        const question = this.#open.get(id);
        if (question === undefined)
            return;
        this.forget(id);
        question.then(answer, now);
    }
    /** Take the answer to `hello`, which names no question. */
    answeredHello(link, answer, now) {
        for (const question of this.#on(link)) {
            if (question.action === 'hello')
                this.answered(question.id, answer, now);
        }
    }
    /** Send what waited for a link. */
    sendWaiting(now) {
        const link = this.#links.current;
        if (link === null)
            return;
        for (const question of this.#on(null))
            this.#send(question, link, now);
    }
    /** Ask again on the current link what survives, and forget the rest. */
    linkLost(link, now) {
        for (const question of this.#on(link)) {
            this.#timers.clear(`question ${question.id}`);
            question.link = null;
            if (!question.survives)
                this.#open.delete(question.id);
        }
        this.sendWaiting(now);
    }
    /** Expect no answer any more. */
    forget(id) {
        this.#open.delete(id);
        this.#timers.clear(`question ${id}`);
    }
    /** Answer everything with an error. */
    failAll(error, now) {
        for (const id of [...this.#open.keys()])
            this.answered(id, new Answer(null, error), now);
    }
    /** Tell whether an answer is due on the link. */
    isBusy(link) {
        return this.#on(link).length > 0;
    }
    #on(link) {
        return [...this.#open.values()].filter((question) => question.link === link);
    }
    #send(question, link, now) {
        question.link = link;
        question.sentAt = now;
        question.tries += 1;
        this.#emit({ output: 'send', link: link.number, text: question.text });
        this.#timers.set(`question ${question.id}`, now + this.#timing.answer, (at) => this.#late(question, link, at));
    }
    #late(question, link, now) {
        if (link.heardAt <= question.sentAt) {
            this.#links.drop(link, now, 'the service fell silent');
        }
        else if (question.tries >= this.#timing.callAttempts) {
            const { action, tries } = question;
            const text = `the service did not answer '${action}', asked ${tries} times`;
            this.answered(question.id, new Answer(null, new ConnectionLost(text)), now);
        }
        else {
            this.#send(question, this.#links.current ?? link, now);
        }
    }
}
