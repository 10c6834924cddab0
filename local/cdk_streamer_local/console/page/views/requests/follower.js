/** Follows a request as its owner: what its API pushes, as any client hears it. */

import { clientOf, isClosed, obstacle } from './callers.js';

const KEPT = 200;

/**
 * A controller of a view. `progress` is the latest report of the attempt that runs, `heard` the
 * messages as they came, newest last, `problem` why there are none.
 */
export class Follower {
  /** @type {any} */
  progress;
  /** @type {Array<{ at: number, message: any }>} */
  heard = [];
  problem = '';
  isLive = false;
  #view;
  #id = '';
  #stop = () => {};

  /** @param {import('lit').LitElement} view */
  constructor(view) {
    this.#view = view;
    view.addController(this);
  }

  hostDisconnected() {
    this.follow('', undefined, undefined);
  }

  /**
   * Follow this one from now on, unless it is that already.
   * @param {string} id its row's; empty: none
   * @param {any} api
   * @param {any} request as the table has it
   */
  follow(id, api, request) {
    if (id === this.#id) return;
    this.#stop();
    this.#stop = () => {};
    this.#id = id;
    this.progress = undefined;
    this.heard = [];
    this.isLive = false;
    this.problem = id ? obstacle(api) : '';
    if (id && !this.problem && isClosed(api)) this.problem = `The API lets only pages of ${api.origins.join(', ')} connect`;
    if (!id || this.problem) return;
    const { client, done } = clientOf(api, { sub: request.owner, tenant: request.tenant });
    const handle = client.attach(request.request_id);
    this.#stop = () => {
      handle.detach();
      done();
    };
    this.#listen(id, handle);
  }

  /** @param {string} id @param {import('cdk-streamer-client').RequestHandle} handle */
  async #listen(id, handle) {
    try {
      for await (const message of handle) {
        if (id !== this.#id) return;
        this.#hear(message);
      }
    } catch (fault) {
      if (id !== this.#id) return;
      this.problem = fault instanceof Error ? fault.message : String(fault);
    }
    if (id === this.#id) this.isLive = false;
    this.#view.requestUpdate();
  }

  /** @param {any} message */
  #hear(message) {
    this.isLive = true;
    this.heard = [...this.heard, { at: Date.now() / 1000, message }].slice(-KEPT);
    if (message.kind === 'progress') this.progress = message;
    if (message.kind === 'retrying') this.progress = undefined;
    this.#view.requestUpdate();
  }
}

/** What a message says, in a line. @param {any} message */
export function words(message) {
  switch (message.kind) {
    case 'progress':
      return [
        message.percentage === null ? '' : `${Math.round(message.percentage * 10) / 10} %`,
        message.message,
        message.step && `step ${message.step}`,
        message.current !== null && `${message.current}${message.total === null ? '' : ` of ${message.total}`} ${message.unit ?? ''}`,
      ].filter(Boolean).join(' · ');
    case 'chunk':
      return `#${message.index} ${JSON.stringify(message.data)}`;
    case 'retrying':
      return `attempt ${message.attempt} at ${message.nextAt.toLocaleTimeString('en-GB')}`;
    case 'inputRequired':
      return message.prompt ?? 'asks for input';
    case 'failed':
      return `${message.error.code}: ${message.error.message}`;
    default:
      return '';
  }
}
