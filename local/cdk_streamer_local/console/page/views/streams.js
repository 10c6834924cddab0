/** Stream processors: sources, rules with their figures, and faults that wait. */

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { act, item } from '../api.js';
import { sure } from '../parts/ask.js';
import { badge } from '../parts/badge.js';
import { Chosen } from '../parts/chosen.js';
import { Detail } from '../parts/detail.js';
import { drawer, facts } from '../parts/drawer.js';
import { json } from '../parts/json.js';
import { copy } from '../parts/palette.js';
import { brief } from '../parts/payload.js';
import { row as seconds, sum } from '../parts/seconds.js';
import { spark } from '../parts/spark.js';
import { toast } from '../parts/toast.js';
import { chart } from '../parts/traffic.js';
import { View } from '../view.js';
import { ago, count, span, took, whole } from '../words.js';

const SECONDS = 300;
/** What there is no room for beside a drawer. */
const WIDE = new Set(['Flavor', 'Emits', 'Last minute', 'A run']);
const KINDS = { event_bus: 'bus', queue: 'queue', stream: 'stream', table: 'table' };
/** @typedef {any} Stream */

/** @param {number} time */
const past = (time) => Math.max(Date.now() / 1000 - time, 0);
/** @param {string} arn */
const queue = (arn) => `#/queues/${encodeURIComponent(arn)}`;

class Streams extends View {
  static panel = 'streams';
  static properties = { _puts: { state: true }, _looks: { state: true }, _whole: { state: true } };

  constructor() {
    super();
    this.detail = new Detail(this, 'streams');
    this.chosen = new Chosen(this);
    this._puts = '';
    this._sample = '';
    this._looks = false;
    /** @type {Record<string, any>} */
    this._whole = {};
  }

  /** @param {Stream[]} streams */
  shown(streams) {
    return html`<h1>Streams</h1>
      ${streams.length ? nothing : html`<p class="nothing">The app has no stream processor. A <code>StreamProcessor</code> runs rules over a stream, a queue or a bus, and is here then.</p>`}
      <div class="split"><div class="stack">${repeat(streams, (stream) => stream.id, (stream) => this.#card(stream))}</div>
        ${this.item ? this.#drawer() : nothing}</div>`;
  }

