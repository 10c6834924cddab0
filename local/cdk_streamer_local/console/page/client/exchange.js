/** Who waits for what: brings what a session tells to those who asked. */
import { Closed } from './errors.js';
import { watchPage } from './page.js';
import { Runner } from './runner.js';
import { Session, Subject } from './session/index.js';
import { until } from './waiting.js';
/** One session at a time: begun by the first who needs it, and anew after one that gave up. */
export class Exchange {
    #state = 'idle';
    #runner = null;
    #link = null;
    #unwatch = () => { };
    #ready = [];
    #feeds = new Map();
    #calls = new Map();
    #parts;
    constructor(parts) {
        this.#parts = parts;
    }
    get state() {
        return this.#state;
    }
    /** Wait for a connection. */
    async ready() {
        this.#running();
        if (this.#state === 'connected')
            return;
        await new Promise((resolve, reject) => this.#ready.push({ resolve, reject }));
    }
    submit(id, order, feed) {
        this.#running().feed((session, now) => {
            session.submit(id, now, order);
            this.#feeds.set(Subject.request(id).key, feed);
        });
    }
    follow(subject, feed) {
        this.#running().feed((session, now) => {
            session.follow(subject, now);
            this.#feeds.set(subject.key, feed);
        });
    }
    leave(subject) {
        if (!this.#feeds.delete(subject.key))
            return;
        this.#runner?.forget(subject.key);
        this.#runner?.feed((session, now) => session.leave(subject, now));
    }
    /** Ask a built-in action. */
    async call(action, payload, signal) {
        signal?.throwIfAborted();
        const runner = this.#running();
        let name = '';
        const answer = new Promise((resolve, reject) => {
            name = runner.feed((session, now) => {
                const call = session.call(action, payload, now);
                this.#calls.set(call, { resolve, reject });
                return call;
            });
        });
        try {
            return await until(answer, signal);
        }
        finally {
            if (this.#calls.delete(name))
                runner.feed((session) => session.forget(name));
        }
    }
    close() {
        if (this.#runner !== null) {
            this.#runner.feed((session, now) => session.close(now));
        }
        else {
            this.#become('closed');
        }
    }
    gone(link) {
        if (link === this.#link)
            this.#become('reconnecting');
    }
    told(output) {
        switch (output.output) {
            case 'heard': {
                const { key } = output.subject;
                const feed = this.#feeds.get(key);
                feed?.hear(output.message);
                if (feed?.ending)
                    this.#feeds.delete(key);
                return;
            }
            case 'answered':
                this.#answer(output.call, output.data, output.error);
                return;
            case 'warned':
                // Later: what the caller's function throws must not end the connection.
                queueMicrotask(() => this.#parts.onWarning(output.text));
                return;
            case 'ready':
                this.#link = output.link;
                this.#become('connected');
                for (const { resolve } of this.#ready.splice(0))
                    resolve(undefined);
                return;
            case 'ended':
                this.#end(output.error);
        }
    }
    #running() {
        if (this.#state === 'closed')
            throw new Closed('the client was closed; make another one');
        if (this.#runner !== null)
            return this.#runner;
        const { uniform, timing, credentials, url, connect } = this.#parts;
        const session = new Session({ uniform, timing, refreshable: credentials.isRefreshable });
        const runner = new Runner({ session, url, credentials, connect, events: this });
        this.#runner = runner;
        this.#unwatch = watchPage(() => runner.feed((open, now) => open.nudge(now)));
        this.#become('connecting');
        runner.feed((begun, now) => begun.start(now));
        return runner;
    }
    #answer(call, data, error) {
        const waiting = this.#calls.get(call);
        this.#calls.delete(call);
        if (error === null) {
            waiting?.resolve(data);
        }
        else {
            waiting?.reject(error);
        }
    }
    #end(error) {
        this.#unwatch();
        this.#runner = this.#link = null;
        this.#become(error instanceof Closed ? 'closed' : 'idle');
        for (const { reject } of this.#ready.splice(0))
            reject(error);
    }
    #become(state) {
        if (state === this.#state)
            return;
        this.#state = state;
        queueMicrotask(() => this.#parts.onState(state));
    }
}
