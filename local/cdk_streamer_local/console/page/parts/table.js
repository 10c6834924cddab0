/** A list of things in columns: sorted, filtered, walked through and opened by keyboard. */

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { Plain } from '../view.js';

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: any) => unknown} cell what stands in it
 * @property {(row: any) => string | number | null | undefined} [by] what it is sorted by; none: it is not
 * @property {'end'} [align]
 * @property {string} [kind] a class of its cells
 */

/**
 * `<data-table>`: `rows`, each with the key that `key(row)` gives, in `columns`. A row that is
 * opened, by Enter or a click, is told as event `open` with its key. `chosen` is the one that is
 * open. `filter` keeps the rows whose text has all of its words. `nothing` is said when there are
 * no rows at all. A `bare` one has no filter of its own: its rows are a page of many.
 */
export class DataTable extends Plain {
  static properties = {
    rows: { attribute: false },
    columns: { attribute: false },
    key: { attribute: false },
    text: { attribute: false },
    chosen: {},
    nothing: {},
    label: {},
    placeholder: {},
    bare: { type: Boolean },
    _filter: { state: true },
    _sorted: { state: true },
  };

  constructor() {
    super();
    /** @type {any[]} */
    this.rows = [];
    /** @type {Column[]} */
    this.columns = [];
    /** @type {(row: any) => string} */
    this.key = (row) => row.id;
    /** @type {(row: any) => string} what the filter looks at */
    this.text = (row) => JSON.stringify(row);
    this.chosen = '';
    this.nothing = 'There is nothing here.';
    this.label = 'list';
    this.placeholder = 'Filter';
    this.bare = false;
    this._filter = '';
    /** @type {{ column: number, down: boolean } | undefined} */
    this._sorted = undefined;
  }

  get #shown() {
    const wanted = this._filter.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = wanted.length
      ? this.rows.filter((row) => {
          const text = this.text(row).toLowerCase();
          return wanted.every((word) => text.includes(word));
        })
      : this.rows;
    const by = this._sorted && this.columns[this._sorted.column]?.by;
    if (!by || !this._sorted) return kept;
    const way = this._sorted.down ? -1 : 1;
    return [...kept].sort((one, other) => way * compare(by(one), by(other)));
  }

  render() {
    const rows = this.#shown;
    return html`
      ${this.bare ? nothing : html`<div class="table-tools">
        <input type="search" data-filter placeholder=${`${this.placeholder}  ( / )`} aria-label=${`Filter the ${this.label}`}
          .value=${this._filter} @input=${(event) => { this._filter = event.target.value; }}
          @keydown=${this.#leave}>
        <span class="faint">${rows.length === this.rows.length ? this.rows.length : `${rows.length} of ${this.rows.length}`}</span>
      </div>`}
      <div class="table-frame">
        <table aria-label=${this.label}>
          <thead><tr>${this.columns.map((column, at) => this.#head(column, at))}</tr></thead>
          <tbody @keydown=${this.#walk}>
            ${repeat(rows, this.key, (row) => this.#row(row))}
          </tbody>
        </table>
        ${rows.length ? nothing : html`<p class="nothing">${this.rows.length ? 'Nothing matches the filter.' : this.nothing}</p>`}
      </div>`;
  }

  /** @param {Column} column @param {number} at */
  #head(column, at) {
    const mine = this._sorted?.column === at ? this._sorted : undefined;
    const order = mine ? (mine.down ? 'descending' : 'ascending') : 'none';
    const title = column.by
      ? html`<button class="sort" @click=${() => { this._sorted = mine?.down ? undefined : { column: at, down: Boolean(mine) }; }}>
          ${column.title}<span aria-hidden="true">${mine ? (mine.down ? ' ↓' : ' ↑') : ''}</span></button>`
      : column.title;
    return html`<th scope="col" class=${column.align ?? ''} aria-sort=${order}>${title}</th>`;
  }

  /** @param {any} row */
  #row(row) {
    const key = this.key(row);
    return html`<tr tabindex="0" data-key=${key} aria-selected=${key === this.chosen}
      @click=${(event) => { if (!event.target.closest('button, a, input, summary')) this.#open(key); }}>
      ${this.columns.map((column) => html`<td class="${column.align ?? ''} ${column.kind ?? ''}">${column.cell(row)}</td>`)}
    </tr>`;
  }

  /** @param {string} key */
  #open(key) {
    this.dispatchEvent(new CustomEvent('open', { detail: key }));
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest('tr');
    if (!row || event.target !== row) return;
    const next = { ArrowDown: row.nextElementSibling, j: row.nextElementSibling, ArrowUp: row.previousElementSibling, k: row.previousElementSibling }[event.key];
    if (next) /** @type {HTMLElement} */ (next).focus();
    else if (event.key === 'Enter') this.#open(row.dataset.key ?? '');
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {KeyboardEvent} event */
  #leave(event) {
    if (event.key === 'Escape' && this._filter) {
      this._filter = '';
      event.stopPropagation();
    } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
      /** @type {HTMLElement | null} */ (this.querySelector('tbody tr'))?.focus();
      event.preventDefault();
    }
  }
}

/** @param {string | number | null | undefined} one @param {string | number | null | undefined} other */
function compare(one, other) {
  if (one === null || one === undefined) return other === null || other === undefined ? 0 : 1;
  if (other === null || other === undefined) return -1;
  return one < other ? -1 : one > other ? 1 : 0;
}

customElements.define('data-table', DataTable);
