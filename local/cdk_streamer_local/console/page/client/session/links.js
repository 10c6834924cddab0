/** The connections of a session: opened, greeted, kept alive, replaced in time, reopened. */
import { HandshakeRefused, Unreachable } from '../errors.js';
import { backoff, heartbeat, replacement } from '../timing.js';
import { encode, OWN_PREFIX } from '../wire.js';
/** One id for all: a connection is greeted once, and tells its own greeting apart. */
export const HELLO_ID = `${OWN_PREFIX}hello`;
const REFUSED = [401, 403];
const PASSING = [408, 429]; // of the client errors those that another try may not meet
/** Sees to it that one link is current; `refreshable` says that each gets a new token. */
export class Links {
    current = null;
    #next = null;
    #draining = new Map();
    #count = 0;
    #failures = 0;
    #refusals = 0;
    #wasReady = false;
    #timing;
    #timers;
    #uniform;
    #refreshable;
    #emit;
    #events;
    constructor(parts) {
        this.#timing = parts.timing;
        this.#timers = parts.timers;
        this.#uniform = parts.uniform;
        this.#refreshable = parts.refreshable;
        this.#emit = parts.emit;
        this.#events = parts.events;
    }
    /** The links that were replaced and may still bring answers. */
    get draining() {
        return [...this.#draining.values()];
    }
    /** Give a link that is still of interest. */
    find(number) {
        const known = [this.current, this.#next, this.#draining.get(number)];
        return known.find((link) => link?.number === number) ?? null;
    }
    /** Ask for a connection, unless one is on its way. */
    open() {
        if (this.#next !== null)
            return;
        this.#timers.clear('open');
        this.#count += 1;
        this.#next = { number: this.#count, stage: 'opening', heardAt: 0 };
        this.#emit({ output: 'open', link: this.#count });
    }
    /** Open the link that replaces the current one; no use when its token cannot be new. */
    replace(because) {
        if (this.#refreshable || because !== 'token')
            this.open();
    }
    /** Greet on the connection that was opened. */
    opened(number, now) {
        const link = this.#next;
        if (link === null || link.number !== number || link.stage !== 'opening')
            return;
        link.stage = 'greeting';
        this.#emit({ output: 'send', link: number, text: encode('hello', HELLO_ID) });
        this.#timers.set(`hello ${number}`, now + this.#timing.answer, (at) => this.drop(link, at, 'the service did not answer hello'));
    }
    /** Make the link that was greeted the current one, and let the one before it drain. */
    greeted(link, greeting, now) {
        const previous = this.current;
        this.current = link;
        this.#next = null;
        link.stage = 'ready';
        this.#wasReady = true;
        this.#refusals = 0;
        this.#timers.clear(`hello ${link.number}`);
        this.#timers.set('stable', now + this.#timing.stable, () => {
            this.#failures = 0;
        });
        this.#pingLater(heartbeat(this.#timing, greeting.heartbeatSeconds), now);
        const left = this.#refreshable ? greeting.tokenLeft : null;
        const age = replacement(this.#timing, left, this.#uniform());
        this.#timers.set('replace', now + age, () => this.replace('age'));
        if (previous !== null)
            this.#drain(previous, now);
        this.#emit({ output: 'ready', link: link.number });
        this.#events.linkReady(now);
    }
    /** Take that a connection could not be opened; `status` is HTTP's, if there was one. */
    failed(number, now, reason, status) {
        if (this.#next?.number !== number)
            return;
        this.#next = null;
        this.#timers.clear(`hello ${number}`);
        this.#tryAgain(now, reason, status);
    }
    /** Take that a connection ended. */
    lost(number, now, reason) {
        const link = this.find(number);
        if (link === null)
            return;
        if (link === this.#next) {
            this.failed(number, now, reason);
            return;
        }
        if (link === this.current) {
            this.current = null;
            this.#endCurrent(now, reason);
        }
        this.#draining.delete(number);
        this.#timers.clear(`drain ${number}`);
        this.#events.linkLost(link, now);
    }
    /** End a connection that is of no use any more. */
    drop(link, now, reason) {
        this.#emit({ output: 'close', link: link.number });
        this.lost(link.number, now, reason);
    }
    /** End all connections for good. */
    close() {
        for (const link of [this.current, this.#next, ...this.#draining.values()]) {
            if (link !== null)
                this.#emit({ output: 'close', link: link.number });
        }
        this.current = this.#next = null;
        this.#draining.clear();
    }
    #drain(link, now) {
        link.stage = 'draining';
        this.#draining.set(link.number, link);
        this.#timers.set(`drain ${link.number}`, now + this.#timing.drain, (at) => this.drop(link, at, 'it was replaced'));
    }
    #endCurrent(now, reason) {
        for (const key of ['stable', 'ping', 'replace'])
            this.#timers.clear(key);
        this.#failures += 1;
        this.#emit({ output: 'warned', text: `the connection was lost: ${reason}` });
        if (this.#next === null)
            this.#openLater(now);
    }
    #tryAgain(now, reason, status) {
        this.#failures += 1;
        const error = this.#verdict(reason, status);
        if (error === null) {
            this.#emit({ output: 'warned', text: `no connection: ${reason}` });
            this.#openLater(now);
        }
        else if (this.current !== null) {
            // What is open stays so as long as it lasts; then the verdict is final.
            this.#emit({ output: 'warned', text: `no next connection: ${error.message}` });
        }
        else {
            this.#events.gaveUp(error, now);
        }
    }
    /** Give the error after which another try is of no use. */
    #verdict(reason, status = 0) {
        if (REFUSED.includes(status)) {
            this.#refusals += 1;
            const text = this.#refusal(reason);
            if (text !== null)
                return new HandshakeRefused(text, status);
        }
        else if (status >= 400 && status < 500 && !PASSING.includes(status)) {
            const text = `there is no such WebSocket API (${reason}); check the url and its stage`;
            return new HandshakeRefused(text, status);
        }
        if (!this.#wasReady && this.#failures >= this.#timing.openingAttempts) {
            return new Unreachable(`${reason}; check the url, and that the service runs`);
        }
        return null;
    }
    #refusal(reason) {
        if (!this.#refreshable) {
            const remedy = 'give a fresh token, or a function that makes one for each connection';
            return `the token was refused (${reason}); ${remedy}`;
        }
        if (this.#refusals < 2)
            return null;
        const remedy = 'check that issuer, audience and url belong together';
        return `a fresh token was refused too (${reason}); ${remedy}`;
    }
    #openLater(now) {
        const wait = backoff(this.#timing, this.#failures, this.#uniform());
        this.#timers.set('open', now + wait, () => this.open());
    }
    #pingLater(interval, now) {
        this.#timers.set('ping', now + interval, (at) => {
            this.#pingLater(interval, at);
            this.#events.pingDue(at);
        });
    }
}
