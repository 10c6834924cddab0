/** Entries of a list, some of which are chosen by their boxes. */

import { html } from 'lit';

/** What is chosen, by ids; ids that are gone do not count. */
export class Chosen {
  #ids = new Set();
  #view;

  /** @param {import('../view.js').View} view */
  constructor(view) {
    this.#view = view;
  }

  /** Give the chosen ones of those that are there. @param {string[]} there */
  of(there) {
    return there.filter((id) => this.#ids.has(id));
  }

  /** A box for one. @param {string} id @param {string} label */
  box(id, label) {
    return html`<input type="checkbox" aria-label=${label} .checked=${this.#ids.has(id)}
      @click=${(/** @type {Event} */ event) => event.stopPropagation()}
      @change=${(/** @type {any} */ event) => this.#set([id], event.target.checked)}>`;
  }

  /** A box for all. @param {string[]} there */
  all(there) {
    return html`<label class="more"><input type="checkbox" .checked=${there.length > 0 && this.of(there).length === there.length}
      @change=${(/** @type {any} */ event) => this.#set(there, event.target.checked)}> all</label>`;
  }

  /** Choose none. */
  clear() {
    this.#ids.clear();
    this.#view.requestUpdate();
  }

  /** @param {string[]} ids @param {boolean} chosen */
  #set(ids, chosen) {
    for (const id of ids) {
      if (chosen) this.#ids.add(id);
      else this.#ids.delete(id);
    }
    this.#view.requestUpdate();
  }
}
