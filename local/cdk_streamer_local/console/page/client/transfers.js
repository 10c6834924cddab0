/** What is too large for a frame travels by HTTP, at addresses that soon end. */
import { isSafe } from './addresses.js';
const PRIVATE = {
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
};
/** How long a transfer may rest: whoever gives no bytes for so long gives none any more. */
const IDLE_MS = 30_000;
/** Set by the platform from the body itself; a browser refuses to be told. */
const OWN_HEADERS = ['content-length', 'host'];
/** Bytes did not arrive; another address may do. */
export class NotTransferred extends Error {
    name = 'NotTransferred';
}
/** Read the text at an address, which has so many bytes; throws NotTransferred. */
export async function download(url, size, signal) {
    const limit = new IdleLimit(signal);
    try {
        const response = await fetch(url, { ...PRIVATE, signal: limit.signal });
        if (!response.ok) {
            throw new NotTransferred(`the store answered HTTP ${response.status}`);
        }
        return await readText(response, size, limit);
    }
    catch (error) {
        signal?.throwIfAborted();
        throw notTransferred(error, 'the result cannot be read');
    }
    finally {
        limit.end();
    }
}
/** Send bytes to an address; throws NotTransferred. */
export async function sendBytes(target, body, signal) {
    if (!isSafe(target.url)) {
        throw new NotTransferred('the address of the upload is neither https nor loopback');
    }
    const entries = Object.entries(target.headers);
    const headers = entries.filter(([name]) => !OWN_HEADERS.includes(name.toLowerCase()));
    try {
        const { method, url } = target;
        const init = { ...PRIVATE, method, headers, body, ...(signal && { signal }) };
        const response = await fetch(url, init);
        await response.body?.cancel();
        if (response.ok)
            return;
        throw new NotTransferred(`the store answered HTTP ${response.status}`);
    }
    catch (error) {
        signal?.throwIfAborted();
        throw notTransferred(error, 'the upload failed');
    }
}
async function readText(response, size, limit) {
    if (response.body === null)
        throw new NotTransferred('the store gave no content');
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let text = '';
    let bytes = 0;
    for (;;) {
        const { done, value } = await reader.read();
        if (done)
            break;
        limit.extend();
        bytes += value.byteLength;
        if (bytes > size)
            break;
        text += decoder.decode(value, { stream: true });
    }
    if (bytes === size)
        return text + decoder.decode();
    await reader.cancel();
    throw new NotTransferred(`the store gave ${bytes > size ? 'more' : bytes} of ${size} bytes`);
}
function notTransferred(error, what) {
    if (error instanceof NotTransferred)
        return error;
    const hint = 'in a browser, its CORS rules must allow this origin';
    const text = `${what}: ${String(error)}; ${hint}`;
    return new NotTransferred(text, { cause: error });
}
/** Aborts a transfer that rests, or with a signal. */
class IdleLimit {
    #controller = new AbortController();
    #outer;
    #onAbort = () => this.#controller.abort(this.#outer?.reason);
    #timer;
    constructor(outer) {
        this.#outer = outer;
        outer?.addEventListener('abort', this.#onAbort);
        this.extend();
    }
    get signal() {
        return this.#controller.signal;
    }
    extend() {
        clearTimeout(this.#timer);
        const text = `nothing came for ${IDLE_MS / 1000} seconds`;
        this.#timer = setTimeout(() => this.#controller.abort(new NotTransferred(text)), IDLE_MS);
    }
    end() {
        clearTimeout(this.#timer);
        this.#outer?.removeEventListener('abort', this.#onAbort);
    }
}
