/** One thing that is followed. */
import { Stream } from '../chunks.js';
/** A request or a channel. */
export class Topic {
    subject;
    submission;
    phase;
    link = null;
    /** The highest number that was heard. */
    seq = -1;
    stream = new Stream();
    ending = null;
    /** How often in a row it was asked in vain for what is to be fetched. */
    tries = 0;
    search = 'idle';
    constructor(subject, phase, submission = null) {
        this.subject = subject;
        this.phase = phase;
        this.submission = submission;
    }
}
