/** Who is connected to WebSocket APIs, what they hear of, and a word to one of them; channels. */

import { html, nothing } from 'lit';
import { act } from '../api.js';
import { sure } from '../parts/ask.js';
import { badge } from '../parts/badge.js';
import { drawer, facts } from '../parts/drawer.js';
import { json } from '../parts/json.js';
import { copy } from '../parts/palette.js';
import '../parts/table.js';
import { View } from '../view.js';
import { ago, count, size, whole } from '../words.js';
import { bar } from './requests/progress.js';

const time = (/** @type {number} */ at) => html`<time title=${whole(at)}>${ago(at)}</time>`;
const who = (/** @type {any} */ row) => (row.owner ? html`${row.owner} <span class="faint">${row.tenant}</span>` : html`<span class="faint">${row.source_ip}</span>`);

/** @type {Array<import('../parts/table.js').Column>} */
const COLUMNS = [
  { title: 'Connection', kind: 'mono', cell: (row) => row.id, by: (row) => row.id },
  { title: 'Who', cell: who, by: (row) => `${row.tenant} ${row.owner}` },
  { title: 'API', cell: (row) => row.api, by: (row) => row.api },
  { title: 'Since', align: 'end', cell: (row) => time(row.connected_at), by: (row) => row.connected_at },
  { title: 'Active', align: 'end', cell: (row) => time(row.last_active_at), by: (row) => row.last_active_at },
  { title: 'In', align: 'end', cell: (row) => row.received.toLocaleString('en-US'), by: (row) => row.received },
  { title: 'Out', align: 'end', cell: (row) => row.sent.toLocaleString('en-US'), by: (row) => row.sent },
  { title: 'Unread', align: 'end', cell: (row) => (row.buffered ? html`<span class="warn-text">${size(row.buffered)}</span>` : '–'), by: (row) => row.buffered },
  { title: 'Hears of', align: 'end', cell: (row) => row.subscriptions.length || '–', by: (row) => row.subscriptions.length },
];
const BESIDE = COLUMNS.filter((column) => ['Connection', 'Who', 'Since', 'Hears of'].includes(column.title));

/** @type {Array<import('../parts/table.js').Column>} */
const CHANNELS = [
  { title: 'Channel', cell: (row) => html`<b>${row.name}</b>`, by: (row) => row.name },
  { title: 'Tenant', cell: (row) => row.tenant, by: (row) => row.tenant },
  { title: 'State', cell: (row) => badge(row.state, row.state === 'QUEUED' ? 'calm' : undefined), by: (row) => row.state },
  { title: 'Progress', kind: 'progress', cell: (row) => html`${bar(row.state, row.progress)}<span class="faint words">${row.progress?.message ?? ''}</span>` },
  { title: 'Listeners', align: 'end', cell: (row) => row.subscribers.length || '–', by: (row) => row.subscribers.length },
  { title: 'Messages', align: 'end', cell: (row) => row.seq, by: (row) => row.seq },
];
const CHANNELS_BESIDE = CHANNELS.filter((column) => ['Channel', 'State', 'Listeners'].includes(column.title));

class Connections extends View {
  static panel = 'connections';
  static properties = { _text: { state: true } };

  constructor() {
    super();
    this._text = '';
  }

  /** @param {any} data */
  shown({ total, rows, channels, is_cut: isCut, apis }) {
    if (!apis.length) return html`<h1>Connections</h1><p class="nothing">The app has no WebSocket API.</p>`;
    const aside = this.#aside(rows, channels);
    const open = (/** @type {any} */ event) => this.open(event.detail);
    return html`<h1>Connections <span class="faint">${total.toLocaleString('en-US')} open</span></h1>
      <div class="split"><div>
        <data-table label="connections" .rows=${rows} .columns=${aside === nothing ? COLUMNS : BESIDE} .chosen=${this.item}
          .nothing=${'Nobody is connected. Open a socket, e.g. by `cdk-streamer call`, or look at a running request here.'} @open=${open}></data-table>
        ${total > rows.length ? html`<p class="faint">These are ${rows.length} of them.</p>` : nothing}
        <h2 class="second">Channels <span class="faint">${channels.length}</span></h2>
        <data-table label="channels" .rows=${channels} .columns=${aside === nothing ? CHANNELS : CHANNELS_BESIDE} .chosen=${this.item}
          .nothing=${'There is none. A function publishes by `Publisher`, and clients hear of it by `client.subscribe(channel)`.'} @open=${open}></data-table>
        ${isCut ? html`<p class="faint">The table is large: only its beginning was looked through.</p>` : nothing}
      </div>${aside}</div>`;
  }

