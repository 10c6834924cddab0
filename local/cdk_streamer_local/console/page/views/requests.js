/** Requests of all APIs: how far they are, what became of them, and new ones. */

import { html, nothing } from 'lit';
import { item } from '../api.js';
import { live } from '../live.js';
import { sure } from '../parts/ask.js';
import { badge } from '../parts/badge.js';
import { drawer } from '../parts/drawer.js';
import { spark } from '../parts/spark.js';
import '../parts/table.js';
import { toast } from '../parts/toast.js';
import { View } from '../view.js';
import { ago, count, took, whole } from '../words.js';
import { as, obstacle } from './requests/callers.js';
import { body } from './requests/detail.js';
import { Follower } from './requests/follower.js';
import { first, redraft } from './requests/form.js';
import { bar, isOpen } from './requests/progress.js';

const NEW = 'new';
const SECONDS = 60;
const FILTERS = [
  { name: 'all', states: /** @type {string[]} */ ([]) },
  { name: 'open', states: ['QUEUED', 'RUNNING', 'RETRY_WAIT', 'INPUT_REQUIRED', 'CANCELLING'] },
  { name: 'asks', states: ['INPUT_REQUIRED'] },
  { name: 'succeeded', states: ['SUCCEEDED'] },
  { name: 'failed', states: ['FAILED', 'EXPIRED'] },
  { name: 'cancelled', states: ['CANCELLED'] },
];

/** @type {Array<import('../parts/table.js').Column>} */
const COLUMNS = [
  { title: 'Request', kind: 'mono', cell: (row) => html`<span title=${row.request}>${short(row.request)}</span>`, by: (row) => row.request },
  { title: 'Action', cell: (row) => html`<b>${row.action}</b>`, by: (row) => row.action },
  { title: 'State', cell: (row) => html`${badge(row.state)}${row.attempt > 1 ? html` <span class="faint" title="attempt ${row.attempt} of ${row.max_attempts}">×${row.attempt}</span>` : nothing}`, by: (row) => row.state },
  { title: 'Progress', kind: 'progress', cell: (row) => html`${bar(row.state, row.progress)}<span class="faint words">${row.code ?? (isOpen(row.state) ? row.progress?.message ?? '' : '')}</span>` },
  { title: 'Owner', cell: (row) => html`${row.owner} <span class="faint">${row.tenant}</span>`, by: (row) => `${row.tenant} ${row.owner}` },
  { title: 'Accepted', align: 'end', cell: (row) => html`<time title=${whole(row.created_at)}>${ago(row.created_at)}</time>`, by: (row) => row.created_at },
  { title: 'Took', align: 'end', cell: (row) => took((row.ended_at ?? Date.now() / 1000) - row.created_at), by: (row) => (row.ended_at ?? Date.now() / 1000) - row.created_at },
];
const BESIDE = COLUMNS.filter((column) => ['Action', 'State', 'Progress', 'Accepted'].includes(column.title));

class Requests extends View {
  static panel = 'requests';
  static also = ['lines'];
  static properties = { _state: { state: true }, _action: { state: true }, _detail: { state: true }, _fault: { state: true } };

  #follower = new Follower(this);
  #seen = '';
  #awaited = '';

  constructor() {
    super();
    this._state = 'all';
    this._action = '';
    /** @type {any} */
    this._detail = undefined;
    this._fault = '';
  }

  /** @param {any} data */
  shown({ apis, actions, rows }) {
    if (!apis.some((/** @type {any} */ api) => api.has_requests || api.runners.length)) {
      return html`<h1>Requests</h1><p class="nothing">The app has no AsyncRequestApi.</p>`;
    }
    const isAside = Boolean(this.item);
    return html`<header class="title"><h1>Requests</h1>
        <div class="buttons"><button class="primary" @click=${() => this.open(NEW)}>New request</button></div></header>
      <div class="split"><div>
        ${isAside ? nothing : this.#figures(apis, actions)}
        ${this.#filters(apis)}
        <data-table label="requests" .rows=${this.#kept(rows)} .columns=${isAside ? BESIDE : COLUMNS} .chosen=${this.item}
          .text=${(/** @type {any} */ row) => `${row.request} ${row.action} ${row.state} ${row.owner} ${row.tenant} ${row.api} ${row.code ?? ''}`}
          .nothing=${rows.length ? 'None is like that.' : 'Nobody has asked for anything yet. Send one by “New request”, or `cdk-streamer call <action> \'{}\'`.'}
          @open=${(/** @type {any} */ event) => this.open(event.detail)}></data-table>
        ${this.#more(apis, rows)}
      </div>${this.#aside(apis)}</div>`;
  }

  willUpdate() {
    const data = this.data;
    if (!data) return;
    const row = data.rows.find((/** @type {any} */ each) => each.id === this.item);
    const version = this.item && this.item !== NEW ? JSON.stringify([this.item, row?.state, row?.attempt, row?.seq]) : '';
    if (version !== this.#seen) {
      if (this._detail?.id !== this.item) this._detail = undefined;
      this.#seen = version;
      if (version) this.#look(this.item);
      else this.#follower.follow('', undefined, undefined);
    }
    const awaited = this.#awaited && data.rows.find((/** @type {any} */ each) => each.request === this.#awaited);
    if (awaited) {
      this.#awaited = '';
      this.open(awaited.id);
    }
  }

  /** @param {string} id */
  async #look(id) {
    try {
      const found = await item('requests', id);
      if (id !== this.item) return;
      this._detail = { id, ...found };
      this._fault = '';
      const { request } = found;
      if (isOpen(request.state)) this.#follower.follow(id, this.#apiOf(id), request);
    } catch (fault) {
      if (id === this.item) this._fault = fault instanceof Error ? fault.message : String(fault);
    }
  }

