/** What the service knows of requests at one moment. */
import { ProtocolError, requestFailed } from './errors.js';
import { readProgress, readStored } from './messages.js';
import { isObject, Malformed, readCount, readInteger, readMoment, readName, readObject, readObjects, readText, } from './wire.js';
/** Read the answer to `get`; where a large result is comes separately. Throws ProtocolError. */
export function readSnapshot(data) {
    return understand('snapshot', data, (document) => ({
        snapshot: snapshotOf(document),
        stored: readStored(document),
    }));
}
/** Read the answer to `list`; throws ProtocolError. */
export function readPage(data) {
    return understand('list', data, (document) => ({
        requests: readObjects(document, 'requests').map(entryOf),
        cursor: readText(document, 'cursor'),
    }));
}
/** Read the answer to `cancel` and `input`; throws ProtocolError. */
export function readState(data) {
    return understand('answer', data, (document) => readName(document, 'state'));
}
/** Read the answer to `upload`; throws ProtocolError. */
export function readUploadTarget(data) {
    return understand('answer', data, (document) => {
        const headers = Object.entries(readObject(document, 'headers'));
        return {
            id: readName(document, 'upload_id'),
            url: readName(document, 'url'),
            method: readName(document, 'method'),
            headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
        };
    });
}
function snapshotOf(document) {
    const seq = readInteger(document, 'seq');
    const attempt = readInteger(document, 'attempt');
    const report = document['progress'] == null ? null : readObject(document, 'progress');
    const fault = 'error' in document ? readObject(document, 'error') : null;
    const question = 'input' in document ? readObject(document, 'input') : null;
    return {
        requestId: readName(document, 'request_id'),
        action: readText(document, 'action'),
        state: readName(document, 'state'),
        seq,
        attempt,
        progress: report && readProgress(report, report['attempt'] ?? attempt, seq),
        result: document['result'],
        error: fault && requestFailed(fault),
        question: question && questionOf(question),
        chunks: 'chunks' in document ? readCount(document, 'chunks') : 0,
        createdAt: 'created_at' in document ? readMoment(document, 'created_at') : null,
    };
}
function questionOf(document) {
    return {
        inputId: readName(document, 'input_id'),
        schema: readObject(document, 'schema'),
        prompt: readText(document, 'prompt'),
    };
}
function entryOf(document) {
    return {
        requestId: readName(document, 'request_id'),
        action: readName(document, 'action'),
        state: readName(document, 'state'),
        createdAt: readMoment(document, 'created_at'),
        endedAt: 'ended_at' in document ? readMoment(document, 'ended_at') : null,
    };
}
function understand(kind, data, read) {
    try {
        if (!isObject(data))
            throw new Malformed('it is no object');
        return read(data);
    }
    catch (error) {
        if (!(error instanceof Malformed))
            throw error;
        throw new ProtocolError(`the service's ${kind} cannot be read: ${error.message}`);
    }
}