  /** @param {any[]} rows @param {any[]} channels */
  #aside(rows, channels) {
    if (!this.item) return nothing;
    const row = rows.find((each) => each.id === this.item);
    if (row) return this.#connection(row);
    const channel = channels.find((each) => each.id === this.item);
    if (channel) return this.#channel(channel);
    return drawer({ title: 'Gone', body: html`<p class="faint">The connection <code>${this.item}</code> has ended.</p>`, close: () => this.open('') });
  }

  /** @param {any} row */
  #connection(row) {
    const beyond = Object.entries(row.authorizer).filter(([name]) => !['owner', 'tenant'].includes(name));
    return drawer({
      title: html`${row.owner || row.source_ip} <span class="faint mono">${row.id}</span>`,
      tools: html`<button class="danger small" @click=${() => this.#close(row)}>Close</button>`,
      close: () => this.open(''),
      body: html`
        ${facts(
          ['Id', html`<button class="copy" title="Copy" @click=${() => copy(row.id)}>${row.id}</button>`],
          row.owner && ['Who', html`${row.owner} <span class="faint">of ${row.tenant}</span>`],
          ['API', html`${row.api} <span class="faint">stage ${row.stage}</span>`],
          ['Since', time(row.connected_at)],
          ['Last active', time(row.last_active_at)],
          ['Messages', `${row.received.toLocaleString('en-US')} in, ${row.sent.toLocaleString('en-US')} out`],
          ['Unread', row.buffered ? `${size(row.buffered)} that the client has not taken` : 'nothing'],
          ['From', html`${row.source_ip} <span class="faint">${row.user_agent}</span>`],
        )}
        ${beyond.length ? html`<section class="part"><h3>What the authorizer said</h3>${facts(...beyond.map(([name, value]) => /** @type {[string, unknown]} */ ([name, said(name, value)])))}</section>` : nothing}
        <section class="part"><h3>Hears of</h3>
          ${row.subscriptions.length ? html`<ul class="plain">${row.subscriptions.map((/** @type {any} */ each) => html`<li><span class="faint">${each.kind}</span>
            <a href="#/${each.kind === 'request' ? 'requests' : 'connections'}/${encodeURIComponent(each.id)}">${each.name}</a></li>`)}</ul>`
            : html`<p class="faint">nothing</p>`}</section>
        <form class="part" @submit=${(/** @type {Event} */ event) => this.#send(event, row)}>
          <h3>Send it a message</h3>
          <textarea rows="4" spellcheck="false" aria-label="Message" placeholder="any text; clients of this library read JSON with a type"
            .value=${this._text} @input=${(/** @type {any} */ event) => { this._text = event.target.value; }}></textarea>
          <div class="buttons"><button ?disabled=${!this._text}>Send</button><span class="faint">posted through the management API, as a function does</span></div>
        </form>`,
    });
  }

  /** @param {any} channel */
  #channel(channel) {
    return drawer({
      title: html`${channel.name} <span class="faint">of ${channel.tenant}</span>`,
      close: () => this.open(''),
      body: html`<section class="how-far"><div class="state">${badge(channel.state)} <span class="words">${channel.progress?.message ?? ''}</span></div>${bar(channel.state, channel.progress)}</section>
        ${facts(['API', channel.api], ['Messages', String(channel.seq)], ['Kept until', time(channel.kept_until)])}
        ${channel.progress ? html`<section class="part"><h3>Latest report</h3>${json(channel.progress)}</section>` : nothing}
        ${Object.keys(channel.ending).length ? html`<section class="part"><h3>End</h3>${json(channel.ending)}</section>` : nothing}
        <section class="part"><h3>${count(channel.subscribers.length, 'listener')}</h3>
          <ul class="plain">${channel.subscribers.map((/** @type {string} */ id) => html`<li><a class="mono" href="#/connections/${encodeURIComponent(id)}">${id}</a></li>`)}</ul></section>`,
    });
  }

  /** @param {any} row */
  async #close(row) {
    const detail = `${row.owner || row.source_ip} is told code 1000, “Closed by the console”, and may connect again.`;
    if (!(await sure('Close the connection?', { detail, yes: 'Close it' }))) return;
    await this.try(() => act('connections', 'close', { id: row.id }), 'closed');
    this.open('');
  }

  /** @param {Event} event @param {any} row */
  async #send(event, row) {
    event.preventDefault();
    const sent = await this.try(() => act('connections', 'send', { id: row.id, text: this._text }), 'sent');
    if (sent) this._text = '';
  }
}

/** @param {string} name @param {unknown} value */
function said(name, value) {
  return name === 'expires' && Number(value) ? time(Number(value)) : typeof value === 'string' ? value || html`<span class="faint">nothing</span>` : json(value);
}

customElements.define('view-connections', Connections);
