/** One thing of a panel in detail, fetched anew every second while it is open. */

import { item } from '../api.js';

const SECOND = 1000;

/**
 * A controller of a view: `value` is the detail of the view's `item`, undefined until it is there,
 * `fault` why it cannot be told. `query` says what of it.
 */
export class Detail {
  /** @type {any} */
  value;
  fault = '';
  /** @type {Record<string, string>} */
  query = {};
  #view;
  #panel;
  #id = '';
  #due = 0;
  #asked = 0;

  /**
   * @param {import('../view.js').View} view
   * @param {string} panel
   */
  constructor(view, panel) {
    this.#view = view;
    this.#panel = panel;
    view.addController(this);
  }

  hostUpdate() {
    if (this.#view.item !== this.#id) {
      this.#id = this.#view.item;
      this.value = undefined;
      this.fault = '';
      this.#due = 0;
    }
    if (this.#id && performance.now() >= this.#due) this.refresh();
  }

  /** Ask now: something was done to it. */
  async refresh() {
    const id = this.#id;
    const turn = (this.#asked += 1);
    this.#due = Infinity;
    try {
      const value = await item(this.#panel, id, this.query);
      if (turn !== this.#asked || id !== this.#id) return;
      this.value = value;
      this.fault = '';
    } catch (fault) {
      if (turn !== this.#asked || id !== this.#id) return;
      this.fault = fault instanceof Error ? fault.message : String(fault);
    } finally {
      if (turn === this.#asked) this.#due = performance.now() + SECOND * 0.9;
    }
    this.#view.requestUpdate();
  }
}