  /** @param {string} id */
  #apiOf(id) {
    return this.data?.apis.find((/** @type {any} */ api) => api.id === id.split('@')[1]);
  }

  /** @param {any[]} rows */
  #kept(rows) {
    const states = FILTERS.find((each) => each.name === this._state)?.states ?? [];
    return rows.filter((row) => (!states.length || states.includes(row.state)) && (!this._action || `${row.api} ${row.action}` === this._action));
  }

  /** @param {any[]} apis */
  #filters(apis) {
    const number = (/** @type {string[]} */ states) => apis.reduce((sum, api) => sum + (states.length ? states.reduce((inner, state) => inner + (api.states[state] ?? 0), 0) : api.total), 0);
    return html`<div class="chips" role="group" aria-label="States">${FILTERS.map(({ name, states }) => {
      const many = number(states);
      return many || ['all', 'open', 'failed'].includes(name) ? html`<button class="chip ${many ? name : ''}" aria-pressed=${this._state === name}
        @click=${() => { this._state = this._state === name ? 'all' : name; }}>${name} <b>${many.toLocaleString('en-US')}</b></button>` : nothing;
    })}
      ${this._action ? html`<button class="chip" aria-pressed="true" @click=${() => { this._action = ''; }}>${this._action.split(' ')[1]} ✕</button>` : nothing}</div>`;
  }

  /** @param {any[]} apis @param {any[]} actions */
  #figures(apis, actions) {
    if (!actions.length) return nothing;
    const many = new Set(actions.map((each) => each.api)).size > 1;
    return html`<div class="tiles" role="group" aria-label="Actions">${actions.map((figures) => {
      const key = `${figures.api} ${figures.action}`;
      return html`<button class="tile" aria-pressed=${this._action === key} title="show only ${figures.action}" @click=${() => { this._action = this._action === key ? '' : key; }}>
        <span class="name">${figures.action}${many ? html` <span class="faint">${figures.api}</span>` : nothing}</span>
        ${spark(lately(figures.recent), { title: `${figures.action}: accepted by second, the last minute`, width: 130, height: 22 })}
        <span class="faint">${figures.requests.toLocaleString('en-US')}${figures.open ? html` · <span class="busy-text">${figures.open} open</span>` : nothing}${figures.failures ? html` · <span class="bad-text">${figures.failures} failed</span>` : nothing}
          ${figures.median === null ? nothing : html` · <span title="half of them, and the slowest, from acceptance to end">${took(figures.median)}, ${took(figures.slowest)}</span>`}</span>
      </button>`;
    })}${apis.filter((api) => api.has_requests).map((api) => this.#measured(api, many))}</div>`;
  }

  /** What the functions of an API count. @param {any} api @param {boolean} many */
  #measured(api, many) {
    const { ProgressPosts: posts, PostFailures: failures, RequestsLimited: limited, QueueAge: ages } = api.measured;
    const sum = (/** @type {Array<[number, number]>} */ recent) => lately(recent).reduce((all, each) => all + each, 0);
    const longest = Math.max(0, ...lately(ages));
    return html`<div class="tile still" title="pushed to subscribers by second, the last minute">
        <span class="name">pushed${many ? html` <span class="faint">${api.name}</span>` : nothing}</span>
        ${spark(lately(posts), { title: 'messages pushed by second, the last minute', width: 130, height: 22, kind: 'good' })}
        <span class="faint">${count(sum(posts), 'message')}${sum(failures) ? html` · <span class="bad-text">${sum(failures)} not sent</span>` : nothing}${sum(limited) ? html` · <span class="warn-text">${sum(limited)} over a limit</span>` : nothing}</span></div>
      <div class="tile still" title="how long requests waited for their first attempt, the last minute">
        <span class="name">waited${many ? html` <span class="faint">${api.name}</span>` : nothing}</span>
        ${spark(lately(ages), { title: 'longest wait of each second, the last minute', width: 130, height: 22, kind: 'warn' })}
        <span class="faint">${longest ? `${took(longest / 1000)} at most` : 'nobody'}</span></div>`;
  }

  /** @param {any[]} apis @param {any[]} rows */
  #more(apis, rows) {
    const total = apis.reduce((sum, api) => sum + api.total, 0);
    if (total <= rows.length) return nothing;
    return html`<p class="faint">The newest ${rows.length} of ${apis.some((api) => api.is_cut) ? 'more than ' : ''}${total.toLocaleString('en-US')}, and all that are open.</p>`;
  }

  /** @param {any[]} apis */
  #aside(apis) {
    if (!this.item) return nothing;
    if (this.item === NEW) {
      return html`<new-request .apis=${apis} @closed=${() => this.open('')}
        @accepted=${(/** @type {any} */ event) => { this.#awaited = event.detail; this.requestUpdate(); }}></new-request>`;
    }
    const detail = this._detail?.id === this.item ? this._detail : undefined;
    const api = this.#apiOf(this.item);
    return drawer({
      title: detail ? html`${detail.request.action} <span class="faint mono">${short(detail.request.request_id)}</span>` : 'Request',
      tools: detail ? this.#tools(detail, api) : nothing,
      body: detail ? body(detail, api, this.#follower, { answer: (value) => this.#answer(value, api, detail.request) })
        : this._fault ? html`<p class="bad-text">${this._fault}</p>` : html`<p class="loading">Looking…</p>`,
      close: () => this.open(''),
    });
  }

  /** @param {any} detail @param {any} api */
  #tools(detail, api) {
    const why = obstacle(api);
    const { request } = detail;
    if (isOpen(request.state)) {
      return html`<button class="danger small" ?disabled=${Boolean(why)} title=${why || `as ${request.owner} of ${request.tenant}`} @click=${() => this.#cancel(api, request)}>Cancel</button>`;
    }
    const gone = !detail.body;
    const words = gone ? 'its payload is gone' : why || 'A request that has ended stays as it is: this sends a new one with the same action and payload, as the same owner';
    return html`<button class="small" ?disabled=${Boolean(why) || gone} title=${words} @click=${() => this.#again(api, detail)}>Run again</button>
      <button class="small quiet" ?disabled=${gone} title="the same, to be changed first" @click=${() => this.#edit(api, detail)}>Edit…</button>`;
  }

  /** @param {any} api @param {any} request */
  async #cancel(api, request) {
    const detail = `As ${request.owner} of ${request.tenant}. What runs is asked to stop; what it has done stays done.`;
    if (!(await sure(`Cancel ${request.action}?`, { detail, yes: 'Cancel it' }))) return;
    const state = await this.try(() => as(api, ownerOf(request), (client) => client.cancel(request.request_id, 'from the console')));
    if (state) toast(`it is ${String(state).toLowerCase()} now`);
  }

  /** @param {any} api @param {any} detail */
  async #again(api, { request, body: sent }) {
    /** @type {any} */
    const end = await this.try(() => as(api, ownerOf(request), (client) => first(client, request.action, sent.payload, { metadata: sent.metadata })));
    if (end?.accepted) {
      this.#awaited = end.accepted;
      toast(`sent anew as ${request.owner}`);
    } else if (end?.error) {
      toast(`${end.error.code}: ${end.error.message}`, 'bad');
      // Whoever asked may have had scopes, which are not stored.
      if (end.error.code === 'FORBIDDEN') this.#edit(api, { request, body: sent });
    }
  }

  /** @param {any} api @param {any} detail */
  #edit(api, { request, body: sent }) {
    redraft({ api: api.name, action: request.action, payload: JSON.stringify(sent.payload, null, 2), sub: request.owner, tenant: request.tenant });
    this.open(NEW);
  }

  /** @param {string} text JSON @param {any} api @param {any} request */
  async #answer(text, api, request) {
    const options = { inputId: request.input.input_id };
    await this.try(() => as(api, ownerOf(request), async (client) => client.answer(request.request_id, JSON.parse(text), options)), 'answered');
  }
}

/** @param {any} request */
function ownerOf(request) {
  return { sub: request.owner, tenant: request.tenant };
}

/** The beginning of an id, or all of one that somebody chose. @param {string} id */
function short(id) {
  return id.length > 20 ? `${id.slice(0, 8)}…` : id;
}

/** What was by second as a line of the last minute. @param {Array<[number, number]>} recent */
function lately(recent) {
  const now = Math.floor(Date.now() / 1000);
  const values = new Array(SECONDS).fill(0);
  for (const [second, value] of recent) {
    const at = SECONDS - 1 - (now - second);
    if (at >= 0 && at < SECONDS) values[at] += value;
  }
  return values;
}

customElements.define('view-requests', Requests);
