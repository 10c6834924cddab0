/** Plays a test vector against the session: JSON steps in, JSON outputs out. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { ConnectionLost, HandshakeRefused, RequestFailed, } from 'cdk-streamer-client';
import { Session, Subject } from 'cdk-streamer-client/session';
const VECTORS = new URL('../../vectors/', import.meta.url);
const LARGEST_SHOWN = 1_000;
// What the vectors, which were written for Python first, call the errors of the language.
const RAISED = { RangeError: 'ValueError' };
/** Give every vector by the name of its file and its own, with the steps that are given. */
export function load() {
    const files = readdirSync(VECTORS).filter((name) => name.endsWith('.json'));
    return files.sort().flatMap((file) => {
        const document = JSON.parse(readFileSync(new URL(file, VECTORS), 'utf8'));
        return document.vectors.map((vector) => ({
            ...vector,
            name: `${file.replace('.json', '')}: ${vector['name']}`,
            steps: [...(document.given?.[vector['given']] ?? []), ...vector['steps']],
        }));
    });
}
/** A session whose time is the steps'. */
export class Player {
    #session;
    constructor(vector) {
        const uniform = vector['uniform'] ?? [0.5];
        let drawn = 0;
        this.#session = new Session({
            uniform: () => uniform[drawn++ % uniform.length],
            timing: camel(vector['timing'] ?? {}),
            refreshable: vector['refreshable'],
        });
    }
    /** Take one step, and give what came of it, in the form that the vector has. */
    play(step) {
        const due = this.#session.wakeAt();
        if (step['do'] === 'tick') {
            assert.equal(due, step['at'], 'the session asked to be woken at another moment');
        }
        else {
            assert.ok(due === null || due >= step['at'], `a tick at ${due} is missing before this`);
        }
        const raised = {};
        try {
            this.#take(step);
        }
        catch (error) {
            assert.ok(error instanceof Error);
            raised['raises'] = RAISED[error.name] ?? error.name;
        }
        return plain({ ...raised, out: this.#session.outputs().map(outputOf) });
    }
    #take(step) {
        const session = this.#session;
        const { at, link } = step;
        switch (step['do']) {
            case 'start':
                return session.start(at);
            case 'tick':
                return session.tick(at);
            case 'opened':
                return session.opened(link, at);
            case 'failed':
                return session.failed(link, at, step['reason'] ?? 'no answer', step['status']);
            case 'lost':
                return session.lost(link, at, 'cut');
            case 'received':
                return session.received(link, step['text'] ?? JSON.stringify(step['message']), at);
            case 'fetched':
                return session.fetched(step['fetch'], step['text'], at);
            case 'unfetched':
                return session.unfetched(step['fetch'], at, 'no');
            case 'submit':
                return session.submit(step['id'], at, orderOf(step));
            case 'follow':
                return session.follow(subjectOf(step), at);
            case 'leave':
                return session.leave(subjectOf(step), at);
            case 'call':
                return void session.call(step['action'], step['payload'] ?? null, at);
            case 'forget':
                return session.forget(step['call']);
            case 'close':
                return session.close(at);
            default:
                assert.fail(`there is no step '${step['do']}'`);
        }
    }
}
function orderOf(step) {
    const { action, metadata, prefer, webhook, idempotent, repeat } = step;
    const payload = repeat ? repeat.text.repeat(repeat.times) : step['payload'];
    return { action, payload, metadata, prefer, webhook, idempotent };
}
function subjectOf(step) {
    const subject = Subject.of(step['request_id'] ?? null, step['channel'] ?? null);
    assert.ok(subject !== null);
    return subject;
}
function outputOf(output) {
    switch (output.output) {
        case 'send':
            return { output: 'send', link: output.link, frame: frameOf(output.text) };
        case 'heard': {
            const message = messageOf(output.message);
            return { output: 'heard', ...output.subject.arguments, message };
        }
        case 'answered': {
            const { call, data, error } = output;
            const answer = error === null ? { data: data ?? null } : { error: errorOf(error) };
            return { output: 'answered', call, ...answer };
        }
        case 'fetch': {
            const { fetch, subject, url, size } = output;
            return { output: 'fetch', fetch, ...subject.arguments, url, size };
        }
        case 'ended':
            return { output: 'ended', error: errorOf(output.error) };
        case 'warned':
            return { output: 'warned' }; // each language has its own words
        default:
            return output;
    }
}
function frameOf(text) {
    const bytes = Buffer.byteLength(text);
    return bytes <= LARGEST_SHOWN ? JSON.parse(text) : { bytes };
}
function messageOf(message) {
    const kind = snake(message.kind);
    const { seq } = message;
    if (message.kind === 'failed')
        return { kind, seq, error: errorOf(message.error) };
    const { result, data, ...members } = message;
    const said = given({ ...members, kind });
    return { ...said, ...('result' in message && { result }), ...('data' in message && { data }) };
}
function errorOf(error) {
    const { name } = error;
    if (error instanceof ConnectionLost)
        return { name, may_have_run: error.mayHaveRun };
    if (error instanceof HandshakeRefused)
        return { name, status: error.status };
    if (!(error instanceof RequestFailed))
        return { name };
    const { code, message, details, traceId, retryAfterMs } = error;
    const retry_after = retryAfterMs === undefined ? null : retryAfterMs / 1000;
    return given({
        name,
        code,
        message,
        retryable: error.retryable || null,
        retry_after,
        details,
        trace_id: traceId,
    });
}
/** Leave out what is null or an empty object, and name the rest as the protocol does. */
function given(members) {
    const entries = Object.entries(members).filter(([, value]) => !isNothing(value));
    return Object.fromEntries(entries.map(([name, value]) => [snake(name), value]));
}
function isNothing(value) {
    if (value === null || value === undefined)
        return true;
    return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0;
}
function snake(name) {
    return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
function camel(members) {
    const renamed = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
    return Object.fromEntries(Object.entries(members).map(([name, value]) => [renamed(name), value]));
}
/** Give a value as JSON has it: Date, Map and undefined become what the vectors write. */
function plain(value) {
    return JSON.parse(JSON.stringify(value, (_, member) => member instanceof Map ? Object.fromEntries(member) : member));
}
