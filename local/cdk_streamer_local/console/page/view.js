/** What every view is: an element that shows one panel, and one thing of it when asked to. */

import { LitElement, html, nothing } from 'lit';
import { Problem } from './api.js';
import { live } from './live.js';
import { toast } from './parts/toast.js';

const SECOND = 1000;

/** An element in the page's own style sheet, without a shadow. */
export class Plain extends LitElement {
  createRenderRoot() {
    return this;
  }
}

/**
 * A view. `static panel` is what it watches (more in `static also`), `data` that panel's latest
 * state, `item` what the address names behind the view, as in `#/requests/42`. It is rendered anew
 * when its panel changes, and every second for what is told from now.
 */
export class View extends Plain {
  static panel = '';
  /** @type {string[]} */
  static also = [];
  /** @type {import('lit').PropertyDeclarations} */
  static properties = { item: {} };

  /** @type {Array<() => void>} */
  #watches = [];
  #tick = 0;
  #changed = (/** @type {any} */ event) => {
    if (this.#panels.includes(event.detail)) this.requestUpdate();
  };

  constructor() {
    super();
    /** @type {string} */
    this.item = '';
  }

  get data() {
    return live.data(this.#own.panel);
  }

  get #own() {
    return /** @type {typeof View} */ (this.constructor);
  }

  get #panels() {
    return [this.#own.panel, ...this.#own.also];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#watches = this.#panels.map((panel) => live.watch(panel));
    live.addEventListener('change', this.#changed);
    this.#tick = setInterval(() => this.requestUpdate(), SECOND);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const end of this.#watches) end();
    live.removeEventListener('change', this.#changed);
    clearInterval(this.#tick);
  }

  render() {
    const fault = live.fault(this.#own.panel);
    return html`
      ${fault ? html`<p class="notice bad" role="alert">This cannot be read now: ${fault}</p>` : nothing}
      ${this.data === undefined ? html`<p class="loading">Looking…</p>` : this.shown(this.data)}
    `;
  }

  /**
   * Draw the panel's state; what a view is there for.
   * @param {any} _data
   * @returns {unknown}
   */
  shown(_data) {
    return nothing;
  }

  /**
   * Do something that may be refused, and say how it went.
   * @param {() => Promise<unknown>} action
   * @param {string} [done] what to say when it is done
   */
  async try(action, done) {
    try {
      const result = await action();
      if (done) toast(done);
      return result;
    } catch (fault) {
      if (!(fault instanceof Problem)) console.error(fault);
      toast(fault instanceof Error ? fault.message : String(fault), 'bad');
      return undefined;
    }
  }

  /** Show one thing beside the list, or none. @param {string} id */
  open(id) {
    const [view] = location.hash.replace(/^#\//, '').split('/');
    location.hash = id ? `#/${view}/${encodeURIComponent(id)}` : `#/${view}`;
  }
}
