/** JSON text frames: how they are written, and read with suspicion. */
import { PayloadTooLarge } from './errors.js';
export const PROTOCOL = 'streamer.v1';
/** API Gateway closes the connection on a larger frame, before any code could answer. */
export const FRAME_BYTES = 32_768;
export const REQUEST_ID = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}$/;
/** What the client's own messages are called, so no request may be. */
export const OWN_PREFIX = '~';
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?$/;
const encoder = new TextEncoder();
/** What the server said is not a message of the protocol. */
export class Malformed extends Error {
    name = 'Malformed';
}
/** Write a frame; throws PayloadTooLarge, RangeError or TypeError for what JSON cannot carry. */
export function encode(action, id, frame = {}) {
    const { payload, metadata, prefer, webhook } = frame;
    const members = { action, id, payload, metadata, prefer, webhook };
    const given = Object.entries(members).filter(([, value]) => value != null);
    const text = JSON.stringify(Object.fromEntries(given), refuseInfinite);
    const size = encoder.encode(text).length;
    if (size > FRAME_BYTES) {
        throw new PayloadTooLarge('PAYLOAD_TOO_LARGE', `the message for '${action}' has ${size} bytes, a frame carries ${FRAME_BYTES}; ` +
            'send large content by upload(), and its id in the payload');
    }
    return text;
}
/** Read a message; throws Malformed for what is not an object with a type. */
export function decode(text) {
    const document = parse(text);
    if (isObject(document) && typeof document['type'] === 'string') {
        return document;
    }
    throw new Malformed(`a message is no object with a type: ${text.slice(0, 80)}`);
}
/** Read any JSON; throws Malformed. */
export function parse(text) {
    try {
        return JSON.parse(text);
    }
    catch (error) {
        throw new Malformed(`a message is not JSON: ${String(error)}`);
    }
}
/** Tell whether a value is a JSON object. */
export function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
/** Give a member that must be a whole number. */
export function readInteger(document, name) {
    const value = document[name];
    if (!Number.isSafeInteger(value))
        throw malformed(document, name, 'a whole number');
    return value;
}
/** Give a member that must be a whole number from 0 on. */
export function readCount(document, name) {
    const value = readInteger(document, name);
    if (value < 0)
        throw malformed(document, name, 'a whole number from 0 to 2^53 - 1');
    return value;
}
/** Give a member that may be a number. */
export function readNumber(document, name) {
    const value = document[name] ?? null;
    if (value !== null && typeof value !== 'number')
        throw malformed(document, name, 'a number');
    return value;
}
/** Give a member that may be a string. */
export function readText(document, name) {
    const value = document[name] ?? null;
    if (value !== null && typeof value !== 'string')
        throw malformed(document, name, 'a string');
    return value;
}
/** Give a member that must be a string. */
export function readName(document, name) {
    const value = readText(document, name);
    if (value === null)
        throw malformed(document, name, 'a string');
    return value;
}
/** Give a member that must be an object. */
export function readObject(document, name) {
    const value = document[name];
    if (!isObject(value))
        throw malformed(document, name, 'an object');
    return value;
}
/** Give a member that must be a list of objects. */
export function readObjects(document, name) {
    const value = document[name];
    if (!Array.isArray(value) || !value.every(isObject)) {
        throw malformed(document, name, 'a list of objects');
    }
    return value;
}
/** Give a member that must be a moment. */
export function readMoment(document, name) {
    const value = document[name];
    const zone = typeof value === 'string' ? MOMENT.exec(value) : null;
    // What names no zone is UTC here, and local time for Date.
    const moment = new Date(zone === null ? NaN : zone[1] ? zone[0] : `${zone[0]}Z`);
    if (Number.isNaN(moment.getTime()))
        throw malformed(document, name, 'an ISO 8601 timestamp');
    return moment;
}
function refuseInfinite(name, value) {
    if (typeof value === 'number' && !Number.isFinite(value)) {
        throw new RangeError(`${name || 'the payload'} is ${value}, which JSON cannot carry`);
    }
    return value;
}
function malformed(document, name, expected) {
    const kind = document['type'] ?? 'part of a message';
    const got = JSON.stringify(document[name] ?? null).slice(0, 80);
    return new Malformed(`${name} of '${String(kind)}' must be ${expected}, got ${got}`);
}
