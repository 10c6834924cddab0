/** Runs a session: its outputs become connections, frames, downloads and wake-ups. */
import { Clock } from './clock.js';
import { hasEnded } from './credentials.js';
import { download } from './transfers.js';
/** Does what the session says; what it tells goes to the listener. */
export class Runner {
    #clock = new Clock();
    #session;
    #url;
    #credentials;
    #connect;
    #events;
    #attempts = new Map();
    #downloads = new Map();
    #alarm;
    constructor(parts) {
        this.#session = parts.session;
        this.#url = parts.url;
        this.#credentials = parts.credentials;
        this.#connect = parts.connect;
        this.#events = parts.events;
    }
    /** Give the session an input at this moment, and do what comes of it. */
    feed(give) {
        try {
            return give(this.#session, this.#clock.now());
        }
        finally {
            for (const output of this.#session.outputs())
                this.#do(output);
            this.#setAlarm();
        }
    }
    /** Stop what is under way for a subject. */
    forget(subject) {
        this.#downloads.get(subject)?.abort();
        this.#downloads.delete(subject);
    }
    #do(output) {
        switch (output.output) {
            case 'open':
                void this.#open(output.link);
                return;
            case 'send':
                this.#attempts.get(output.link)?.connection?.send(output.text);
                return;
            case 'close':
                this.#close(output.link);
                return;
            case 'fetch':
                void this.#fetch(output);
                return;
            case 'heard':
                if (['completed', 'failed'].includes(output.message.kind))
                    this.forget(output.subject.key);
        }
        this.#events.told(output);
    }
    #setAlarm() {
        clearTimeout(this.#alarm);
        const wakeAt = this.#session.wakeAt();
        if (wakeAt === null)
            return;
        // A millisecond later: the clock in whole milliseconds must have arrived there.
        const wait = Math.max(wakeAt + 1 - this.#clock.now(), 0);
        const wake = () => this.feed((session, now) => session.tick(now));
        this.#alarm = setTimeout(wake, wait);
    }
    async #open(link) {
        const attempt = { connection: null, isOver: false };
        this.#attempts.set(link, attempt);
        let hasExpired = () => false;
        const failed = (reason, status = hasExpired() ? 401 : undefined) => {
            this.#end(link, (session, now) => session.failed(link, now, reason, status));
        };
        try {
            const { url, credential } = await this.#credentials.give(this.#url);
            hasExpired = () => hasEnded(credential, Date.now());
            if (attempt.isOver)
                return;
            const watcher = {
                opened: () => this.feed((session, now) => session.opened(link, now)),
                received: (text) => this.feed((session, now) => session.received(link, text, now)),
                failed,
                lost: (reason) => this.#end(link, (session, now) => session.lost(link, now, reason)),
            };
            attempt.connection = this.#connect(url, credential, watcher);
        }
        catch (error) {
            failed(error instanceof Error ? error.message : String(error));
        }
    }
    #close(link) {
        const attempt = this.#attempts.get(link);
        if (attempt === undefined)
            return;
        this.#attempts.delete(link);
        attempt.isOver = true;
        attempt.connection?.close();
        this.#events.gone(link);
    }
    #end(link, tell) {
        this.#attempts.delete(link);
        this.#events.gone(link);
        this.feed(tell);
    }
    async #fetch({ fetch, subject, url, size }) {
        const controller = new AbortController();
        this.#downloads.set(subject.key, controller);
        const { signal } = controller;
        try {
            const text = await download(url, size, signal);
            if (!signal.aborted)
                this.feed((session, now) => session.fetched(fetch, text, now));
        }
        catch (error) {
            if (signal.aborted)
                return;
            const reason = error instanceof Error ? error.message : String(error);
            this.feed((session, now) => session.unfetched(fetch, now, reason));
        }
    }
}
