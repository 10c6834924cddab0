/** All that is followed, over any number of connections. */
import type { RequestFailed, StreamerClientError } from '../errors.js';
import { type Ending } from '../messages.js';
import type { Timing } from '../timing.js';
import type { Document } from '../wire.js';
import { type DoubtsOwner } from './doubts.js';
import { type GapsOwner } from './gaps.js';
import type { Link, Links } from './links.js';
import type { Emit } from './outputs.js';
import type { Answer, Questions } from './questions.js';
import { Results, type ResultsOwner } from './results.js';
import { Subject } from './subject.js';
import type { Timers } from './timers.js';
import { type Submission, Topic } from './topic.js';
/** Follows each topic to its end: pushes are quick, but only what is asked for is sure. */
export declare class Topics implements DoubtsOwner, GapsOwner, ResultsOwner {
    #private;
    readonly results: Results;
    constructor(parts: {
        timing: Timing;
        timers: Timers;
        uniform: () => number;
        links: Links;
        questions: Questions;
        emit: Emit;
    });
    /** Send a request as soon as there is a link. */
    submit(submission: Submission, now: number): void;
    /** Follow a request that somebody submitted, or a channel. */
    follow(subject: Subject, now: number): void;
    /** Hear no more of a topic; what it stands for goes on. */
    leave(subject: Subject, now: number): void;
    /** End every topic with an error. */
    endAll(error: StreamerClientError): void;
    /** Continue everything on the new current link. */
    linkReady(now: number): void;
    /** Doubt what was sent on the link and not answered. */
    linkLost(link: Link, now: number): void;
    /** Tell whether a request that was sent on the link has no answer yet. */
    isBusy(link: Link): boolean;
    /** Take a message about a topic, and tell whether it was news; throws Malformed. */
    heard(subject: Subject, document: Document, now: number): boolean;
    /** Take the answer of a sync action. */
    responded(id: string, answer: Answer): void;
    /** Take that a message was not accepted. */
    refused(id: string, error: RequestFailed): void;
    isOpen(topic: Topic): boolean;
    settled(topic: Topic): void;
    conclude(topic: Topic, ending: Ending): void;
    end(topic: Topic, error: StreamerClientError): void;
    isDoubted(topic: Topic): boolean;
    send(topic: Topic, now: number): void;
    /** Know that the service has the request, and ask for it when it falls silent. */
    accepted(topic: Topic, now: number): void;
    doubtLater(topic: Topic, now: number): void;
}
