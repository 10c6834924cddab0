/** Chunks that no message has brought: asked for until they are there, or cannot be had. */
import type { Pieces } from '../chunks.js';
import { type Timing } from '../timing.js';
import { type Document } from '../wire.js';
import type { Emit } from './outputs.js';
import type { Questions } from './questions.js';
import type { Subject } from './subject.js';
import type { Timers } from './timers.js';
import type { Topic } from './topic.js';
/** Whose topics they are. */
export interface GapsOwner {
    /** Tell whether anybody still wants to hear of it. */
    isOpen(topic: Topic): boolean;
    /** Take a snapshot. */
    heard(subject: Subject, document: Document, now: number): boolean;
    /** Know that a topic that has ended lacks no chunk that can be had. */
    settled(topic: Topic, now: number): void;
}
/** Tells chunks in order; one that is left out is asked for, with all that follow it. */
export declare class Gaps {
    #private;
    constructor(parts: {
        timing: Timing;
        timers: Timers;
        uniform: () => number;
        questions: Questions;
        emit: Emit;
        owner: GapsOwner;
    });
    /** Take what a message tells of chunks. */
    take(topic: Topic, pieces: Pieces, now: number): void;
    /** Get what is missing of a topic that has ended, without the pauses of one that goes on. */
    finish(topic: Topic, now: number): void;
    /** Look for nothing any more. */
    forget(topic: Topic): void;
}
