/** Results that are too large for a message: fetched from addresses that soon end. */

import { ConnectionLost, ProtocolError, type StreamerClientError } from '../errors.js';
import { type Ending, isEnding, readNews, type Stored } from '../messages.js';
import { backoff, type Timing } from '../timing.js';
import { Malformed, parse } from '../wire.js';
import type { Emit } from './outputs.js';
import type { Answer, Questions } from './questions.js';
import type { Timers } from './timers.js';
import type { Topic } from './topic.js';

/** Whose topics they are. */
export interface ResultsOwner {
  /** Tell whether anybody still wants to hear of it. */
  isOpen(topic: Topic): boolean;
  /** Tell the end. */
  conclude(topic: Topic, ending: Ending): void;
  /** End the request with an error. */
  end(topic: Topic, error: StreamerClientError): void;
}

/** Has them fetched, and asks for another address when one is of no use. */
export class Results {
  #count = 0;
  readonly #open = new Map<number, Topic>();
  readonly #timing: Timing;
  readonly #timers: Timers;
  readonly #uniform: () => number;
  readonly #questions: Questions;
  readonly #emit: Emit;
  readonly #owner: ResultsOwner;

  constructor(parts: {
    timing: Timing;
    timers: Timers;
    uniform: () => number;
    questions: Questions;
    emit: Emit;
    owner: ResultsOwner;
  }) {
    this.#timing = parts.timing;
    this.#timers = parts.timers;
    this.#uniform = parts.uniform;
    this.#questions = parts.questions;
    this.#emit = parts.emit;
    this.#owner = parts.owner;
  }

  /** Have a result fetched. */
  fetch(topic: Topic, stored: Stored): void {
    this.#count += 1;
    this.#open.set(this.#count, topic);
    const { url, size } = stored;
    this.#emit({ output: 'fetch', fetch: this.#count, subject: topic.subject, url, size });
  }

  /** Take what was at an address. */
  fetched(fetch: number, text: string): void {
    const topic = this.#taken(fetch);
    if (topic === null) return;
    try {
      const result = parse(text);
      const { seq } = topic;
      this.#owner.conclude(topic, { kind: 'completed', seq, result, missingChunk: null });
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const reason = `the service's result cannot be read: ${error.message}`;
      this.#owner.end(topic, new ProtocolError(reason));
    }
  }

  /** Take why an address was of no use. */
  unfetched(fetch: number, reason: string, now: number): void {
    const topic = this.#taken(fetch);
    if (topic !== null) this.#tryAgain(topic, reason, now);
  }

  /** Want a result no more. */
  forget(topic: Topic): void {
    this.#timers.clear(`result ${topic.subject.key}`);
    for (const [number, other] of this.#open) {
      if (other === topic) this.#open.delete(number);
    }
  }

  #taken(fetch: number): Topic | null {
    const topic = this.#open.get(fetch) ?? null;
    this.#open.delete(fetch);
    return topic;
  }

  #tryAgain(topic: Topic, reason: string, now: number): void {
    topic.tries += 1;
    if (topic.tries >= this.#timing.callAttempts) {
      const name = topic.subject.name;
      const text = `the result cannot be fetched: ${reason}; attach('${name}') tries it again`;
      this.#owner.end(topic, new ConnectionLost(text));
      return;
    }
    const wait = backoff(this.#timing, topic.tries, this.#uniform());
    this.#timers.set(`result ${topic.subject.key}`, now + wait, (at) => this.#ask(topic, at));
  }

  #ask(topic: Topic, now: number): void {
    const then = (answer: Answer, at: number) => this.#answered(topic, answer, at);
    this.#questions.ask('get', topic.subject.arguments, then, now, true);
  }

  #answered(topic: Topic, answer: Answer, now: number): void {
    if (!this.#owner.isOpen(topic)) return;
    if (answer.error === null) {
      this.#read(topic, answer, now);
    } else if (answer.isPassing) {
      this.#tryAgain(topic, answer.error.message, now);
    } else {
      this.#owner.end(topic, answer.error);
    }
  }

  #read(topic: Topic, answer: Answer, now: number): void {
    let reason = 'the service does not know that the request has ended';
    try {
      const { message } = readNews(answer.snapshot);
      if (message?.kind === 'stored') return this.fetch(topic, message);
      if (isEnding(message)) return this.#owner.conclude(topic, message);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      reason = error.message;
    }
    this.#tryAgain(topic, reason, now);
  }
}
