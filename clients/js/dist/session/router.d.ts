/** Brings each message of the service to whom it concerns. */
import { type Document } from '../wire.js';
import { type Link, type Links } from './links.js';
import type { Emit } from './outputs.js';
import { type Questions } from './questions.js';
import type { Topics } from './topics.js';
/** Knows the types of messages; those of a later release pass by. */
export declare class Router {
    #private;
    constructor(parts: {
        links: Links;
        questions: Questions;
        topics: Topics;
        emit: Emit;
    });
    /** Take a message; throws Malformed. */
    take(link: Link, document: Document, now: number): void;
}
