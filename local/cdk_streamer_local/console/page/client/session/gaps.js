/** Chunks that no message has brought: asked for until they are there, or cannot be had. */
import { backoff } from '../timing.js';
import { Malformed } from '../wire.js';
/** Tells chunks in order; one that is left out is asked for, with all that follow it. */
export class Gaps {
    #timing;
    #timers;
    #uniform;
    #questions;
    #emit;
    #owner;
    constructor(parts) {
        this.#timing = parts.timing;
        this.#timers = parts.timers;
        this.#uniform = parts.uniform;
        this.#questions = parts.questions;
        this.#emit = parts.emit;
        this.#owner = parts.owner;
    }
    /** Take what a message tells of chunks. */
    take(topic, pieces, now) {
        for (const message of topic.stream.take(pieces)) {
            this.#emit({ output: 'heard', subject: topic.subject, message });
        }
        if (topic.search === 'idle' && !topic.stream.isWhole)
            this.#ask(topic, now);
    }
    /** Get what is missing of a topic that has ended, without the pauses of one that goes on. */
    finish(topic, now) {
        topic.tries = 0;
        if (topic.search !== 'asked')
            this.#goOn(topic, now);
    }
    /** Look for nothing any more. */
    forget(topic) {
        this.#timers.clear(`chunks ${topic.subject.key}`);
    }
    #goOn(topic, now) {
        this.forget(topic);
        topic.search = 'idle';
        if (!topic.stream.isWhole) {
            this.#ask(topic, now);
            return;
        }
        topic.tries = 0;
        if (topic.phase === 'ending')
            this.#owner.settled(topic, now);
    }
    #ask(topic, now) {
        topic.search = 'asked';
        const { attempt, next } = topic.stream;
        const payload = { ...topic.subject.arguments, chunks_from: next };
        const then = (answer, at) => this.#answered(topic, attempt, next, answer, at);
        this.#questions.ask('get', payload, then, now, true);
    }
    #answered(topic, attempt, next, answer, now) {
        if (!this.#owner.isOpen(topic))
            return;
        this.#read(topic, answer, now);
        if (!this.#owner.isOpen(topic))
            return;
        if (topic.stream.isWhole || topic.stream.isBeyond(attempt, next)) {
            topic.tries = 0;
            this.#goOn(topic, now);
            return;
        }
        topic.tries += 1;
        if (topic.phase === 'ending' && this.#isVain(topic, answer)) {
            this.#giveUp(topic, now);
        }
        else {
            this.#pause(topic, now);
        }
    }
    #read(topic, answer, now) {
        if (answer.error !== null)
            return;
        try {
            this.#owner.heard(topic.subject, answer.snapshot, now);
        }
        catch (error) {
            if (!(error instanceof Malformed))
                throw error;
            this.#emit({ output: 'warned', text: error.message });
        }
    }
    #isVain(topic, answer) {
        const isFinal = answer.error !== null && !answer.isPassing;
        return isFinal || topic.tries >= this.#timing.callAttempts;
    }
    #giveUp(topic, now) {
        const { subject, stream } = topic;
        const text = `the service cannot give chunk ${stream.next} of request '${subject.name}'`;
        this.#emit({ output: 'warned', text });
        this.#owner.settled(topic, now);
    }
    /** Ask again later; of a request that goes on the service may know more with the time. */
    #pause(topic, now) {
        topic.search = 'paused';
        const isEarly = topic.tries < this.#timing.callAttempts;
        const wait = isEarly
            ? backoff(this.#timing, topic.tries, this.#uniform())
            : this.#timing.poll;
        this.#timers.set(`chunks ${topic.subject.key}`, now + wait, (at) => this.#goOn(topic, at));
    }
}
