/** Brings each message of the service to whom it concerns. */
import { requestFailed, Unauthorized } from '../errors.js';
import { readObject, readText } from '../wire.js';
import { readGreeting } from './greeting.js';
import { HELLO_ID } from './links.js';
import { Answer } from './questions.js';
import { Subject } from './subject.js';
/** Knows the types of messages; those of a later release pass by. */
export class Router {
    #links;
    #questions;
    #topics;
    #emit;
    constructor(parts) {
        this.#links = parts.links;
        this.#questions = parts.questions;
        this.#topics = parts.topics;
        this.#emit = parts.emit;
    }
    /** Take a message; throws Malformed. */
    take(link, document, now) {
        switch (document['type']) {
            case 'hello':
                return this.#hello(link, document, now);
            case 'pong':
                return this.#questions.answered(readText(document, 'id') ?? '', new Answer(null), now);
            case 'reconnect_soon':
                return this.#reconnectSoon(link, document);
            case 'response':
                return this.#response(document, now);
            case 'error':
                return this.#error(link, document, now);
            case 'acknowledgment':
            case 'progress':
            case 'chunk':
            case 'input_required':
            case 'retrying':
            case 'complete':
            case 'cancelled':
            case 'snapshot':
                return this.#news(document, now);
        }
    }
    #hello(link, document, now) {
        const greeting = readGreeting(document);
        if (link.stage === 'greeting') {
            this.#links.greeted(link, greeting, now);
        }
        else {
            this.#questions.answeredHello(link, new Answer(greeting.modes), now);
        }
    }
    #reconnectSoon(link, document) {
        if (link !== this.#links.current)
            return;
        this.#links.replace(document['reason'] === 'token' ? 'token' : 'age');
    }
    #response(document, now) {
        const id = readText(document, 'id') ?? '';
        const answer = document['success'] === true
            ? new Answer(document['data'])
            : new Answer(null, requestFailed(readObject(document, 'error')));
        if (this.#questions.isOpen(id)) {
            this.#questions.answered(id, answer, now);
        }
        else {
            this.#topics.responded(id, answer);
        }
    }
    #error(link, document, now) {
        if ('seq' in document)
            return this.#news(document, now);
        const error = requestFailed(readObject(document, 'error'));
        const id = readText(document, 'request_id');
        if (id === HELLO_ID || (id === null && error instanceof Unauthorized)) {
            this.#links.drop(link, now, error.message);
        }
        else if (id === null) {
            this.#emit({ output: 'warned', text: `a message was refused: ${error.message}` });
        }
        else if (this.#questions.isOpen(id)) {
            this.#questions.answered(id, new Answer(null, error), now);
        }
        else {
            this.#topics.refused(id, error);
        }
    }
    #news(document, now) {
        const requestId = readText(document, 'request_id');
        const subject = Subject.of(requestId, readText(document, 'channel'));
        if (subject !== null)
            this.#topics.heard(subject, document, now);
    }
}
