/** Queues: what waits where, who reads it, what is in there, and dead letters on their way back. */

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { act } from '../api.js';
import { sure, words } from '../parts/ask.js';
import { badge } from '../parts/badge.js';
import { Detail } from '../parts/detail.js';
import { drawer, facts } from '../parts/drawer.js';
import { copy } from '../parts/palette.js';
import { brief, payload } from '../parts/payload.js';
import { spark } from '../parts/spark.js';
import '../parts/table.js';
import { chart } from '../parts/traffic.js';
import { View } from '../view.js';
import { ago, count, size, span, whole } from '../words.js';

const SECONDS = 300;
const ZEROS = Array(60).fill(0);

/** @typedef {any} Row */

/** What failed ends there, unless somebody sees to it. @param {Row} row */
const isDead = (row) => row.failures_of.length > 0 && !row.readers.length;
/** Nobody reads it, so what is put there stays. @param {Row} row */
const isAside = (row) => !row.readers.length && !isDead(row);
/** @param {Row} row */
const total = (row) => row.waiting + row.in_flight + row.delayed;
/** @param {string} arn */
const address = (arn) => `#/queues/${encodeURIComponent(arn)}`;

/** @param {Row[]} rows */
function columns(rows) {
  const stacks = new Set(rows.map((row) => row.stack)).size > 1;
  return [
    { title: 'Queue', by: (/** @type {Row} */ row) => row.label, cell: (/** @type {Row} */ row) => html`
        <span title=${row.name}>${row.label}</span>
        ${row.fifo ? badge('fifo', 'calm') : nothing}
        ${purpose(row)}` },
    ...(stacks ? [{ title: 'Stack', by: (/** @type {Row} */ row) => row.stack, cell: (/** @type {Row} */ row) => html`<span title=${row.region}>${row.stack}</span>` }] : []),
    number('Waiting', (row) => row.waiting, (row) => isDead(row) || isAside(row)),
    number('In flight', (row) => row.in_flight),
    number('Delayed', (row) => row.delayed),
    { title: 'Oldest', align: /** @type {const} */ ('end'), by: (/** @type {Row} */ row) => row.oldest && -row.oldest, cell: (/** @type {Row} */ row) => row.oldest
      ? html`<span title=${whole(row.oldest)}>${span(Math.max(Date.now() / 1000 - row.oldest, 0))}</span>` : html`<span class="faint">–</span>` },
    { title: 'Came / left in a minute', cell: both },
    { title: 'Read by', by: (/** @type {Row} */ row) => row.readers[0]?.function, cell: (/** @type {Row} */ row) => row.readers.length
      ? row.readers.map((/** @type {any} */ reader) => html`${reading(reader)} <a href="#/logs/${encodeURIComponent(reader.function)}">${reader.function}</a> `)
      : html`<span class="faint">nobody</span>` },
  ];
}

/**
 * @param {string} title
 * @param {(row: Row) => number} value
 * @param {(row: Row) => boolean} [bad]
 */
function number(title, value, bad = () => false) {
  return { title, align: /** @type {const} */ ('end'), by: value, cell: (/** @type {Row} */ row) => value(row)
    ? html`<span class=${bad(row) ? 'bad-text' : ''}>${value(row).toLocaleString('en-US')}</span>` : html`<span class="faint">0</span>` };
}

/** @param {Row} row */
function purpose(row) {
  if (isDead(row)) return html`<span title="of ${row.failures_of.join(', ')}">${badge('dead letters', total(row) ? 'bad' : 'calm')}</span>`;
  return isAside(row) ? html`<span title="nobody reads it, so what is put there stays until it is seen to">${badge('put aside', total(row) ? 'warn' : 'calm')}</span>` : nothing;
}

