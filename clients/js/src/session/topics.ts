/** All that is followed, over any number of connections. */

import type { RequestFailed, StreamerClientError } from '../errors.js';
import { type Ending, isLast, type Message, type News, readNews } from '../messages.js';
import type { Timing } from '../timing.js';
import type { Document } from '../wire.js';
import { Doubts, type DoubtsOwner } from './doubts.js';
import { Gaps, type GapsOwner } from './gaps.js';
import type { Link, Links } from './links.js';
import type { Emit } from './outputs.js';
import type { Answer, Questions } from './questions.js';
import { Results, type ResultsOwner } from './results.js';
import { Subject } from './subject.js';
import type { Deed, Timers } from './timers.js';
import { type Submission, Topic } from './topic.js';

/** Follows each topic to its end: pushes are quick, but only what is asked for is sure. */
export class Topics implements DoubtsOwner, GapsOwner, ResultsOwner {
  readonly results: Results;
  readonly #topics = new Map<string, Topic>();
  readonly #doubts: Doubts;
  readonly #gaps: Gaps;
  readonly #timing: Timing;
  readonly #timers: Timers;
  readonly #links: Links;
  readonly #questions: Questions;
  readonly #emit: Emit;

  constructor(parts: {
    timing: Timing;
    timers: Timers;
    uniform: () => number;
    links: Links;
    questions: Questions;
    emit: Emit;
  }) {
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
  submit(submission: Submission, now: number): void {
    const topic = new Topic(Subject.request(submission.id), 'waiting', submission);
    this.#add(topic);
    this.#continue(topic, now);
  }

  /** Follow a request that somebody submitted, or a channel. */
  follow(subject: Subject, now: number): void {
    const topic = new Topic(subject, 'followed');
    this.#add(topic);
    this.#continue(topic, now);
  }

  /** Hear no more of a topic; what it stands for goes on. */
  leave(subject: Subject, now: number): void {
    const topic = this.#topics.get(subject.key);
    if (topic === undefined) return;
    this.#remove(topic);
    if (topic.phase === 'followed' && this.#links.current !== null) {
      this.#questions.ask('unsubscribe', subject.arguments, ignore, now);
    }
  }

  /** End every topic with an error. */
  endAll(error: StreamerClientError): void {
    for (const topic of [...this.#topics.values()]) this.end(topic, error);
  }

  // --- what happens to links

  /** Continue everything on the new current link. */
  linkReady(now: number): void {
    this.#doubts.reset();
    for (const topic of [...this.#topics.values()]) this.#continue(topic, now);
  }

  /** Doubt what was sent on the link and not answered. */
  linkLost(link: Link, now: number): void {
    for (const topic of [...this.#topics.values()]) {
      if (topic.phase === 'asked' && topic.link === link) this.#doubt(topic, now);
    }
  }

  /** Tell whether a request that was sent on the link has no answer yet. */
  isBusy(link: Link): boolean {
    for (const topic of this.#topics.values()) {
      if (topic.phase === 'asked' && topic.link === link) return true;
    }
    return false;
  }

  // --- what the service says

  /** Take a message about a topic, and tell whether it was news; throws Malformed. */
  heard(subject: Subject, document: Document, now: number): boolean {
    const topic = this.#topics.get(subject.key);
    if (topic === undefined) return false;
    this.accepted(topic, now);
    const news = readNews(document);
    if (news.pieces !== null) this.#gaps.take(topic, news.pieces, now);
    if (topic.phase === 'ending' || (news.seq <= topic.seq && !isLast(news))) return false;
    topic.seq = Math.max(news.seq, topic.seq);
    this.#tell(topic, news, now);
    return true;
  }

  /** Take the answer of a sync action. */
  responded(id: string, answer: Answer): void {
    const topic = this.#unanswered(id);
    if (topic === null) return;
    if (answer.error !== null) {
      this.end(topic, answer.error);
    } else {
      const result = answer.data ?? null;
      this.conclude(topic, { kind: 'completed', seq: 0, result, missingChunk: null });
    }
  }

  /** Take that a message was not accepted. */
  refused(id: string, error: RequestFailed): void {
    const topic = this.#unanswered(id);
    if (topic !== null) {
      this.end(topic, error);
    } else {
      this.#emit({ output: 'warned', text: `message '${id}' was refused: ${error.message}` });
    }
  }

  // --- what it takes to end

  isOpen(topic: Topic): boolean {
    return this.#topics.get(topic.subject.key) === topic;
  }

  settled(topic: Topic): void {
    topic.tries = 0;
    if (topic.ending?.kind === 'stored') {
      this.results.fetch(topic, topic.ending);
    } else if (topic.ending !== null) {
      this.conclude(topic, topic.ending);
    }
  }

  conclude(topic: Topic, ending: Ending): void {
    this.#remove(topic);
    const isTorn = ending.kind === 'completed' && !topic.stream.isWhole;
    this.#say(topic, isTorn ? { ...ending, missingChunk: topic.stream.next } : ending);
  }

  end(topic: Topic, error: StreamerClientError): void {
    this.#remove(topic);
    this.#say(topic, { kind: 'failed', seq: Math.max(topic.seq, 0), error });
  }

  // --- what doubts lead to

  isDoubted(topic: Topic): boolean {
    return this.isOpen(topic) && topic.phase === 'doubted';
  }

  send(topic: Topic, now: number): void {
    const link = this.#links.current;
    if (link === null || topic.submission === null) return;
    topic.phase = 'asked';
    topic.link = link;
    this.#emit({ output: 'send', link: link.number, text: topic.submission.text });
    this.#later(topic, this.#timing.submission, (at) => this.#doubt(topic, at), now);
  }

  /** Know that the service has the request, and ask for it when it falls silent. */
  accepted(topic: Topic, now: number): void {
    if (topic.phase === 'ending') return;
    if (topic.phase !== 'followed') {
      // Whatever shows it: the acknowledgment itself may come late or not at all.
      topic.phase = 'followed';
      topic.link = null;
      topic.seq = 0;
      this.#say(topic, { kind: 'acknowledged', seq: 0 });
    }
    this.#later(topic, this.#timing.poll, (at) => this.#poll(topic, at), now);
  }

  doubtLater(topic: Topic, now: number): void {
    this.#later(topic, this.#timing.poll, (at) => this.#doubt(topic, at), now);
  }

  // --- one topic

  #say({ subject }: Topic, message: Message): void {
    this.#emit({ output: 'heard', subject, message });
  }

  #tell(topic: Topic, { message }: News, now: number): void {
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
        if (message !== null) this.#say(topic, message);
    }
  }

  #continue(topic: Topic, now: number): void {
    if (this.#links.current === null) return;
    if (topic.phase === 'waiting') {
      this.send(topic, now);
    } else if (topic.phase === 'doubted') {
      this.#doubts.lookUp(topic, now);
    } else if (topic.phase === 'followed') {
      this.#subscribe(topic, now);
    }
  }

  #doubt(topic: Topic, now: number): void {
    topic.phase = 'doubted';
    topic.link = null;
    this.#timers.clear(topic.subject.key);
    this.#continue(topic, now);
  }

  #subscribe(topic: Topic, now: number): void {
    const after = topic.seq >= 0 ? { after_seq: topic.seq } : {};
    const then = (answer: Answer, at: number) => void this.#read(topic, answer, at);
    this.#questions.ask('subscribe', { ...topic.subject.arguments, ...after }, then, now);
    this.#later(topic, this.#timing.poll, (at) => this.#poll(topic, at), now);
  }

  #poll(topic: Topic, now: number): void {
    if (this.#links.current === null) return; // the next link continues it
    if (topic.subject.channel !== null) {
      this.#subscribe(topic, now);
      return;
    }
    const then = (answer: Answer, at: number) => this.#polled(topic, answer, at);
    this.#questions.ask('get', topic.subject.arguments, then, now);
    this.#later(topic, this.#timing.poll, (at) => this.#poll(topic, at), now);
  }

  #polled(topic: Topic, answer: Answer, now: number): void {
    // News that was not pushed: perhaps the service does not know this connection any more.
    if (this.#read(topic, answer, now) && this.#isFollowed(topic)) this.#subscribe(topic, now);
  }

  #read(topic: Topic, answer: Answer, now: number): boolean {
    if (!this.#isFollowed(topic)) return false;
    if (answer.error === null) return this.heard(topic.subject, answer.snapshot, now);
    if (!answer.isPassing) this.end(topic, answer.error);
    return false;
  }

  // --- the set of topics

  #add(topic: Topic): void {
    const { key, name } = topic.subject;
    if (this.#topics.has(key)) {
      throw new RangeError(`'${name}' is open on this client already; use what you have of it`);
    }
    this.#topics.set(key, topic);
  }

  #remove(topic: Topic): void {
    this.#topics.delete(topic.subject.key);
    this.#timers.clear(topic.subject.key);
    this.#gaps.forget(topic);
    this.results.forget(topic);
  }

  #unanswered(id: string): Topic | null {
    const topic = this.#topics.get(Subject.request(id).key);
    return !topic || topic.phase === 'followed' || topic.phase === 'ending' ? null : topic;
  }

  #isFollowed(topic: Topic): boolean {
    return this.isOpen(topic) && topic.phase === 'followed';
  }

  #later(topic: Topic, wait: number, deed: Deed, now: number): void {
    this.#timers.set(topic.subject.key, now + wait, deed);
  }
}

function ignore(): void {
  // Nothing is expected.
}
