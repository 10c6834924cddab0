/** What is heard of a request or a channel. */
import { isSafe } from './addresses.js';
import { readPieces } from './chunks.js';
import { Cancelled, ProtocolError, requestFailed } from './errors.js';
import { Malformed, readCount, readInteger, readMoment, readName, readNumber, readObject, readText, } from './wire.js';
/** Tell whether nothing follows. */
export function isEnding(message) {
    return message?.kind === 'completed' || message?.kind === 'failed';
}
/** Read a message of the server about a request or channel; throws Malformed. */
export function readNews(document) {
    const seq = readInteger(document, 'seq');
    return { seq, message: read(document, seq), pieces: readPieces(document) };
}
/** Tell whether nothing follows a message or what it stands for. */
export function isLast({ message }) {
    return message !== null && ['completed', 'failed', 'stored'].includes(message.kind);
}
/** Read the members of a report; throws Malformed. */
export function readProgress(report, attempt, seq) {
    return {
        kind: 'progress',
        seq,
        attempt: readInteger({ attempt }, 'attempt'),
        percentage: readNumber(report, 'percentage'),
        message: readText(report, 'message'),
        metadata: 'metadata' in report ? readObject(report, 'metadata') : {},
        current: readNumber(report, 'current'),
        total: readNumber(report, 'total'),
        unit: readText(report, 'unit'),
        step: readText(report, 'step'),
    };
}
function read(document, seq) {
    switch (document['type']) {
        case 'snapshot':
            return ofSnapshot(document, seq);
        case 'acknowledgment':
            return { kind: 'acknowledged', seq };
        case 'progress':
            return readProgress(document, document['attempt'] ?? 1, seq);
        case 'chunk':
            return null;
        case 'input_required':
            return inputRequired(document, document, seq);
        case 'retrying':
            return retrying(document, seq);
        case 'complete':
            return completed(document, seq);
        case 'cancelled':
            return cancelled(document, seq);
        case 'error':
            return failed(document, seq);
        default:
            throw new Malformed(`'${String(document['type'])}' is no news`);
    }
}
/** Give the message that brought the request to where it stands. */
function ofSnapshot(document, seq) {
    switch (document['state']) {
        case 'SUCCEEDED':
            return completed(document, seq);
        case 'FAILED':
        case 'EXPIRED':
            return failed(document, seq);
        case 'CANCELLED':
            return cancelled(document, seq);
        case 'RETRY_WAIT':
            return retrying(document, seq);
        case 'INPUT_REQUIRED':
            return inputRequired(document, readObject(document, 'input'), seq);
        case 'QUEUED':
            if (seq === 0 && 'request_id' in document)
                return { kind: 'acknowledged', seq: 0 };
    }
    return document['progress'] == null
        ? null
        : ofReport(document, readObject(document, 'progress'), seq);
}
function ofReport(document, report, seq) {
    const attempt = document['attempt'] ?? 1;
    // What an earlier attempt reported says nothing about the one that runs now.
    if ((report['attempt'] ?? attempt) !== attempt)
        return null;
    return readProgress(report, attempt, seq);
}
function retrying(document, seq) {
    const attempt = readInteger(document, 'attempt');
    return { kind: 'retrying', seq, attempt, nextAt: readMoment(document, 'next_at') };
}
function inputRequired(document, question, seq) {
    return {
        kind: 'inputRequired',
        seq,
        attempt: readInteger(document, 'attempt'),
        schema: readObject(question, 'schema'),
        prompt: readText(question, 'prompt'),
        inputId: readName(question, 'input_id'),
    };
}
/** Read where a large result is; throws Malformed for an address that must not be asked. */
export function readStored(document) {
    const url = readText(document, 'result_url');
    if (url === null)
        return null;
    if (!isSafe(url)) {
        throw new Malformed(`a result is at ${url.slice(0, 80)}, which is neither https nor loopback`);
    }
    return { kind: 'stored', url, size: readCount(document, 'result_bytes') };
}
function completed(document, seq) {
    if ('result' in document) {
        return { kind: 'completed', seq, result: document['result'], missingChunk: null };
    }
    // The end is known but not its content: waiting for another answer would never end.
    let text = 'the service gave no result in the message; use a newer client';
    try {
        const stored = readStored(document);
        if (stored !== null)
            return stored;
    }
    catch (error) {
        if (!(error instanceof Malformed))
            throw error;
        text = `the service's result cannot be fetched: ${error.message}`;
    }
    return { kind: 'failed', seq, error: new ProtocolError(text) };
}
function failed(document, seq) {
    return { kind: 'failed', seq, error: requestFailed(readObject(document, 'error')) };
}
function cancelled(document, seq) {
    const reason = readText(document, 'reason');
    const text = 'the request was cancelled' + (reason ? `: ${reason}` : '');
    return { kind: 'failed', seq, error: new Cancelled('CANCELLED', text) };
}