  /** @param {Stream} stream */
  #card(stream) {
    return html`<section class="card stream" aria-label=${stream.name}>
      <header><h2><a href="#/streams/${encodeURIComponent(stream.id)}">${stream.name}</a></h2>
        ${stream.parked ? html`<a href="#/streams/${encodeURIComponent(stream.id)}">${badge(`${count(stream.parked, 'fault')}`, 'bad')}</a>` : nothing}
        <span class="why">${sum(stream.records)} records${sum(stream.faults) ? html`, <span class="bad-text">${count(sum(stream.faults), 'fault')}</span>` : nothing} in five minutes${stream.age ? `, ${took(stream.age[0] / 1000)} old when taken` : ''}</span>
        <div class="buttons"><button @click=${() => this.#begin(stream)} aria-expanded=${this._puts === stream.id}>Put an event…</button></div></header>
      ${this._puts === stream.id ? this.#form(stream) : nothing}
      <div class="flow-line">${stream.sources.map((/** @type {any} */ source) => html`<span>${badge(KINDS[/** @type {keyof typeof KINDS} */ (source.kind)] ?? source.kind, 'calm')} ${source.label}</span>`)}
        ${stream.mappings.map((/** @type {any} */ each) => this.#mapping(stream, each))}</div>
      ${chart({ label: `records of ${stream.name} in the last five minutes`, seconds: SECONDS, lines: [
        { values: seconds(stream.records, SECONDS), kind: 'busy', filled: true, title: 'records' },
        { values: seconds(stream.faults, SECONDS), kind: 'bad', bars: true, title: 'faults' },
      ] })}
      ${rules(stream)}
    </section>`;
  }

  /** @param {Stream} stream @param {any} each */
  #mapping(stream, each) {
    const { mapping } = each;
    const paused = mapping.state === 'Disabled';
    return html`<span>${mapping.state === 'Enabled' ? nothing : badge(paused ? 'paused' : mapping.state, 'warn')} ${lag(each)}
      <button class="small quiet" @click=${() => this.#do(stream, 'turn', { mapping: mapping.id, on: paused }, paused ? 'it reads again' : 'it is paused')}>${paused ? 'Resume' : 'Pause'}</button></span>`;
  }

  /** @param {Stream} stream */
  #begin(stream) {
    this._puts = this._puts === stream.id ? '' : stream.id;
    // Made once: what is rendered anew each second must not undo what was written meanwhile.
    this._sample = sample(stream);
  }

  /** @param {Stream} stream */
  #form(stream) {
    return html`<form class="send" @submit=${(/** @type {any} */ event) => { event.preventDefault(); this.#put(stream, new FormData(event.target)); }}>
      <label>Event <textarea name="body" required spellcheck="false" .value=${this._sample}></textarea></label>
      <div class="table-tools">
        <select name="source" aria-label="Source">${stream.sources.map((/** @type {any} */ source, /** @type {number} */ at) => html`<option value=${at}>into the ${KINDS[/** @type {keyof typeof KINDS} */ (source.kind)] ?? source.kind} ${source.label}</option>`)}</select>
        <button class="primary">Put</button></div></form>`;
  }

  #drawer() {
    const { value, fault } = this.detail;
    const close = () => this.open('');
    if (!value) return drawer({ title: this.item, close, body: fault ? html`<p class="notice bad">${fault}</p>` : html`<p class="loading">Looking…</p>` });
    const stream = value.row;
    return drawer({
      title: stream.name,
      close,
      body: html`
        ${fault ? html`<p class="notice bad">${fault}</p>` : nothing}
        ${this.#faults(stream, value.faults)}
        ${this.#latest(stream, value.latest)}
        <h3>How it reads</h3>
        ${facts(
          ['Runs', html`<a href="#/logs/${encodeURIComponent(stream.function)}">${stream.function}</a>`],
          ...stream.mappings.flatMap((/** @type {any} */ { mapping, shards }) => /** @type {Array<[string, unknown] | false>} */ ([
            ['Reads', html`${mapping.source.split(/[:/]/).slice(5).join(' ')} ${badge(mapping.state, mapping.state === 'Enabled' ? 'good' : 'warn')}`],
            ['Batches', `${mapping.batch} records${mapping.window ? ` or ${mapping.window} s` : ''}${mapping.partial ? ', partial answers' : ''}${mapping.filters ? `, ${count(mapping.filters, 'filter')}` : ''}`],
            shards.length > 0 && Boolean(mapping.starting) && ['Begins', mapping.starting.toLowerCase().replaceAll('_', ' ')],
            ...shards.map((/** @type {any} */ shard) => [shard.name.replace(/^shardId-0*/, 'Shard ') || 'Shard', shard.pending ? `${shard.pending}${shard.more ? ' and more' : ''} not done, from ${shard.checkpoint}` : 'all done']),
          ])),
          ...Object.entries(stream.others).map(([name, number]) => /** @type {[string, unknown]} */ ([name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`), `${number} lately`])),
          stream.fault_queue && ['Faults wait in', html`<a href=${queue(stream.fault_queue)}>their queue</a>`],
        )}`,
    });
  }

  /** @param {Stream} stream @param {any[]} faults */
  #faults(stream, faults) {
    const ids = faults.map((each) => each.message);
    const chosen = this.chosen.of(ids);
    return html`<h3>Faults: ${count(stream.parked, 'record')}</h3>
      ${faults.length ? html`<div class="table-tools">${this.chosen.all(ids)}
          <button class="small" ?disabled=${!chosen.length} @click=${() => this.#resubmit(stream, chosen, true)}>Try dry</button>
          <button class="small primary" ?disabled=${!chosen.length} @click=${() => this.#resubmit(stream, chosen, false)}>Resubmit${chosen.length ? ` (${chosen.length})` : ''}</button>
          <button class="small danger" ?disabled=${!chosen.length} @click=${() => this.#discard(stream, chosen)}>Discard…</button></div>
        ${repeat(faults, (each) => each.message, (each) => this.#fault(stream, each))}`
        : html`<p class="faint">None. A record that a rule cannot do comes here, with its error; the others go on.</p>`}`;
  }

  /** @param {Stream} stream @param {any} each */
  #fault(stream, each) {
    const found = this._whole[each.message];
    return html`<details class="entry"><summary>
        ${this.chosen.box(each.message, `choose ${each.id || each.message}`)}
        ${each.pipelines.map((/** @type {string} */ name) => badge(name, 'calm'))}
        <span class="brief"><b>${each.error || 'no fault'}</b> ${each.text || each.problem}</span>
        <span class="faint">${ago(each.time)}</span></summary>
      <div class="inside">
        ${each.obstacle ? html`<p class="notice">Cannot be resubmitted: ${each.obstacle}</p>` : nothing}
        ${facts(
          ['Error', html`<span class="bad-text">${each.error}</span> ${each.text}`],
          ['Rules', each.pipelines.join(', ') || 'all: the record could not be read'],
          each.time && ['When', html`${ago(each.time)} <span class="faint">${whole(each.time)}</span>`],
          ['Read from', html`<span class="faint">${each.source.split(':').at(-1)}</span>`],
          ['Fault', html`<button class="copy" title="Copy" @click=${() => copy(each.id)}>${each.id}</button>`],
        )}
        ${each.traceback.length ? html`<pre class="traceback">${each.traceback.join('\n')}</pre>` : nothing}
        <div><b>Record</b> ${each.elsewhere && !found ? html`<button class="small" @click=${() => this.#look(stream, each)}>Fetch it as it was</button> <span class="faint">it lies in the bucket for claim checks</span>` : nothing}</div>
        ${json(opened(found ?? each.record))}
      </div></details>`;
  }

  /** @param {Stream} stream @param {any[]} records */
  #latest(stream, records) {
    const streams = stream.mappings.some((/** @type {any} */ each) => each.waiting === null);
    if (!streams) return nothing;
    const turn = () => { this._looks = !this._looks; this.detail.query = this._looks ? { latest: '1' } : {}; this.detail.refresh(); };
    return html`<h3>Latest records <button class="small quiet" aria-pressed=${this._looks} @click=${turn}>${this._looks ? 'hide' : 'look'}</button></h3>
      ${this._looks ? records.length ? repeat(records, (each) => each.sequence, (each) => html`<details class="entry"><summary>
          ${badge(each.event, 'calm')} <span class="brief mono">${each.key} <span class="faint">${brief(typeof each.document === 'string' ? each.document : JSON.stringify(each.document.NewImage ?? each.document))}</span></span>
          <span class="faint">${ago(each.time)}</span></summary><div class="inside">${json(opened(each.document))}<span class="faint">${each.sequence}</span></div></details>`)
        : html`<p class="faint">Nothing came lately. “Put an event…” sends one.</p>` : nothing}`;
  }

  /**
   * @param {Stream} stream
   * @param {string} verb
   * @param {Record<string, unknown>} body
   * @param {string} [done]
   */
  async #do(stream, verb, body, done) {
    const result = await this.try(() => act('streams', verb, { stream: stream.id, ...body }), done);
    if (this.item) this.detail.refresh();
    return result;
  }

  /** @param {Stream} stream @param {FormData} data */
  async #put(stream, data) {
    if (await this.#do(stream, 'put', { source: Number(data.get('source')), body: data.get('body') }, 'put')) this._puts = '';
  }

  /** @param {Stream} stream @param {any} fault */
  async #look(stream, fault) {
    const found = /** @type {any} */ (await this.try(() => item('streams', stream.id, { fault: fault.message })));
    if (found) this._whole = { ...this._whole, [fault.message]: found.record };
  }

  /** @param {Stream} stream @param {string[]} messages @param {boolean} dry */
  async #resubmit(stream, messages, dry) {
    const told = /** @type {any} */ (await this.#do(stream, 'resubmit', { messages, dry }));
    if (!told) return;
    const bad = told.results.find((/** @type {any} */ each) => ['failed', 'refused'].includes(each.outcome));
    const counts = Object.entries(told.counts).map(([name, number]) => `${number} ${name}`).join(', ');
    toast(`${counts || 'none was there any more'}${bad ? `: ${bad.reason}` : ''}`, bad ? 'bad' : 'good');
    if (!dry && !bad) this.chosen.clear();
  }

  /** @param {Stream} stream @param {string[]} messages */
  async #discard(stream, messages) {
    if (!(await sure(`Discard ${count(messages.length, 'fault')}?`, { detail: 'Nobody will try these records again.', yes: 'Discard' }))) return;
    await this.#do(stream, 'discard', { messages }, 'discarded');
    this.chosen.clear();
  }
}

/** @param {Stream} stream */
function rules(stream) {
  if (!stream.rules.length) return html`<p class="faint">Its rules are not known: the template has no manifest of them.</p>`;
  return html`<div class="table-frame rules"><table aria-label="rules of ${stream.name}"><thead><tr>
      ${['Rule', 'Flavor', 'Takes', 'Emits'].map((title) => html`<th scope="col" class=${WIDE.has(title) ? 'wide' : ''}>${title}</th>`)}
      ${['Events', 'Last minute', 'A run', 'Faults'].map((title) => html`<th scope="col" class="end ${WIDE.has(title) ? 'wide' : ''}">${title}</th>`)}</tr></thead>
    <tbody>${stream.rules.map((/** @type {any} */ rule) => html`<tr><td><b>${rule.id}</b></td><td class="wide">${rule.flavor}</td>
      <td class="mono">${rule.takes}</td><td class="mono wide">${rule.emits.join(', ') || html`<span class="faint">–</span>`}</td>
      <td class="end">${sum(rule.events)}</td><td class="end wide">${seconds(rule.events, 60).length ? spark(seconds(rule.events, 60), { width: 90, height: 18, title: `events of ${rule.id}` }) : html`<span class="faint">–</span>`}</td>
      <td class="end wide" title=${rule.times ? `at most ${took(rule.times[1] / 1000)}` : ''}>${rule.times ? took(rule.times[0] / 1000) : html`<span class="faint">–</span>`}</td>
      <td class="end">${rule.faults ? html`<span class="bad-text">${rule.faults}</span>` : html`<span class="faint">0</span>`}</td></tr>`)}</tbody></table></div>`;
}

/** How far it is behind. @param {any} each */
function lag(each) {
  if (each.waiting !== null) {
    const behind = each.oldest ? `, the oldest ${span(past(each.oldest))}` : '';
    return html`<a href=${queue(each.mapping.source)}>${each.waiting + each.in_flight ? `${each.waiting} waiting, ${each.in_flight} in flight${behind}` : 'nothing waits'}</a>`;
  }
  const pending = each.shards.reduce((/** @type {number} */ all, /** @type {any} */ shard) => all + shard.pending, 0);
  const failing = each.shards.find((/** @type {any} */ shard) => shard.attempts);
  const oldest = Math.min(...each.shards.filter((/** @type {any} */ shard) => shard.oldest).map((/** @type {any} */ shard) => shard.oldest));
  if (!pending) return html`<span class="faint">${count(each.shards.length, 'shard')}, all done</span>`;
  return html`<span class=${failing ? 'bad-text' : ''}>${count(pending, 'record')} not done, the oldest ${span(past(oldest))}${failing ? `, failed ${count(failing.attempts, 'time')}` : ''}</span>`;
}

/** What a processor would take, to begin with. @param {Stream} stream */
function sample(stream) {
  const type = stream.rules.map((/** @type {any} */ rule) => rule.takes.split(', ')[0]).find((/** @type {string} */ each) => /^[\w.-]+$/.test(each)) ?? 'thing-changed';
  if (stream.sources[0]?.kind === 'table') return '{"pk": "1", "sk": "thing"}';
  return JSON.stringify({ id: crypto.randomUUID(), type, timestamp: Date.now(), partitionKey: '1' }, null, 1);
}

/** Texts within a record that are JSON, and base64 of it, as what they say. @param {any} value @returns {any} */
function opened(value) {
  if (Array.isArray(value)) return value.map(opened);
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, name === 'data' && typeof each === 'string' ? opened(decoded(each)) : opened(each)]));
  if (typeof value === 'string' && /^\s*[[{]/.test(value)) {
    try { return opened(JSON.parse(value)); } catch { return value; }
  }
  return value;
}

/** @param {string} text */
function decoded(text) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
  } catch {
    return text;
  }
}

customElements.define('view-streams', Streams);
