/** Requests that were sent and not answered before their connection was lost. */

import { Conflict, ConnectionLost, NotFound, type StreamerClientError } from '../errors.js';
import type { Document } from '../wire.js';
import type { Modes } from './greeting.js';
import type { Answer, Questions } from './questions.js';
import type { Subject } from './subject.js';
import type { Submission, Topic } from './topic.js';

/** Whose topics they are. */
export interface DoubtsOwner {
  /** Tell whether nothing was heard meanwhile. */
  isDoubted(topic: Topic): boolean;
  /** Take a snapshot. */
  heard(subject: Subject, document: Document, now: number): boolean;
  /** Know that the service has the request. */
  accepted(topic: Topic, now: number): void;
  /** Send the request again. */
  send(topic: Topic, now: number): void;
  /** Ask again later. */
  doubtLater(topic: Topic, now: number): void;
  /** End the request with an error. */
  end(topic: Topic, error: StreamerClientError): void;
}

/**
 * Finds out what became of a request.
 *
 * A request that the service does not know is either an async one that was never accepted, and is
 * sent again, since its id is its idempotency key; or a sync one, which the service does not keep,
 * and which may have run. Only the list of actions in `hello` tells one from the other. It can be
 * large, so it is asked for when it is needed.
 */
export class Doubts {
  #modes: Modes | null = null;
  #undecided: Topic[] = [];
  readonly #questions: Questions;
  readonly #owner: DoubtsOwner;

  constructor(parts: { questions: Questions; owner: DoubtsOwner }) {
    this.#questions = parts.questions;
    this.#owner = parts.owner;
  }

  /** Learn anew on a new link: the application may have been deployed since. */
  reset(): void {
    this.#modes = null;
    this.#undecided = [];
  }

  /** Ask for the request, or send it again if that does no harm. */
  lookUp(topic: Topic, now: number): void {
    if (topic.submission?.idempotent) {
      this.#owner.send(topic, now);
    } else {
      const then = (answer: Answer, at: number) => this.#lookedUp(topic, answer, at);
      this.#questions.ask('subscribe', topic.subject.arguments, then, now);
    }
  }

  #lookedUp(topic: Topic, answer: Answer, now: number): void {
    if (!this.#owner.isDoubted(topic)) return;
    this.#owner.doubtLater(topic, now);
    if (answer.error === null) {
      this.#owner.heard(topic.subject, answer.snapshot, now);
    } else if (answer.error instanceof NotFound) {
      this.#decide(topic, now);
    } else if (answer.error instanceof Conflict) {
      this.#owner.accepted(topic, now); // it is there, with as many subscribers as can be
    } else if (!answer.isPassing) {
      this.#owner.end(topic, answer.error);
    }
  }

  #decide(topic: Topic, now: number): void {
    if (this.#modes === null) {
      this.#learn(topic, now);
    } else if (topic.submission !== null && this.#isAsync(topic.submission, this.#modes)) {
      this.#owner.send(topic, now);
    } else {
      const text =
        'the connection was lost before the action was answered, and it may have run; ' +
        'pass idempotent: true for an action that may run twice';
      this.#owner.end(topic, new ConnectionLost(text, true));
    }
  }

  #isAsync(submission: Submission, modes: Modes): boolean {
    const mode = modes.get(submission.action);
    return (mode === 'either' ? submission.prefer : mode) === 'async';
  }

  #learn(topic: Topic, now: number): void {
    this.#undecided.push(topic);
    if (this.#undecided.length > 1) return;
    const then = (answer: Answer, at: number) => this.#learned(answer, at);
    this.#questions.ask('hello', { actions: true }, then, now);
  }

  #learned(answer: Answer, now: number): void {
    this.#modes = answer.data instanceof Map ? answer.data : new Map<string, string>();
    const undecided = this.#undecided;
    this.#undecided = [];
    for (const topic of undecided) {
      if (this.#owner.isDoubted(topic)) this.#decide(topic, now);
    }
  }
}
