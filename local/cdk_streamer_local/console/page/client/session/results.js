/** Results that are too large for a message: fetched from addresses that soon end. */
import { ConnectionLost, ProtocolError } from '../errors.js';
import { isEnding, readNews } from '../messages.js';
import { backoff } from '../timing.js';
import { Malformed, parse } from '../wire.js';
/** Has them fetched, and asks for another address when one is of no use. */
export class Results {
    #count = 0;
    #open = new Map();
    #timing;
    #timers;
    #uniform;
    #questions;
    #emit;
    #owner;
    constructor(parts) {
        this.#timing = parts.timing;
        this.#timers = parts.timers;
        this.#uniform = parts.uniform;
        this.#questions = parts.questions;
        this.#emit = parts.emit;
        this.#owner = parts.owner;
    }
    /** Have a result fetched. */
    fetch(topic, stored) {
        this.#count += 1;
        this.#open.set(this.#count, topic);
        const { url, size } = stored;
        this.#emit({ output: 'fetch', fetch: this.#count, subject: topic.subject, url, size });
    }
    /** Take what was at an address. */
    fetched(fetch, text) {
        const topic = this.#taken(fetch);
        if (topic === null)
            return;
        try {
            const result = parse(text);
            const { seq } = topic;
            this.#owner.conclude(topic, { kind: 'completed', seq, result, missingChunk: null });
        }
        catch (error) {
            if (!(error instanceof Malformed))
                throw error;
            const reason = `the service's result cannot be read: ${error.message}`;
            this.#owner.end(topic, new ProtocolError(reason));
        }
    }
    /** Take why an address was of no use. */
    unfetched(fetch, reason, now) {
        const topic = this.#taken(fetch);
        if (topic !== null)
            this.#tryAgain(topic, reason, now);
    }
    /** Want a result no more. */
    forget(topic) {
        this.#timers.clear(`result ${topic.subject.key}`);
        for (const [number, other] of this.#open) {
            if (other === topic)
                this.#open.delete(number);
        }
    }
    #taken(fetch) {
        const topic = this.#open.get(fetch) ?? null;
        this.#open.delete(fetch);
        return topic;
    }
    #tryAgain(topic, reason, now) {
        topic.tries += 1;
        if (topic.tries >= this.#timing.callAttempts) {
            const name = topic.subject.name;
            const text = `the result cannot be fetched: ${reason}; attach('${name}') tries it again`;
            this.#owner.end(topic, new ConnectionLost(text));
            return;
        }
        const wait = backoff(this.#timing, topic.tries, this.#uniform());
        this.#timers.set(`result ${topic.subject.key}`, now + wait, (at) => this.#ask(topic, at));
    }
    #ask(topic, now) {
        const then = (answer, at) => this.#answered(topic, answer, at);
        this.#questions.ask('get', topic.subject.arguments, then, now, true);
    }
    #answered(topic, answer, now) {
        if (!this.#owner.isOpen(topic))
            return;
        if (answer.error === null) {
            this.#read(topic, answer, now);
        }
        else if (answer.isPassing) {
            this.#tryAgain(topic, answer.error.message, now);
        }
        else {
            this.#owner.end(topic, answer.error);
        }
    }
    #read(topic, answer, now) {
        let reason = 'the service does not know that the request has ended';
        try {
            const { message } = readNews(answer.snapshot);
            if (message?.kind === 'stored')
                return this.fetch(topic, message);
            if (isEnding(message))
                return this.#owner.conclude(topic, message);
        }
        catch (error) {
            if (!(error instanceof Malformed))
                throw error;
            reason = error.message;
        }
        this.#tryAgain(topic, reason, now);
    }
}