/** @param {Row} row */
function both(row) {
  if (!row.came.length && !row.left.length) return html`<span class="faint">–</span>`;
  const most = Math.max(1, ...row.came, ...row.left);
  const sum = (/** @type {number[]} */ values) => values.reduce((all, each) => all + each, 0);
  const title = `${sum(row.came)} came, ${sum(row.left)} left in the last minute`;
  return html`<span class="both" title=${title}>${spark(row.came.length ? row.came : ZEROS, { title, most, height: 20 })}
    ${spark(row.left.length ? row.left : ZEROS, { title, most, height: 20, kind: 'good' })}
    <span class="faint">${sum(row.came)} / ${sum(row.left)}</span></span>`;
}

/** @param {any} reader */
function reading(reader) {
  const state = reader.state.toLowerCase();
  return state === 'enabled' ? nothing : badge(state === 'disabled' ? 'paused' : state, 'warn');
}

class Queues extends View {
  static panel = 'queues';
  static properties = { _text: { state: true }, _sends: { state: true }, _all: { state: true } };

  constructor() {
    super();
    this.detail = new Detail(this, 'queues');
    this._text = '';
    this._sends = false;
    this._all = false;
  }

  /** @param {Row[]} rows */
  shown(rows) {
    const dead = rows.filter((row) => isDead(row) && total(row));
    const shown = this._all ? rows : rows.filter((row) => !isDead(row) || total(row) || row.came.length || row.arn === this.item);
    const hidden = rows.filter((row) => isDead(row)).length - dead.length;
    return html`<h1>Queues</h1>
      ${dead.length && !this.item ? html`<p class="notice bad" role="status">${dead.map((row, at) => html`${at ? ', ' : ''}<a href=${address(row.arn)}>${row.label}</a>`)}
        ${dead.length === 1 ? 'has' : 'have'} ${count(dead.reduce((sum, row) => sum + total(row), 0), 'dead letter')}.</p>` : nothing}
      <div class="split"><div>
        <data-table label="queues" .rows=${shown} .columns=${this.item ? columns(rows).filter((column) => NARROW.has(column.title)) : columns(rows)} .key=${(/** @type {Row} */ row) => row.arn} .chosen=${this.item}
          .text=${(/** @type {Row} */ row) => `${row.label} ${row.name} ${row.stack} ${row.readers.map((/** @type {any} */ reader) => reader.function).join(' ')} ${isDead(row) ? 'dead letters' : ''}`}
          nothing="The app has no queue." @open=${(/** @type {any} */ event) => this.open(event.detail)}></data-table>
        <label class="more"><input type="checkbox" .checked=${this._all} @change=${(/** @type {any} */ event) => { this._all = event.target.checked; }}> ${count(hidden, 'empty dead-letter queue')} too</label>
      </div>${this.item ? this.#drawer() : nothing}</div>`;
  }

