/** All that is followed, over any number of connections. */
import { isLast, readNews } from '../messages.js';
import { Doubts } from './doubts.js';
import { Gaps } from './gaps.js';
import { Results } from './results.js';
import { Subject } from './subject.js';
import { Topic } from './topic.js';
/** Follows each topic to its end: pushes are quick, but only what is asked for is sure. */
export class Topics {
    results;
    #topics = new Map();
    #doubts;
    #gaps;
    #timing;
    #timers;
    #links;
    #questions;
    #emit;
    constructor(parts) {
        this.results = new Results({ ...parts, owner: this });
        this.#doubts = new Doubts({ ...parts, owner: this });
        this.#gaps = new Gaps({ ...parts, owner: this });
        this.#timing = parts.timing;
        this.#timers = parts.timers;
        this.#links = parts.links;
        this.#questions = parts.questions;
        this.#emit = parts.emit;
    }
    // --- what the caller wants
    /** Send a request as soon as there is a link. */
    submit(submission, now) {
        const topic = new Topic(Subject.request(submission.id), 'waiting', submission);
        this.#add(topic);
        this.#continue(topic, now);
    }
    /** Follow a request that somebody submitted, or a channel. */
    follow(subject, now) {
        const topic = new Topic(subject, 'followed');
        this.#add(topic);
        this.#continue(topic, now);
    }
    /** Hear no more of a topic; what it stands for goes on. */
    leave(subject, now) {
        const topic = this.#topics.get(subject.key);
        if (topic === undefined)
            return;
        this.#remove(topic);
        if (topic.phase === 'followed' && this.#links.current !== null) {
            this.#questions.ask('unsubscribe', subject.arguments, ignore, now);
        }
    }
    /** End every topic with an error. */
    endAll(error) {
        for (const topic of [...this.#topics.values()])
            this.end(topic, error);
    }
    // --- what happens to links
    /** Continue everything on the new current link. */
    linkReady(now) {
        this.#doubts.reset();
        for (const topic of [...this.#topics.values()])
            this.#continue(topic, now);
    }
    /** Doubt what was sent on the link and not answered. */
    linkLost(link, now) {
        for (const topic of [...this.#topics.values()]) {
            if (topic.phase === 'asked' && topic.link === link)
                this.#doubt(topic, now);
        }
    }
    /** Tell whether a request that was sent on the link has no answer yet. */
    isBusy(link) {
        for (const topic of this.#topics.values()) {
            if (topic.phase === 'asked' && topic.link === link)
                return true;
        }
        return false;
    }
    // --- what the service says
    /** Take a message about a topic, and tell whether it was news; throws Malformed. */
    heard(subject, document, now) {
        const topic = this.#topics.get(subject.key);
        if (topic === undefined)
            return false;
        this.accepted(topic, now);
        const news = readNews(document);
        if (news.pieces !== null)
            this.#gaps.take(topic, news.pieces, now);
        if (topic.phase === 'ending' || (news.seq <= topic.seq && !isLast(news)))
            return false;
        topic.seq = Math.max(news.seq, topic.seq);
        this.#tell(topic, news, now);
        return true;
    }
    /** Take the answer of a sync action. */
    responded(id, answer) {
        const topic = this.#unanswered(id);
        if (topic === null)
            return;
        if (answer.error !== null) {
            this.end(topic, answer.error);
        }
        else {
            const result = answer.data ?? null;
            this.conclude(topic, { kind: 'completed', seq: 0, result, missingChunk: null });
        }
    }
    /** Take that a message was not accepted. */
    refused(id, error) {
        const topic = this.#unanswered(id);
        if (topic !== null) {
            this.end(topic, error);
        }
        else {
            this.#emit({ output: 'warned', text: `message '${id}' was refused: ${error.message}` });
        }
    }
    // --- what it takes to end
    isOpen(topic) {
        return this.#topics.get(topic.subject.key) === topic;
    }
    settled(topic) {
        topic.tries = 0;
        if (topic.ending?.kind === 'stored') {
            this.results.fetch(topic, topic.ending);
        }
        else if (topic.ending !== null) {
            this.conclude(topic, topic.ending);
        }
    }
    conclude(topic, ending) {
        this.#remove(topic);
        const isTorn = ending.kind === 'completed' && !topic.stream.isWhole;
        this.#say(topic, isTorn ? { ...ending, missingChunk: topic.stream.next } : ending);
    }
    end(topic, error) {
        this.#remove(topic);
        this.#say(topic, { kind: 'failed', seq: Math.max(topic.seq, 0), error });
    }
    // --- what doubts lead to
    isDoubted(topic) {
        return this.isOpen(topic) && topic.phase === 'doubted';
    }
    send(topic, now) {
        const link = this.#links.current;
        if (link === null || topic.submission === null)
            return;
        topic.phase = 'asked';
        topic.link = link;
        this.#emit({ output: 'send', link: link.number, text: topic.submission.text });
        this.#later(topic, this.#timing.submission, (at) => this.#doubt(topic, at), now);
    }
    /** Know that the service has the request, and ask for it when it falls silent. */
    accepted(topic, now) {
        if (topic.phase === 'ending')
            return;
        if (topic.phase !== 'followed') {
            // Whatever shows it: the acknowledgment itself may come late or not at all.
            topic.phase = 'followed';
            topic.link = null;
            topic.seq = 0;
            this.#say(topic, { kind: 'acknowledged', seq: 0 });
        }
        this.#later(topic, this.#timing.poll, (at) => this.#poll(topic, at), now);
    }
    doubtLater(topic, now) {
        this.#later(topic, this.#timing.poll, (at) => this.#doubt(topic, at), now);
    }
    // --- one topic
    #say({ subject }, message) {
        this.#emit({ output: 'heard', subject, message });
    }
    #tell(topic, { message }, now) {
        switch (message?.kind) {
            case 'failed':
                this.conclude(topic, message);
                return;
            case 'completed':
            case 'stored':
                topic.phase = 'ending';
                topic.ending = message;
                this.#timers.clear(topic.subject.key);
                this.#gaps.finish(topic, now);
                return;
            default:
                if (message !== null)
                    this.#say(topic, message);
        }
    }
    #continue(topic, now) {
        if (this.#links.current === null)
            return;
        if (topic.phase === 'waiting') {
            this.send(topic, now);
        }
        else if (topic.phase === 'doubted') {
            this.#doubts.lookUp(topic, now);
        }
        else if (topic.phase === 'followed') {
            this.#subscribe(topic, now);
        }
    }
    #doubt(topic, now) {
        topic.phase = 'doubted';
        topic.link = null;
        this.#timers.clear(topic.subject.key);
        this.#continue(topic, now);
    }
    #subscribe(topic, now) {
        const after = topic.seq >= 0 ? { after_seq: topic.seq } : {};
        const then = (answer, at) => void this.#read(topic, answer, at);
        this.#questions.ask('subscribe', { ...topic.subject.arguments, ...after }, then, now);
        this.#later(topic, this.#timing.poll, (at) => this.#poll(topic, at), now);
    }
    #poll(topic, now) {
        if (this.#links.current === null)
            return; // the next link continues it
        if (topic.subject.channel !== null) {
            this.#subscribe(topic, now);
            return;
        }
        const then = (answer, at) => this.#polled(topic, answer, at);
        this.#questions.ask('get', topic.subject.arguments, then, now);
        this.#later(topic, this.#timing.poll, (at) => this.#poll(topic, at), now);
    }
    #polled(topic, answer, now) {
        // News that was not pushed: perhaps the service does not know this connection any more.
        if (this.#read(topic, answer, now) && this.#isFollowed(topic))
            this.#subscribe(topic, now);
    }
    #read(topic, answer, now) {
        if (!this.#isFollowed(topic))
            return false;
        if (answer.error === null)
            return this.heard(topic.subject, answer.snapshot, now);
        if (!answer.isPassing)
            this.end(topic, answer.error);
        return false;
    }
    // --- the set of topics
    #add(topic) {
        const { key, name } = topic.subject;
        if (this.#topics.has(key)) {
            throw new RangeError(`'${name}' is open on this client already; use what you have of it`);
        }
        this.#topics.set(key, topic);
    }
    #remove(topic) {
        this.#topics.delete(topic.subject.key);
        this.#timers.clear(topic.subject.key);
        this.#gaps.forget(topic);
        this.results.forget(topic);
    }
    #unanswered(id) {
        const topic = this.#topics.get(Subject.request(id).key);
        return !topic || topic.phase === 'followed' || topic.phase === 'ending' ? null : topic;
    }
    #isFollowed(topic) {
        return this.isOpen(topic) && topic.phase === 'followed';
    }
    #later(topic, wait, deed, now) {
        this.#timers.set(topic.subject.key, now + wait, deed);
    }
}
function ignore() {
    // Nothing is expected.
}
