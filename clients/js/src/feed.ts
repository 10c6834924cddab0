/** Messages that wait to be read. */

import { type Ending, isEnding, type Message } from './messages.js';

/** Progress replaces what was before, so whoever reads too slowly misses the oldest reports. */
const KEPT = 1_024;

/** The messages of one request or channel, the last of which is `completed` or `failed`. */
export class Feed<T = unknown, C = unknown> implements AsyncIterable<Message<T, C>> {
  #ending: Ending<T> | null = null;
  #isLeft = false;
  #messages: Message<T, C>[] = [];
  readonly #readers: (() => void)[] = [];
  readonly #first: Moment = new Moment();
  readonly #last: Moment = new Moment();

  /** The last message; null as long as there is none. */
  get ending(): Ending<T> | null {
    return this.#ending;
  }

  /** @internal Take a message. */
  hear(message: Message<T, C>): void {
    this.#messages.push(message);
    if (this.#messages.length > KEPT) this.#forgetOldest();
    this.#first.come();
    if (isEnding(message)) {
      this.#ending = message;
      this.#last.come();
    }
    this.#wake();
  }

  /** @internal Hear and tell no more. */
  leave(): void {
    this.#isLeft = true;
    this.#messages = [];
    this.#wake();
  }

  /** @internal Wait until anything was heard. */
  protected first(): Promise<void> {
    return this.#first.arrival;
  }

  /** @internal Wait for the end. */
  protected async last(): Promise<Ending<T>> {
    await this.#last.arrival;
    return this.#ending!;
  }

  /** Iterate over the messages; each is given once, to whoever asks first. */
  [Symbol.asyncIterator](): AsyncIterator<Message<T, C>, undefined> {
    return { next: () => this.#next() };
  }

  async #next(): Promise<IteratorResult<Message<T, C>, undefined>> {
    for (;;) {
      const value = this.#messages.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#ending !== null || this.#isLeft) return { done: true, value: undefined };
      await new Promise<void>((resolve) => this.#readers.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#readers.splice(0)) resolve();
  }

  #forgetOldest(): void {
    const oldest = this.#messages.findIndex(({ kind }) => kind === 'progress');
    if (oldest >= 0) this.#messages.splice(oldest, 1);
  }
}

/** Something that happens once. */
class Moment {
  come!: () => void;
  readonly arrival = new Promise<void>((resolve) => {
    this.come = resolve;
  });
}
