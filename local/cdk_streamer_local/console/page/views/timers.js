/** Timers: every PeriodicTimer in figures, its timers page by page, one in full. */

import { html, nothing } from 'lit';
import { act, item } from '../api.js';
import { sure } from '../parts/ask.js';
import { badge } from '../parts/badge.js';
import { Detail } from '../parts/detail.js';
import { drawer } from '../parts/drawer.js';
import '../parts/table.js';
import { View } from '../view.js';
import { ago, whole } from '../words.js';
import { body } from './timers/detail.js';
import './timers/form.js';
import { card, short } from './timers/service.js';

const LIST = '*';
const STATES = ['ACTIVE', 'PAUSED', 'ENDED'];
const ORDERS = [['next', 'next first'], ['id', 'by id'], ['owner', 'by owner'], ['created', 'newest first']];
const LOOK_MILLISECONDS = 2000;
const PAGE = 50;

/** @typedef {any} Row */

/** The next firing: a period tells what follows the one that the row was read with. @param {Row} row */
function next(row) {
  const late = Date.now() / 1000 - row.next;
  return row.next === null || !row.period || late <= 0 ? row.next : row.next + Math.ceil(late / row.period) * row.period;
}

class Timers extends View {
  static panel = 'timers';
  static properties = { _query: { state: true }, _page: { state: true }, _form: { state: true } };

  constructor() {
    super();
    this.detail = new Detail(this, 'timers');
    /** @type {{ words: string, state: string, owner: string, service: string, order: string, page: number }} */
    this._query = { words: '', state: '', owner: '', service: '', order: 'next', page: 0 };
    /** @type {any} */
    this._page = undefined;
    /** What is open of the form: 'new', 'edit' or nothing. */
    this._form = '';
    this._due = 0;
    this._turn = 0;
    this._revision = -1;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('item')) this._form = '';
    const revision = this.data?.revision;
    if (changed.has('_query') || revision !== this._revision || performance.now() > this._due) {
      this._revision = revision;
      this.#look();
    }
  }

  async #look() {
    const turn = (this._turn += 1);
    this._due = performance.now() + LOOK_MILLISECONDS;
    const { page, ...words } = this._query;
    try {
      const found = await item('timers', LIST, { ...words, page: String(page) });
      if (turn === this._turn) this._page = found;
    } catch {
      // The panel itself says why nothing can be read.
    }
  }

  /** @param {any} glance */
  shown(glance) {
    const { services } = glance;
    if (!services.length) return html`<h1>Timers</h1><p class="nothing">The app has no PeriodicTimer. <code>PeriodicTimer(stack, "Timer", handlers="handlers")</code> makes one, and its timers are here then.</p>`;
    return html`<h1>Timers <button class="primary small" @click=${() => { this.open(''); this._form = 'new'; }}>New timer…</button></h1>
      <div class="stack timers-services">${services.map(card)}</div>
      <div class="split"><div>${this.#tools(services)}${this.#table(services)}</div>
        ${this._form === 'new' ? this.#maker(services) : this.item ? this.#drawer(services) : nothing}</div>`;
  }

  /** @param {any[]} services */
  #tools(services) {
    const { owner, order, state, service } = this._query;
    const total = (name) => services.reduce((sum, each) => sum + each.states[name], 0);
    const owners = [...new Set(services.flatMap((each) => Object.keys(each.owners)))];
    return html`<div class="table-tools">
      <input type="search" data-filter placeholder="Id, owner or schedule  ( / )" aria-label="Filter the timers" .value=${this._query.words}
        @input=${(event) => this.#seek({ words: event.target.value })} @keydown=${this.#leave}>
      ${STATES.map((name) => html`<button class="chip ${name.toLowerCase()}" aria-pressed=${state === name} @click=${() => this.#seek({ state: state === name ? '' : name })}>${name.toLowerCase()} <b>${total(name).toLocaleString('en-US')}</b></button>`)}
      ${services.length > 1 ? select('Service', service, [['', 'all services'], ...services.map((each) => [each.name, short(each.name)])], (value) => this.#seek({ service: value })) : nothing}
      ${owners.length ? select('Owner', owner, [['', 'all owners'], ...owners.map((each) => [each, each])], (value) => this.#seek({ owner: value })) : nothing}
      ${select('Order', order, ORDERS, (value) => this.#seek({ order: value }))}
    </div>`;
  }

  /** @param {any[]} services */
  #table(services) {
    if (!this._page) return html`<p class="loading">Looking…</p>`;
    const { rows, found, page, pages } = this._page;
    const sought = this._query.words || this._query.state || this._query.owner || this._query.service;
    return html`<data-table bare label="timers" .rows=${rows} .columns=${columns(services.length > 1, Boolean(this.item || this._form))} .chosen=${this.item}
        .key=${(row) => `${row.service}/${row.id}`} @open=${(event) => this.open(event.detail)}
        nothing=${sought ? 'No timer is so.' : 'There is no timer yet. “New timer…” makes one, as does a TimerClient or cdk-streamer timers put.'}></data-table>
      ${pages > 1 ? html`<nav class="pager" aria-label="Pages">
        <button class="small" ?disabled=${page === 0} @click=${() => this.#turn(page - 1)}>‹ Previous</button>
        <span class="faint">${(page * PAGE + 1).toLocaleString('en-US')}–${(page * PAGE + rows.length).toLocaleString('en-US')} of ${found.toLocaleString('en-US')}</span>
        <button class="small" ?disabled=${page >= pages - 1} @click=${() => this.#turn(page + 1)}>Next ›</button></nav>`
        : sought ? html`<p class="pager faint">${found.toLocaleString('en-US')} found</p>` : nothing}`;
  }

  /** @param {any[]} services */
  #maker(services) {
    const close = () => { this._form = ''; };
    return drawer({ title: 'New timer', close, body: html`<timer-form .services=${services.map((each) => each.name)} .service=${this._query.service || services[0].name}
      @left=${close} @saved=${(event) => { close(); this.open(event.detail); }}></timer-form>` });
  }

  /** @param {any[]} services */
  #drawer(services) {
    const { value, fault } = this.detail;
    const close = () => this.open('');
    const id = this.item.split('/').at(-1) ?? '';
    if (!value) return drawer({ title: id, close, body: fault ? html`<p class="notice bad">${fault}</p>` : html`<p class="loading">Looking…</p>` });
    const { document } = value;
    const paused = document.state === 'PAUSED';
    const editing = this._form === 'edit';
    return drawer({
      title: html`${id} ${badge(document.state)}`,
      tools: editing ? nothing : html`
        <button class="small primary" title="Send one firing to the callback now, beside the schedule" @click=${() => this.#fire(id)}>Fire now</button>
        ${document.state === 'ENDED' ? nothing : html`<button class="small" @click=${() => this.#do(paused ? 'resume' : 'pause', `${id} is ${paused ? 'resumed' : 'paused'}`)}>${paused ? 'Resume' : 'Pause'}</button>`}
        <button class="small" @click=${() => { this._form = 'edit'; }}>Edit</button>
        <button class="small danger" @click=${() => this.#delete(id)}>Delete…</button>`,
      close,
      body: html`${fault ? html`<p class="notice bad">${fault}</p>` : nothing}
        ${editing ? html`<timer-form .service=${value.service} .timer=${id} .document=${document} .rev=${value.rev}
            @left=${() => { this._form = ''; }} @saved=${() => { this._form = ''; this.detail.refresh(); }}></timer-form>`
          : body(value, services.find((each) => each.name === value.service))}`,
    });
  }

  /** @param {Partial<Timers['_query']>} change */
  #seek(change) {
    this._query = { ...this._query, page: 0, ...change };
  }

  /** @param {number} page */
  #turn(page) {
    this._query = { ...this._query, page };
  }

  /** @param {KeyboardEvent} event */
  #leave(event) {
    if (event.key === 'Escape' && this._query.words) {
      this.#seek({ words: '' });
      event.stopPropagation();
    } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
      /** @type {HTMLElement | null} */ (this.querySelector('tbody tr'))?.focus();
      event.preventDefault();
    }
  }

  /** @param {string} verb @param {string} done */
  async #do(verb, done) {
    const result = await this.try(() => act('timers', verb, { id: this.item }), done);
    this.detail.refresh();
    return result;
  }

  /** @param {string} id */
  async #fire(id) {
    const result = await this.try(() => act('timers', 'fire', { id: this.item }), `${id} fires now; its callback's log tells how it goes`);
    if (result) this.detail.refresh();
  }

  /** @param {string} id */
  async #delete(id) {
    if (!(await sure(`Delete the timer ${id}?`, { detail: 'What is in the queue already may still arrive.', yes: 'Delete' }))) return;
    const id_ = this.item;
    this.open('');
    await this.try(() => act('timers', 'delete', { id: id_ }), `${id} is deleted`);
  }
}

