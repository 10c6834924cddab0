/** The client: requests with live progress, channels, over connections that come and go. */
import { connectWebSocket } from './connection.js';
import { Credentials } from './credentials.js';
import { ConnectionLost, RateLimited, UploadFailed } from './errors.js';
import { Exchange } from './exchange.js';
import { Feed } from './feed.js';
import { listen } from './listeners.js';
import { RequestHandle } from './request.js';
import { Subject } from './session/index.js';
import { readPage, readSnapshot, readState, readUploadTarget, } from './snapshots.js';
import { timingOf } from './timing.js';
import { download, NotTransferred, sendBytes } from './transfers.js';
import { pause, until, within } from './waiting.js';
import { parse } from './wire.js';
/** Each try has an address of its own, so that one that has ended is no obstacle. */
const TRIES = 3;
/** How long to wait after a refusal that does not say how long. */
const REFUSED_MS = 1_000;
/** Talks to one API. It connects when it is first used, and again whenever it must. */
export class StreamerClient {
    #exchange;
    #newId;
    #uniform;
    /** `url` is the `wss://` address of the API and its stage. */
    constructor(url, options) {
        const { newId = () => crypto.randomUUID(), uniform = Math.random } = options;
        this.#newId = newId;
        this.#uniform = uniform;
        this.#exchange = new Exchange({
            url: socketUrl(url),
            credentials: new Credentials(options),
            connect: options.connect ?? connectWebSocket,
            timing: timingOf(options.timing),
            uniform,
            onWarning: options.onWarning ?? ((text) => console.warn(`cdk-streamer-client: ${text}`)),
            onState: options.onState ?? (() => { }),
        });
    }
    /** How it stands with the connection. */
    get state() {
        return this.#exchange.state;
    }
    /** Connect before there is anything to ask; throws Unreachable or HandshakeRefused. */
    async connect({ signal } = {}) {
        await until(this.#exchange.ready(), signal);
    }
    // --- requests
    /** Run an action and give its result, whether it is sync or async. */
    async request(action, payload, options = {}) {
        const { signal, timeoutMs, id = this.#newId() } = options;
        signal?.throwIfAborted();
        const text = `request '${id}' has no result after ${timeoutMs} ms, and goes on; ` +
            `attach('${id}') waits for it, cancel('${id}') ends it`;
        const over = new AbortController();
        try {
            const result = this.#converse(action, payload, { ...options, id }, over.signal);
            return await within(until(result, signal), timeoutMs, text);
        }
        finally {
            over.abort(signal?.aborted === true ? options.onAbort : 'leave');
        }
    }
    /** Run an action, and give what to follow it with; throws PayloadTooLarge. */
    submit(action, payload, options = {}) {
        const { id = this.#newId(), ...order } = options;
        const handle = new RequestHandle(id, this, true);
        this.#exchange.submit(id, { ...order, action, payload }, handle);
        return handle;
    }
    /** Follow a request that was submitted before, by whichever client of the same owner. */
    attach(requestId) {
        const handle = new RequestHandle(requestId, this, false);
        this.#exchange.follow(Subject.request(requestId), handle);
        return handle;
    }
    /** Hear no more of a request, which goes on. */
    detach(requestId) {
        this.#exchange.leave(Subject.request(requestId));
    }
    /** Ask how a request stands, with its result, however large; throws NotFound. */
    async get(requestId, { signal } = {}) {
        let reason = '';
        for (let tries = 0; tries < TRIES; tries++) {
            const data = await this.#exchange.call('get', { request_id: requestId }, signal);
            const { snapshot, stored } = readSnapshot(data);
            if (stored === null)
                return snapshot;
            try {
                const text = await download(stored.url, stored.size, signal);
                return { ...snapshot, result: parse(text) };
            }
            catch (error) {
                if (!(error instanceof NotTransferred))
                    throw error;
                reason = error.message;
            }
        }
        throw new ConnectionLost(`the result of '${requestId}' cannot be fetched: ${reason}`);
    }
    /** List the caller's requests, newest first; 20 of them by default. */
    async list(options = {}) {
        const { signal, ...payload } = options;
        return readPage(await this.#exchange.call('list', payload, signal));
    }
    /** Ask to end a request, and give the state that this led to; throws NotFound. */
    async cancel(requestId, reason, { signal } = {}) {
        const payload = { request_id: requestId, reason };
        return readState(await this.#exchange.call('cancel', payload, signal));
    }
    /**
     * Answer what a request asks a person, and give the state that this led to.
     *
     * Throws ValidationFailed for a value that the question's schema does not allow, and Conflict for
     * a request that does not wait for it. Without `inputId`: whatever it asks now.
     */
    async answer(requestId, value, { inputId, signal } = {}) {
        const payload = { request_id: requestId, value, input_id: inputId };
        return readState(await this.#exchange.call('input', payload, signal));
    }
    /**
     * Store what is too large for a frame, and give the id by which a payload names it.
     *
     * `type` is by default the Blob's own. Throws UploadFailed.
     */
    async upload(content, options = {}) {
        const { signal } = options;
        const given = content instanceof Blob ? content.type : '';
        const type = options.type ?? (given || 'application/octet-stream');
        const body = new Blob([content], { type });
        let cause;
        for (let tries = 0; tries < TRIES; tries++) {
            const payload = { size: body.size, type };
            const target = readUploadTarget(await this.#exchange.call('upload', payload, signal));
            try {
                await sendBytes(target, body, signal);
                return target.id;
            }
            catch (error) {
                if (!(error instanceof NotTransferred))
                    throw error;
                cause = error;
            }
        }
        throw new UploadFailed(`the upload was tried ${TRIES} times: ${String(cause)}`, { cause });
    }
    // --- channels
    /** Iterate over what is published to a channel, until it has completed or failed. */
    async *subscribe(channel, { signal } = {}) {
        signal?.throwIfAborted();
        const feed = new Feed();
        const subject = Subject.channel(channel);
        this.#exchange.follow(subject, feed);
        const messages = feed[Symbol.asyncIterator]();
        try {
            for (;;) {
                const { done, value } = await until(messages.next(), signal);
                if (done)
                    return;
                yield value;
            }
        }
        finally {
            this.#exchange.leave(subject);
        }
    }
    // --- the connection
    /** Ask for a sign of life, and give how many milliseconds it took. */
    async ping({ signal } = {}) {
        const before = performance.now();
        await this.#exchange.call('ping', null, signal);
        return performance.now() - before;
    }
    /** Close the connection; what is open throws Closed, and goes on without this client. */
    close() {
        this.#exchange.close();
    }
    async #converse(action, payload, options, over) {
        for (;;) {
            const handle = this.submit(action, payload, submission(options));
            over.addEventListener('abort', () => abandon(handle, over.reason === 'cancel'));
            try {
                return await listen(handle, options, over);
            }
            catch (error) {
                const isRefused = error instanceof RateLimited && handle.ending?.seq === 0;
                if (!options.retryLimited || !isRefused || over.aborted)
                    throw error;
                // Not all who were refused together come back together.
                const wait = error.retryAfterMs ?? REFUSED_MS;
                await pause(Math.max(wait, 50) * (1 + this.#uniform() / 4), over);
            }
            finally {
                handle.detach();
            }
        }
    }
}
/** Leave a request to itself, or end it. */
function abandon(handle, isUnwanted) {
    if (!isUnwanted)
        return handle.detach();
    const leave = () => handle.detach();
    // Whoever aborted does not wait, so there is nobody who could be told of a failure.
    handle.cancel('the caller aborted it').then(leave, leave);
}
function submission(options) {
    const { id, metadata, prefer, webhook, idempotent } = options;
    return { id, metadata, prefer, webhook, idempotent };
}
function socketUrl(text) {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url?.protocol === 'wss:' || url?.protocol === 'ws:')
        return url;
    throw new TypeError(`url must be a wss:// or ws:// address, got '${String(text)}'`);
}
