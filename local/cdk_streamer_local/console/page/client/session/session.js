/**
 * The client's side of the protocol, without I/O and without a clock.
 *
 * The same inputs at the same times give the same outputs.
 */
import { Closed } from '../errors.js';
import { timingOf } from '../timing.js';
import { decode, encode, Malformed, OWN_PREFIX, REQUEST_ID, } from '../wire.js';
import { Links } from './links.js';
import { Questions } from './questions.js';
import { Router } from './router.js';
import { Subject } from './subject.js';
import { Timers } from './timers.js';
import { Topics } from './topics.js';
/**
 * Tell it what happens, do what it puts out, and call `tick` at `wakeAt`.
 *
 * `now` is any clock's whole milliseconds that never goes back.
 */
export class Session {
    #outputs = [];
    #ended = null;
    #timers = new Timers();
    #timing;
    #links;
    #questions;
    #topics;
    #router;
    constructor(options) {
        const { uniform, refreshable = true } = options;
        const timing = timingOf(options.timing);
        const emit = (output) => void this.#outputs.push(output);
        const parts = { timing, timers: this.#timers, uniform, emit };
        const links = new Links({ ...parts, refreshable, events: this });
        const questions = new Questions({ ...parts, links });
        const topics = new Topics({ ...parts, links, questions });
        this.#timing = timing;
        this.#links = links;
        this.#questions = questions;
        this.#topics = topics;
        this.#router = new Router({ links, questions, topics, emit });
    }
    // --- what comes out
    /** Give what is to be done since the last time that somebody asked, in this order. */
    outputs() {
        const outputs = this.#outputs;
        this.#outputs = [];
        return outputs;
    }
    /** Tell when to call `tick`; null for never. */
    wakeAt() {
        return this.#timers.nextAt();
    }
    // --- what the transport tells
    /** Begin to connect. */
    start(_now) {
        this.#links.open();
    }
    /** Let time pass. */
    tick(now) {
        this.#timers.run(now);
        this.#release(now);
    }
    /** Take that a connection is open. */
    opened(link, now) {
        this.#links.opened(link, now);
    }
    /** Take that a connection could not be opened; `status` is HTTP's, if there was one. */
    failed(link, now, reason, status) {
        this.#links.failed(link, now, reason, status);
    }
    /** Take that a connection has ended. */
    lost(link, now, reason) {
        this.#links.lost(link, now, reason);
    }
    /** Take a text frame; what is wrong with it leads to a warning at most. */
    received(link, text, now) {
        const origin = this.#links.find(link);
        if (origin === null)
            return;
        origin.heardAt = now;
        try {
            this.#router.take(origin, decode(text), now);
        }
        catch (error) {
            if (!(error instanceof Malformed))
                throw error;
            this.#outputs.push({ output: 'warned', text: error.message });
        }
        this.#release(now);
    }
    /** Take what was at an address. */
    fetched(fetch, text, now) {
        this.#topics.results.fetched(fetch, text);
        this.#release(now);
    }
    /** Take that an address was of no use, such as one that has ended. */
    unfetched(fetch, now, reason) {
        this.#topics.results.unfetched(fetch, reason, now);
    }
    /** Take that the network may be back, or that a connection may have died unseen. */
    nudge(now) {
        if (this.#ended !== null)
            return;
        const { current } = this.#links;
        if (current === null) {
            this.#links.open();
        }
        else if (now - current.heardAt > this.#timing.stable) {
            this.pingDue(now);
        }
    }
    // --- what the caller wants
    /**
     * Send a request and follow it to its end.
     *
     * Throws PayloadTooLarge, RangeError for an id that cannot be one or is open already, and
     * TypeError or RangeError for what JSON cannot carry.
     */
    submit(id, now, order) {
        if (!REQUEST_ID.test(id) || id.startsWith(OWN_PREFIX)) {
            throw new RangeError(`an id has 1 to 128 of A-Z a-z 0-9 . _ ~ - and does not start with '${OWN_PREFIX}', ` +
                `got '${id}'`);
        }
        const { action, prefer, idempotent = false } = order;
        const text = encode(action, id, order);
        if (this.#refuses(Subject.request(id)))
            return;
        this.#topics.submit({ id, action, text, prefer, idempotent }, now);
    }
    /** Follow a request that somebody submitted, or a channel, to its end. */
    follow(subject, now) {
        if (!this.#refuses(subject))
            this.#topics.follow(subject, now);
    }
    /** Hear no more of a subject; what it stands for goes on. */
    leave(subject, now) {
        this.#topics.leave(subject, now);
    }
    /** Ask a built-in action, and give the name that its `answered` will have. */
    call(action, payload, now) {
        const then = ({ data, error }) => void this.#outputs.push({ output: 'answered', call: id, data, error });
        const id = this.#questions.ask(action, payload, then, now, true);
        if (this.#ended !== null)
            this.#questions.failAll(this.#ended, now);
        return id;
    }
    /** Want no answer any more. */
    forget(call) {
        this.#questions.forget(call);
    }
    /** End everything; requests that were accepted go on without this client. */
    close(now) {
        if (this.#ended !== null)
            return;
        this.#end(new Closed('the client was closed; attach to the request to hear of it'), now);
    }
    // --- what links tell
    linkReady(now) {
        this.#questions.sendWaiting(now);
        this.#topics.linkReady(now);
    }
    linkLost(link, now) {
        this.#questions.linkLost(link, now);
        this.#topics.linkLost(link, now);
    }
    pingDue(now) {
        this.#questions.ask('ping', null, ignore, now);
    }
    gaveUp(error, now) {
        this.#end(error, now);
    }
    // --- the end
    #refuses(subject) {
        if (this.#ended === null)
            return false;
        const message = { kind: 'failed', seq: 0, error: this.#ended };
        this.#outputs.push({ output: 'heard', subject, message });
        return true;
    }
    #end(error, now) {
        this.#ended = error;
        this.#links.close();
        this.#topics.endAll(error);
        this.#questions.failAll(error, now);
        this.#timers.clearAll();
        this.#outputs.push({ output: 'ended', error });
    }
    /** Close the links that were replaced, once nothing is missed without them. */
    #release(now) {
        const { current, draining } = this.#links;
        if (current === null)
            return;
        for (const link of draining) {
            if (this.#isBusy(link) || this.#isBusy(current))
                continue;
            this.#links.drop(link, now, 'it was replaced');
        }
    }
    #isBusy(link) {
        return this.#questions.isBusy(link) || this.#topics.isBusy(link);
    }
}
function ignore() {
    // The answer itself is the sign of life.
}
