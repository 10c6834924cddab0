/** What functions say, as they say it: one color a function, tracebacks folded. */

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { live } from '../live.js';
import { View } from '../view.js';
import { clock, took } from '../words.js';

const SHOWN = 1000;
const COLORS = 8;
const NEAR_PIXELS = 40;

class Logs extends View {
  static panel = 'functions';
  static also = ['lines'];
  static properties = {
    _filter: { state: true }, _ended: { state: true }, _level: { state: true }, _follows: { state: true },
  };

  constructor() {
    super();
    this._filter = '';
    this._ended = false;
    this._level = '';
    this._follows = true;
  }

  /** The address may name words to filter by: `#/logs/<function>?<words>`. @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('item') && this.item.includes('?')) this._filter = this.item.split('?')[1];
  }

  get #chosen() {
    return this.item.split('?')[0];
  }

  #lines() {
    const words = this._filter.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = this.#chosen;
    return live.lines
      .filter((line) => !chosen || line.function === chosen)
      .filter((line) => this._ended || line.kind !== 'ended')
      .filter((line) => this._level !== 'trouble' || isTrouble(line))
      .filter((line) => words.every((word) => text(line).includes(word)))
      .slice(-SHOWN);
  }

  shown(rows) {
    const lines = this.#lines();
    return html`<h1>Logs</h1>
      <div class="table-tools">
        <select aria-label="Function" @change=${(event) => this.open(event.target.value)}>
          <option value="">all functions</option>
          ${rows.map((row) => html`<option value=${row.label} ?selected=${row.label === this.#chosen}>${row.label}</option>`)}
        </select>
        <input type="search" data-filter placeholder="Filter  ( / )" aria-label="Filter the log" .value=${this._filter}
          @input=${(event) => { this._filter = event.target.value; }}>
        <label><input type="checkbox" .checked=${this._level === 'trouble'} @change=${(event) => { this._level = event.target.checked ? 'trouble' : ''; }}> troubles only</label>
        <label><input type="checkbox" .checked=${this._ended} @change=${(event) => { this._ended = event.target.checked; }}> ends of calls</label>
        <button class="quiet" aria-pressed=${this._follows} @click=${() => { this._follows = !this._follows; }}>${this._follows ? 'following' : 'follow'}</button>
      </div>
      <div class="log" role="log" aria-label="log" tabindex="0" @scroll=${this.#scrolled}>
        ${lines.length ? repeat(lines, (line) => line.number, (line) => this.#line(line))
          : html`<p class="nothing">Nothing was said yet. Call a function, and it is here.</p>`}
      </div>`;
  }

  /** @param {any} line */
  #line(line) {
    const members = Object.entries(line.members ?? {});
    return html`<div class="line ${line.kind} ${line.level.toLowerCase()}">
      <time>${clock(line.time)}</time>
      ${line.function ? html`<a class="who color-${this.#color(line.function)}" href="#/logs/${encodeURIComponent(line.function)}">${line.function}</a>`
        : html`<span class="who faint">cdk-streamer</span>`}
      <span class="words">${line.level && line.level !== 'INFO' ? html`<b class="level">${line.level}</b> ` : nothing}${line.kind === 'ended' ? html`<span class="faint">done in ${took(line.seconds)}</span>` : html`<span class="said">${line.text}</span>`}
        ${members.map(([name, value]) => html` <span class="member"><span class="faint">${name}=</span>${typeof value === 'string' ? value : JSON.stringify(value)}</span>`)}
        ${line.traceback ? html`<details><summary>traceback</summary><pre>${line.traceback}</pre></details>` : nothing}</span>
    </div>`;
  }

  /** One a function, in the order of the app, so that neighbours differ. @param {string} name */
  #color(name) {
    const rows = this.data ?? [];
    return (rows.findIndex((/** @type {any} */ row) => row.label === name) + COLORS) % COLORS;
  }

  updated() {
    const log = this.querySelector('.log');
    if (log && this._follows) log.scrollTop = log.scrollHeight;
  }

  /** @param {Event} event */
  #scrolled(event) {
    const log = /** @type {HTMLElement} */ (event.target);
    this._follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PIXELS;
  }
}

/** @param {any} line */
function isTrouble(line) {
  return ['failed', 'explained', 'chaos'].includes(line.kind) || ['WARNING', 'ERROR', 'CRITICAL'].includes(line.level);
}

/** @param {any} line */
function text(line) {
  return `${line.function} ${line.level} ${line.text} ${JSON.stringify(line.members)} ${line.request}`.toLowerCase();
}

customElements.define('view-logs', Logs);
