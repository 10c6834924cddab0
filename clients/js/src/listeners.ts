/** Tells what is heard of a request to the functions of whoever asked for it. */

import type { Chunk } from './chunks.js';
import { Conflict, ValidationFailed } from './errors.js';
import type { InputRequired, Progress, Retrying } from './messages.js';
import type { RequestHandle } from './request.js';

/** What a question comes with. */
export interface Asking {
  /** Aborts when nobody waits for the answer any more: close the dialog then. */
  readonly signal: AbortSignal;
  /** Why the service refused the answer before, if it did. */
  readonly refusal: ValidationFailed | null;
}

/** Functions, async or not; a message waits until the function has dealt with the one before. */
export interface Listeners<C = unknown> {
  readonly onProgress?: ((progress: Progress) => unknown) | undefined;
  readonly onChunk?: ((chunk: Chunk<C>) => unknown) | undefined;
  readonly onRetrying?: ((retrying: Retrying) => unknown) | undefined;
  /**
   * Gives the answer to what the request asks a person; undefined leaves it to somebody else.
   * Messages go on meanwhile.
   */
  readonly onInputRequired?: ((question: InputRequired, asking: Asking) => unknown) | undefined;
}

/** Tell everything until it is over, and give the result; throws what the functions throw. */
export function listen<T, C>(
  request: RequestHandle<T, C>,
  listeners: Listeners<C>,
  over: AbortSignal,
): Promise<T> {
  const dialog = new Dialog(request, listeners.onInputRequired);
  over.addEventListener('abort', () => dialog.end());
  return Promise.race([dialog.failure, tell(request, listeners, dialog, over)]);
}

async function tell<T, C>(
  request: RequestHandle<T, C>,
  { onProgress, onChunk, onRetrying }: Listeners<C>,
  dialog: Dialog,
  over: AbortSignal,
): Promise<T> {
  for await (const message of request) {
    if (over.aborted) break;
    if (message.kind === 'progress') await onProgress?.(message);
    if (message.kind === 'chunk') await onChunk?.(message);
    if (message.kind === 'retrying') await onRetrying?.(message);
    if (message.kind === 'inputRequired') dialog.ask(message);
  }
  return request.result();
}

/** What a request asks, one question at a time. */
class Dialog {
  /** Rejects with what the function throws. */
  readonly failure: Promise<never>;
  #fail!: (error: unknown) => void;
  #open: AbortController | null = null;
  readonly #request: RequestHandle<any, any>;
  readonly #give: Listeners['onInputRequired'];

  constructor(request: RequestHandle<any, any>, give: Listeners['onInputRequired']) {
    this.#request = request;
    this.#give = give;
    this.failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
  }

  ask(question: InputRequired): void {
    this.end();
    if (this.#give === undefined) return;
    const controller = new AbortController();
    this.#open = controller;
    this.#converse(question, this.#give, controller.signal).catch((error: unknown) => {
      if (!controller.signal.aborted) this.#fail(error);
    });
  }

  end(): void {
    this.#open?.abort();
    this.#open = null;
  }

  async #converse(
    question: InputRequired,
    give: NonNullable<Listeners['onInputRequired']>,
    signal: AbortSignal,
  ): Promise<void> {
    let refusal: ValidationFailed | null = null;
    do {
      const value: unknown = await give(question, { signal, refusal });
      if (value === undefined || signal.aborted) return;
      refusal = await this.#send(question, value);
    } while (refusal !== null && !signal.aborted);
  }

  async #send({ inputId }: InputRequired, value: unknown): Promise<ValidationFailed | null> {
    try {
      await this.#request.answer(value, { inputId });
    } catch (error) {
      if (error instanceof ValidationFailed) return error;
      // Somebody else answered, or the request does not wait any more.
      if (!(error instanceof Conflict)) throw error;
    }
    return null;
  }
}