/** @param {boolean} several whether there are several services @param {boolean} narrow */
function columns(several, narrow) {
  return [
    { title: 'Timer', cell: (row) => html`<b>${row.id}</b>` },
    ...(several && !narrow ? [{ title: 'Service', cell: (row) => short(row.service) }] : []),
    ...(narrow ? [] : [{ title: 'Owner', cell: (row) => row.owner || html`<span class="faint">–</span>` }]),
    { title: 'Fires', cell: (row) => row.schedule },
    { title: 'State', cell: (row) => badge(row.state) },
    { title: 'Next', align: /** @type {const} */ ('end'), cell: (row) => moment(next(row)) },
    ...(narrow ? [] : [{ title: 'Last due', align: /** @type {const} */ ('end'), cell: (row) => moment(row.last) }]),
  ];
}

/** @param {number | null} time */
function moment(time) {
  return time === null ? html`<span class="faint">–</span>` : html`<span title=${whole(time)}>${ago(time)}</span>`;
}

/**
 * @param {string} label
 * @param {string} chosen
 * @param {string[][]} options value and title of each
 * @param {(value: string) => void} change
 */
function select(label, chosen, options, change) {
  return html`<select aria-label=${label} @change=${(event) => change(event.target.value)}>
    ${options.map(([value, title]) => html`<option value=${value} ?selected=${value === chosen}>${title}</option>`)}</select>`;
}

customElements.define('view-timers', Timers);
