/** Built-in actions that were asked and not yet answered. */

import { Conflict, ConnectionLost, RequestFailed, type StreamerClientError } from '../errors.js';
import type { Timing } from '../timing.js';
import { type Document, encode, isObject, Malformed, OWN_PREFIX } from '../wire.js';
import type { Link, Links } from './links.js';
import type { Emit } from './outputs.js';
import type { Timers } from './timers.js';

/** What came back: data, or an error. */
export class Answer {
  readonly data: unknown;
  readonly error: StreamerClientError | null;

  constructor(data: unknown, error: StreamerClientError | null = null) {
    this.data = data;
    this.error = error;
  }

  /** The data of `get` and `subscribe`; throws Malformed. */
  get snapshot(): Document {
    if (isObject(this.data) && this.data['type'] === 'snapshot') return this.data;
    const got = JSON.stringify(this.data ?? null).slice(0, 80);
    throw new Malformed(`an answer that should be a snapshot is ${got}`);
  }

  /** Whether it is an error that may not be met again. */
  get isPassing(): boolean {
    if (this.error instanceof RequestFailed) {
      return this.error.retryable || this.error instanceof Conflict;
    }
    return this.error instanceof ConnectionLost;
  }
}

export type Then = (answer: Answer, now: number) => void;

/** One built-in action on its way. Without a link it waits for the next one. */
interface Question {
  readonly id: string;
  readonly action: string;
  readonly text: string;
  readonly then: Then;
  readonly survives: boolean;
  link: Link | null;
  sentAt: number;
  tries: number;
}

/** Sends built-in actions, again if need be: all of them may be repeated without harm. */
export class Questions {
  readonly #open = new Map<string, Question>();
  #count = 0;
  readonly #timing: Timing;
  readonly #timers: Timers;
  readonly #links: Links;
  readonly #emit: Emit;

  constructor(parts: { timing: Timing; timers: Timers; links: Links; emit: Emit }) {
    this.#timing = parts.timing;
    this.#timers = parts.timers;
    this.#links = parts.links;
    this.#emit = parts.emit;
  }

  /** Ask, and give the question's id; one that `survives` outlives its connection. */
  ask(action: string, payload: Document | null, then: Then, now: number, survives = false): string {
    this.#count += 1;
    const id = `${OWN_PREFIX}${this.#count}`;
    const text = encode(action, id, { payload });
    const question = { id, action, text, then, survives, link: null, sentAt: 0, tries: 0 };
    this.#open.set(id, question);
    if (this.#links.current !== null) this.#send(question, this.#links.current, now);
    return id;
  }

  /** Tell whether the id is that of a question without an answer. */
  isOpen(id: string): boolean {
    return this.#open.has(id);
  }

  /** Take the answer to a question; one that is not open was answered before. */
  answered(id: string, answer: Answer, now: number): void {
    const question = this.#open.get(id);
    if (question === undefined) return;
    this.forget(id);
    question.then(answer, now);
  }

  /** Take the answer to `hello`, which names no question. */
  answeredHello(link: Link, answer: Answer, now: number): void {
    for (const question of this.#on(link)) {
      if (question.action === 'hello') this.answered(question.id, answer, now);
    }
  }

  /** Send what waited for a link. */
  sendWaiting(now: number): void {
    const link = this.#links.current;
    if (link === null) return;
    for (const question of this.#on(null)) this.#send(question, link, now);
  }

  /** Ask again on the current link what survives, and forget the rest. */
  linkLost(link: Link, now: number): void {
    for (const question of this.#on(link)) {
      this.#timers.clear(`question ${question.id}`);
      question.link = null;
      if (!question.survives) this.#open.delete(question.id);
    }
    this.sendWaiting(now);
  }

  /** Expect no answer any more. */
  forget(id: string): void {
    this.#open.delete(id);
    this.#timers.clear(`question ${id}`);
  }

  /** Answer everything with an error. */
  failAll(error: StreamerClientError, now: number): void {
    for (const id of [...this.#open.keys()]) this.answered(id, new Answer(null, error), now);
  }

  /** Tell whether an answer is due on the link. */
  isBusy(link: Link): boolean {
    return this.#on(link).length > 0;
  }

  #on(link: Link | null): Question[] {
    return [...this.#open.values()].filter((question) => question.link === link);
  }

  #send(question: Question, link: Link, now: number): void {
    question.link = link;
    question.sentAt = now;
    question.tries += 1;
    this.#emit({ output: 'send', link: link.number, text: question.text });
    this.#timers.set(`question ${question.id}`, now + this.#timing.answer, (at) =>
      this.#late(question, link, at),
    );
  }

  #late(question: Question, link: Link, now: number): void {
    if (link.heardAt <= question.sentAt) {
      this.#links.drop(link, now, 'the service fell silent');
    } else if (question.tries >= this.#timing.callAttempts) {
      const { action, tries } = question;
      const text = `the service did not answer '${action}', asked ${tries} times`;
      this.answered(question.id, new Answer(null, new ConnectionLost(text)), now);
    } else {
      this.#send(question, this.#links.current ?? link, now);
    }
  }
}
