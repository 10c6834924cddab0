/** Batches and all other durable executions: how far they are, and what each of them did. */

import { html, nothing } from 'lit';
import { act } from '../api.js';
import { sure } from '../parts/ask.js';
import { badge } from '../parts/badge.js';
import { Detail } from '../parts/detail.js';
import { drawer, facts } from '../parts/drawer.js';
import { json } from '../parts/json.js';
import { copy } from '../parts/palette.js';
import '../parts/table.js';
import { toast } from '../parts/toast.js';
import { View } from '../view.js';
import { ago, count, took, whole } from '../words.js';
import { cells, list, operation } from './batches/chunks.js';

const KINDS = [['batch', 'batches'], ['request', 'requests'], ['function', 'other functions']];

/** @typedef {any} Run */

/** @param {string} name */
const short = (name) => name.split('/').slice(1).join('/') || name;
/** @param {Run} run */
const seconds = (run) => (run.ended ?? Date.now() / 1000) - run.started;

class Batches extends View {
  static panel = 'batches';
  static properties = { _kind: { state: true }, _batch: { state: true }, _starts: { state: true } };

  constructor() {
    super();
    this.detail = new Detail(this, 'batches');
    this._kind = '';
    this._batch = '';
    this._starts = '';
  }

  /** @param {any} glance */
  shown({ batches, runs, functions }) {
    const kinds = KINDS.filter(([kind]) => runs.some((run) => run.kind === kind));
    const shown = runs.filter((run) => (!this._kind || run.kind === this._kind) && (!this._batch || run.owner === this._batch));
    return html`<h1>Batches</h1>
      ${functions || batches.length ? nothing : html`<p class="nothing">The app has neither a DurableBatch nor a function with a durable configuration.</p>`}
      ${batches.length ? html`<div class="tiles">${batches.map((batch) => this.#tile(batch, runs))}</div>` : nothing}
      ${kinds.length > 1 ? html`<div class="chips">${kinds.map(([kind, title]) => html`<button class="chip" aria-pressed=${this._kind === kind}
        @click=${() => { this._kind = this._kind === kind ? '' : kind; }}>${title} <b>${runs.filter((run) => run.kind === kind).length}</b></button>`)}</div>` : nothing}
      ${functions ? html`<div class="split"><div>
        <data-table label="executions" .rows=${shown} .columns=${columns(new Set(runs.map((run) => run.owner)).size > 1, Boolean(this.item || this._starts))} .key=${(run) => run.arn} .chosen=${this.item}
          .text=${(run) => `${run.name} ${run.owner} ${run.state} ${run.kind} ${run.error}`}
          nothing=${batches.some((batch) => batch.function) ? 'Nothing ran yet. “Start…” starts a batch, as does start_batch() or its schedule.' : 'Nothing ran yet. A request of a durable action is an execution.'}
          @open=${(event) => { this._starts = ''; this.open(event.detail); }}></data-table>
      </div>${this._starts ? this.#starter() : this.item ? this.#drawer() : nothing}</div>` : nothing}`;
  }

  /** @param {any} batch @param {Run[]} runs */
  #tile(batch, runs) {
    const own = runs.filter((run) => run.owner === batch.name);
    const number = (state) => own.filter((run) => run.state === state).length;
    return html`<section class="card batch" aria-label=${batch.name}>
      <header><h2>${short(batch.name)}</h2>
        ${number('running') ? badge(`${number('running')} running`, 'busy') : nothing}
        ${number('failed') ? badge(`${number('failed')} failed`, 'bad') : nothing}
        <div class="buttons">
          ${own.length ? html`<button class="small quiet" aria-pressed=${this._batch === batch.name} @click=${() => { this._batch = this._batch === batch.name ? '' : batch.name; }}>${this._batch === batch.name ? 'all' : 'only these'}</button>` : nothing}
          ${batch.function ? html`<button class="small" @click=${() => { this.open(''); this._starts = batch.name; }}>Start…</button>` : nothing}</div></header>
      <p class="faint">${batch.chunk_size} a chunk, ${batch.max_concurrency} at once${batch.rate ? `, ${batch.rate} a second` : ''}, to ${batch.target}.
        ${batch.function ? html`<a href="#/logs/${encodeURIComponent(batch.function)}">Log</a>` : html`Runs within requests of ${batch.within.map((each, at) => html`${at ? ', ' : ''}<a href="#/logs/${encodeURIComponent(each)}">${each}</a>`)}.`}
        ${batch.dead_letters ? html`<a class="bad-text" href="#/queues/${encodeURIComponent(batch.dead_letter_queue)}">${count(batch.dead_letters, 'dead letter')}</a>` : nothing}</p>
    </section>`;
  }

  #starter() {
    const name = this._starts;
    const close = () => { this._starts = ''; };
    return drawer({ title: `Start ${short(name)}`, close, body: html`
      <form class="timer-form" @submit=${(event) => { event.preventDefault(); this.#start(name, new FormData(event.target)); }}
          @keydown=${(event) => { if (event.key === 'Escape') { event.stopPropagation(); close(); } }}>
        <label>Batch id <input type="text" name="id" placeholder="by-hand-and-the-time" autocomplete="off" spellcheck="false"></label>
        <label>Payload <textarea name="payload" spellcheck="false">{}</textarea></label>
        <p class="faint">An id is that of one run: the same once more, with the same payload, starts nothing.</p>
        <div class="buttons"><button class="primary">Start</button><button type="button" class="quiet" @click=${close}>Cancel</button></div></form>` });
  }

  #drawer() {
    const { value, fault } = this.detail;
    const close = () => this.open('');
    if (!value) return drawer({ title: 'Execution', close, body: fault ? html`<p class="notice bad">${fault}</p>` : html`<p class="loading">Looking…</p>` });
    return drawer({
      title: html`${value.name} ${badge(value.state)}`,
      tools: value.state === 'running' ? html`<button class="small danger" @click=${() => this.#stop(value)}>Stop…</button>` : nothing,
      close,
      body: html`
        ${fault ? html`<p class="notice bad">${fault}</p>` : nothing}
        ${value.error ? html`<p class="notice bad">${value.error}</p>` : nothing}
        ${value.progress ? howFar(value) : nothing}
        ${facts(
          ['Of', short(value.owner)],
          ['Runs', html`<a href="#/logs/${encodeURIComponent(value.function)}">${value.function}</a>`],
          value.request && ['Request', html`<a href="#/requests/${encodeURIComponent(value.request)}">${value.name.replace(/-\d+$/, '')}</a> <span class="faint">attempt ${value.name.split('-').at(-1)}</span>`],
          ['Began', html`${ago(value.started)} <span class="faint">${whole(Math.round(value.started))}</span>`],
          ['Took', html`${took(seconds(value))} <span class="faint">in ${count(value.invocations, 'invocation')} that ended</span>`],
          ['ARN', html`<button class="copy" title="Copy" @click=${() => copy(value.arn)}>${value.arn}</button>`],
        )}
        ${value.letters.length ? part(`Given up: ${count(value.letters.length, 'item')}`, value.letters.map(letter)) : nothing}
        ${value.chunks.length ? part(`Chunks${value.more_chunks ? `, the last ${value.chunks.length}` : ''}`, list(value)) : nothing}
        ${part('Got', json(value.input))}
        ${value.ended ? part('Gave', value.trace.length ? html`<pre>${value.trace.join('\n')}</pre>` : json(value.result)) : nothing}
        ${value.operations.length ? part(`Operations${value.more_operations ? `, the last ${value.operations.length}` : ''}`, html`<ol class="steps">${value.operations.map(operation)}</ol>`) : nothing}`,
    });
  }

  /** @param {string} batch @param {FormData} data */
  async #start(batch, data) {
    /** @type {any} */
    const result = await this.try(() => act('batches', 'start', { batch, id: String(data.get('id')).trim(), payload: JSON.parse(String(data.get('payload')) || 'null') }));
    if (!result) return;
    this._starts = '';
    toast(`${result.id} is started`);
  }

  /** @param {any} value */
  async #stop(value) {
    if (!(await sure(`Stop ${value.name}?`, { detail: 'What it published stays so. It cannot go on later.', yes: 'Stop' }))) return;
    await this.try(() => act('batches', 'stop', { arn: value.arn }), `${value.name} is stopped`);
    this.detail.refresh();
  }
}

/** @param {any} value */
function howFar(value) {
  const { discovered, published, failed, chunks, chunks_done: done, retried } = value.progress;
  const settled = published + failed;
  const share = discovered ? (100 * settled) / discovered : 0;
  const kind = failed ? 'warn' : value.state === 'running' ? '' : value.state === 'succeeded' ? 'good' : 'bad';
  return html`<div class="how-far">
    <div class="bar ${kind}" role="progressbar" aria-valuenow=${Math.round(share)} aria-valuemin="0" aria-valuemax="100"><span style="width: ${share}%"></span></div>
    <p>${discovered === null ? 'discovering' : html`<b>${published.toLocaleString('en-US')}</b> of ${count(discovered, 'item')} published`}${failed ? html`, <span class="bad-text">${failed} failed</span>` : nothing}
      <span class="faint">· ${done} of ${count(chunks, 'chunk')} done${retried ? `, ${retried} tried again` : ''}</span></p>
    ${value.chunks.length ? cells(value) : nothing}</div>`;
}

/** @param {any} each */
function letter(each) {
  return html`<details class="entry"><summary><span class="bad-text">${each.id}</span> <span class="brief">${each.reason}</span></summary>
    <div class="inside">${json(each.data)}${facts(['Key', html`<code>${each.key}</code>`])}</div></details>`;
}

/** @param {unknown} title @param {unknown} inner */
function part(title, inner) {
  return html`<section class="part"><h3>${title}</h3>${inner}</section>`;
}

/** @param {boolean} several whether they are of several constructs @param {boolean} narrow */
function columns(several, narrow) {
  return [
    { title: 'Execution', by: (run) => run.name, cell: (run) => html`<span title=${run.name}>${run.kind === 'request' ? html`<span class="faint">request</span> ${run.name.slice(0, 28)}…` : run.name}</span>` },
    ...(narrow || !several ? [] : [{ title: 'Of', by: (run) => run.owner, cell: (run) => short(run.owner) }]),
    { title: 'State', by: (run) => run.state, cell: (run) => badge(run.state, run.state === 'stopped' ? 'warn' : undefined) },
    { title: 'Items', kind: 'items', by: (run) => run.progress?.published, cell: items },
    { title: 'Took', align: /** @type {const} */ ('end'), by: seconds, cell: (run) => took(seconds(run)) },
    ...(narrow ? [] : [{ title: 'Began', align: /** @type {const} */ ('end'), by: (run) => -run.started, cell: (run) => html`<span title=${whole(Math.round(run.started))}>${ago(run.started)}</span>` }]),
    ...(narrow ? [] : [{ title: 'Came to', cell: cameTo }]),
  ];
}

/** @param {Run} run */
function items(run) {
  if (!run.progress) return html`<span class="faint">–</span>`;
  const { discovered, published, failed } = run.progress;
  if (discovered === null) return html`<span class="faint">discovering</span>`;
  const share = discovered ? (100 * (published + failed)) / discovered : 100;
  return html`<div class="bar ${failed ? 'warn' : run.state === 'running' ? '' : run.state === 'succeeded' ? 'good' : 'bad'}"><span style="width: ${share}%"></span></div>
    <span class="words">${published.toLocaleString('en-US')} / ${discovered.toLocaleString('en-US')}${failed ? html` <span class="bad-text">${failed} failed</span>` : nothing}</span>`;
}

/** @param {Run} run */
function cameTo(run) {
  if (run.error) return html`<span class="bad-text" title=${run.error}>${run.error}</span>`;
  const told = run.kind === 'batch' ? run.result?.summary : run.result;
  return told === null || told === undefined ? html`<span class="faint">–</span>` : html`<code>${typeof told === 'string' ? told : JSON.stringify(told)}</code>`;
}

customElements.define('view-batches', Batches);
