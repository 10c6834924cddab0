/** Messages that wait to be read. */
import { isEnding } from './messages.js';
/** Progress replaces what was before, so whoever reads too slowly misses the oldest reports. */
const KEPT = 1_024;
/** The messages of one request or channel, the last of which is `completed` or `failed`. */
export class Feed {
    #ending = null;
    #isLeft = false;
    #messages = [];
    #readers = [];
    #first = new Moment();
    #last = new Moment();
    /** The last message; null as long as there is none. */
    get ending() {
        return this.#ending;
    }
    /** @internal Take a message. */
    hear(message) {
        this.#messages.push(message);
        if (this.#messages.length > KEPT)
            this.#forgetOldest();
        this.#first.come();
        if (isEnding(message)) {
            this.#ending = message;
            this.#last.come();
        }
        this.#wake();
    }
    /** @internal Hear and tell no more. */
    leave() {
        this.#isLeft = true;
        this.#messages = [];
        this.#wake();
    }
    /** @internal Wait until anything was heard. */
    first() {
        return this.#first.arrival;
    }
    /** @internal Wait for the end. */
    async last() {
        await this.#last.arrival;
        return this.#ending;
    }
    /** Iterate over the messages; each is given once, to whoever asks first. */
    [Symbol.asyncIterator]() {
        return { next: () => this.#next() };
    }
    async #next() {
        for (;;) {
            const value = this.#messages.shift();
            if (value !== undefined)
                return { done: false, value };
            if (this.#ending !== null || this.#isLeft)
                return { done: true, value: undefined };
            await new Promise((resolve) => this.#readers.push(resolve));
        }
    }
    #wake() {
        for (const resolve of this.#readers.splice(0))
            resolve();
    }
    #forgetOldest() {
        const oldest = this.#messages.findIndex(({ kind }) => kind === 'progress');
        if (oldest >= 0)
            this.#messages.splice(oldest, 1);
    }
}
/** Something that happens once. */
class Moment {
    come;
    arrival = new Promise((resolve) => {
        this.come = resolve;
    });
}