  #drawer() {
    const { value, fault } = this.detail;
    const close = () => this.open('');
    if (!value) return drawer({ title: this.item.split(':').at(-1), close, body: fault ? html`<p class="notice bad">${fault}</p>` : html`<p class="loading">Looking…</p>` });
    const row = value.row;
    return drawer({
      title: html`${row.label} ${purpose(row)}`,
      close,
      body: html`
        <div class="buttons lead">
          <button @click=${() => { this._sends = !this._sends; }} aria-expanded=${this._sends}>Send…</button>
          ${value.sources.length ? html`<button class="primary" ?disabled=${!row.waiting} @click=${() => this.#redrive(row)}>Redrive…</button>` : nothing}
          <button class="danger" ?disabled=${!total(row)} @click=${() => this.#purge(row)}>Purge…</button></div>
        ${fault ? html`<p class="notice bad">${fault}</p>` : nothing}
        ${this._sends ? this.#form(row) : nothing}
        ${value.moves.map((/** @type {any} */ move, /** @type {number} */ at) => at === 0 || move.status === 'RUNNING' ? this.#move(row, move) : nothing)}
        ${chart({ label: `messages of ${row.label} in the last five minutes`, seconds: SECONDS, lines: [
          { values: value.depth, kind: 'calm', filled: true, title: 'there' },
          { values: value.came, kind: 'busy', title: 'came' },
          { values: value.left, kind: 'good', title: 'left' },
        ] })}
        ${this.#facts(value)}
        ${this.#messages(value)}`,
    });
  }

  /** @param {any} value */
  #facts(value) {
    const { row, attributes } = value;
    const names = (/** @type {string[]} */ all) => html`${all.map((each) => html`<div>${each}</div>`)}`;
    return facts(
      ['Messages', `${row.waiting} waiting, ${row.in_flight} in flight, ${row.delayed} delayed`],
      ...row.readers.map((/** @type {any} */ reader) => /** @type {[string, unknown]} */ (['Read by', html`
        <a href="#/logs/${encodeURIComponent(reader.function)}">${reader.function}</a> ${badge(reader.state)}
        <button class="small" @click=${() => this.#turn(row, reader)}>${reader.state === 'Disabled' ? 'Resume' : 'Pause'}</button>
        <span class="faint">by ${reader.batch}${reader.window ? ` or ${reader.window} s` : ''}${reader.concurrency ? `, ${reader.concurrency} at once` : ''}</span>`])),
      value.receivers.length > 0 && ['May also take', names(value.receivers)],
      value.senders.length > 0 && ['May send', names(value.senders)],
      row.dead_letters && ['Dead letters', html`after ${count(row.most_receives, 'receive')} to <a href=${address(row.dead_letters)}>${this.#label(row.dead_letters)}</a>`],
      row.failures_of.length > 0 && ['Dead letters of', names(row.failures_of)],
      ['Visibility', span(Number(attributes.VisibilityTimeout))],
      ['Kept', span(Number(attributes.MessageRetentionPeriod))],
      Number(attributes.DelaySeconds) > 0 && ['Delay', span(Number(attributes.DelaySeconds))],
      ['Name', html`<button class="copy" title="Copy" @click=${() => copy(row.name)}>${row.name}</button>
        <div class="faint">copy <button class="copy" @click=${() => copy(value.url)}>its URL</button>, <button class="copy" @click=${() => copy(row.arn)}>its ARN</button></div>`],
    );
  }

  /** @param {string} arn */
  #label(arn) {
    return this.data?.find((/** @type {Row} */ row) => row.arn === arn)?.label ?? arn.split(':').at(-1);
  }

  /** @param {any} value */
  #messages(value) {
    const shown = value.messages.length < value.fitting ? `the first ${value.messages.length} of ${count(value.fitting, 'message')}` : count(value.fitting, 'message');
    return html`<h3>In there: ${shown}${this._text ? ` with “${this._text}”` : ''}</h3>
      <div class="table-tools"><input type="search" placeholder="Text in the body" aria-label="Text in the body" .value=${this._text}
        @input=${(/** @type {any} */ event) => { this._text = event.target.value; this.detail.query = { text: this._text }; this.detail.refresh(); }}>
        <span class="faint" title="They are not received, so nobody waits for them and none gets closer to the dead letters.">looked at without receiving</span></div>
      ${value.messages.length ? repeat(value.messages, (/** @type {any} */ message) => message.id, (/** @type {any} */ message) => this.#message(value.row, message))
        : html`<p class="nothing">${this._text ? 'No message has that text.' : 'It is empty. “Send…” puts something in.'}</p>`}`;
  }

  /** @param {Row} row @param {any} message */
  #message(row, message) {
    const state = { 'in flight': 'busy', delayed: 'calm', waiting: isDead(row) ? 'bad' : 'warn' }[/** @type {string} */ (message.state)];
    return html`<details class="entry"><summary>
        ${badge(message.state, state)} <span class="brief mono">${brief(message.body)}</span>
        <span class="faint">${message.receives ? `${message.receives}× · ` : ''}${ago(message.sent)}</span></summary>
      <div class="inside">
        ${payload(message.body)}
        ${facts(
          ['Sent', html`${ago(message.sent)} <span class="faint">${whole(message.sent)}</span>`],
          ['Received', message.receives ? html`${count(message.receives, 'time')}, first ${ago(message.received)}` : 'never'],
          message.state !== 'waiting' && ['Seen again', ago(message.visible)],
          message.group && ['Group', html`<code>${message.group}</code>`],
          message.source && ['Came from', html`<a href=${address(message.source)}>${this.#label(message.source)}</a>`],
          ...Object.entries(message.attributes).map(([name, text]) => /** @type {[string, unknown]} */ ([name, html`<code>${text}</code>`])),
          ['Id', html`<code>${message.id}</code>`],
          ['Size', size(message.size)],
        )}
        <div class="buttons"><button class="small" @click=${() => copy(message.body)}>Copy</button>
          <button class="small danger" @click=${() => this.#delete(row, message)}>Delete…</button></div>
      </div></details>`;
  }

  /** @param {Row} row */
  #form(row) {
    return html`<form class="send" @submit=${(/** @type {any} */ event) => { event.preventDefault(); this.#send(row, new FormData(event.target)); }}>
      <label>Body <textarea name="body" required spellcheck="false" placeholder='{"id": 1}'></textarea></label>
      <div class="table-tools">
        ${row.fifo ? html`<label>Group <input type="text" name="group" required></label>`
          : html`<label>Delay <input type="number" name="delay" min="0" max="900" value="0"> s</label>`}
        <button class="primary">Send</button></div></form>`;
  }

  /** @param {Row} row @param {any} move */
  #move(row, move) {
    const part = move.of ? Math.min(move.moved / move.of, 1) : 1;
    const kind = { RUNNING: 'busy', COMPLETED: 'good', CANCELLED: 'warn', FAILED: 'bad' }[/** @type {string} */ (move.status)];
    return html`<div class="move"><span>Redrive ${badge(move.status, kind)} ${move.moved} of ${move.of} ${move.rate ? `at ${move.rate} a second` : ''} <span class="faint">${ago(move.started)}</span></span>
      ${move.handle ? html`<button class="small" @click=${() => this.#do('cancel', { queue: row.arn, handle: move.handle }, 'cancelled')}>Cancel</button>` : nothing}
      <div class="bar ${kind}"><span style="width: ${100 * part}%"></span></div>
      ${move.reason ? html`<div class="bad-text">${move.reason}</div>` : nothing}</div>`;
  }

  /**
   * @param {string} verb
   * @param {Record<string, unknown>} body
   * @param {string} done
   */
  async #do(verb, body, done) {
    const result = await this.try(() => act('queues', verb, body), done);
    this.detail.refresh();
    return result;
  }

  /** @param {Row} row @param {FormData} data */
  async #send(row, data) {
    const body = { queue: row.arn, body: data.get('body'), delay: Number(data.get('delay') ?? 0), group: data.get('group') ?? '' };
    if (await this.#do('send', body, 'sent')) this._sends = false;
  }

  /** @param {Row} row @param {any} message */
  async #delete(row, message) {
    const detail = message.state === 'in flight' ? 'A function has it in hand just now, and goes on with it.' : '';
    if (await sure('Delete this message?', { detail, yes: 'Delete' })) await this.#do('delete', { queue: row.arn, messages: [message.id] }, 'deleted');
  }

  /** @param {Row} row */
  async #purge(row) {
    if (await sure(`Delete all ${count(total(row), 'message')} of ${row.label}?`, { yes: 'Purge' })) await this.#do('purge', { queue: row.arn }, 'purged');
  }

  /** @param {Row} row */
  async #redrive(row) {
    const text = await words('Redrive: how many a second?', { detail: `${count(row.waiting, 'message')} to ${row.failures_of[0]} again. Empty: as fast as it goes.`, yes: 'Redrive', value: '10' });
    if (text === undefined) return;
    const rate = text.trim() ? { rate: Number(text) } : {};
    await this.#do('redrive', { queue: row.arn, ...rate }, 'dead letters go back');
  }

  /** @param {Row} row @param {any} reader */
  async #turn(row, reader) {
    const on = reader.state === 'Disabled';
    await this.#do('turn', { queue: row.arn, mapping: reader.mapping, on }, on ? `${reader.function} reads again` : `${reader.function} is paused`);
  }
}

const NARROW = new Set(['Queue', 'Waiting', 'In flight', 'Oldest']);

customElements.define('view-queues', Queues);
