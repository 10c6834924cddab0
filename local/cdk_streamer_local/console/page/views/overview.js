/** The app at a glance: its picture, its addresses, and what went wrong lately. */

import { html, nothing } from 'lit';
import { item } from '../api.js';
import { live } from '../live.js';
import { copy } from '../parts/palette.js';
import { picture } from '../parts/picture.js';
import { View } from '../view.js';
import { ago, count, whole } from '../words.js';

const SHOWN_TROUBLES = 5;

class Overview extends View {
  static panel = 'overview';
  static also = ['topology', 'functions'];
  static properties = { _inside: { state: true } };

  constructor() {
    super();
    /** @type {{ of: string, drawing: any } | undefined} what is inside the chosen construct */
    this._inside = undefined;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    super.willUpdate(changed);
    if (changed.has('item') && this.item) this.#look(this.item);
  }

  /** @param {string} id */
  async #look(id) {
    const drawing = await this.try(() => item('topology', id));
    if (drawing) this._inside = { of: id, drawing };
    else this.open('');
  }

  /** @param {any} glance */
  shown(glance) {
    return html`<h1>Overview</h1>
      ${glance.troubles.length ? this.#troubles(glance.troubles) : nothing}
      <section class="card picture" aria-label="Topology">${this.#picture()}</section>
      <div class="cards">
        ${glance.stacks.map((stack) => this.#stack(stack))}
        <section class="card"><h2>Addresses</h2>${this.#addresses(addresses(glance))}</section>
      </div>`;
  }

  #picture() {
    const inside = this.item && this._inside?.of === this.item ? this._inside : undefined;
    const drawing = inside?.drawing ?? live.data('topology');
    if (!drawing) return html`<p class="loading">Drawing…</p>`;
    const rows = live.data('functions') ?? [];
    return html`
      <p class="crumbs">${inside ? html`<a href="#/overview">the app</a> › <b>${inside.of}</b>`
        : html`<span class="faint">Open a construct to see its parts. Numbers are calls in the last minute.</span>`}</p>
      <div class="frame">${picture(drawing, {
        label: inside ? `the parts of ${inside.of}` : 'the constructs of the app',
        calls: (node) => calls(rows, node),
        go: (figure) => this.#address(figure, rows),
      })}</div>`;
  }

  /** @param {any} figure @param {any[]} rows */
  #address(figure, rows) {
    if (figure.kind === 'construct' && figure.node !== this.item) return `#/overview/${encodeURIComponent(figure.node)}`;
    const own = rows.find((row) => row.path === figure.node);
    if (own) return `#/logs/${encodeURIComponent(own.label)}`;
    return figure.kind === 'queue' ? '#/queues' : undefined;
  }

  /** @param {any} stack */
  #stack(stack) {
    return html`<section class="card"><h2>${stack.name}</h2>
      <p class="faint">${count(stack.resources, 'resource')} in ${stack.region}, account ${stack.account}</p>
      ${this.#addresses(Object.entries(stack.outputs))}</section>`;
  }

  /** @param {Array<[string, string]>} pairs */
  #addresses(pairs) {
    return html`<dl class="facts">${pairs.map(([name, value]) => html`<dt>${name}</dt>
      <dd><button class="copy" title="Copy" @click=${() => copy(value)}>${value}</button></dd>`)}</dl>`;
  }

  /** @param {any[]} troubles */
  #troubles(troubles) {
    return html`<section class="card troubles" aria-label="Troubles"><h2>Troubles lately</h2>
      <ul>${grouped(troubles).slice(0, SHOWN_TROUBLES).map(({ entry, times }) => html`<li>
        <a href="#/logs/${encodeURIComponent(entry.function)}">${entry.function || 'cdk-streamer'}</a>
        <span class="words" title=${entry.text}>${last(entry.text)}
          ${entry.members.error ? html`<span class="faint">${entry.members.error}</span>` : nothing}
          ${times > 1 ? html`<span class="pill">${times} times</span>` : nothing}</span>
        <time class="faint" title=${whole(entry.time)}>${ago(entry.time)}</time></li>`)}</ul></section>`;
  }
}

/** Calls of all functions that a node has. @param {any[]} rows @param {string} node */
function calls(rows, node) {
  const own = rows.filter((row) => row.path === node || row.path.startsWith(`${node}/`));
  const recent = own.reduce((sum, row) => sum + row.recent.reduce((/** @type {number} */ all, /** @type {number} */ each) => all + each, 0), 0);
  return { recent, failed: own.some((row) => row.failed_lately) };
}

/** What is said again and again is told once, as it was said last. @param {any[]} troubles newest first */
function grouped(troubles) {
  /** @type {Map<string, { entry: any, times: number }>} */
  const found = new Map();
  for (const entry of troubles) {
    const key = `${entry.function} ${last(entry.text)} ${entry.members.error ?? ''}`;
    const known = found.get(key);
    if (known) known.times += 1;
    else found.set(key, { entry, times: 1 });
  }
  return [...found.values()];
}

/** @param {any} glance @returns {Array<[string, string]>} */
function addresses(glance) {
  const apis = [...glance.sockets, ...glance.http_apis, ...glance.rest_apis];
  return [
    ...apis.flatMap((api) => /** @type {Array<[string, string]>} */ ([[api.name, api.url], ...(api.plain_url ? [['for browsers', api.plain_url]] : [])])),
    ['engine', glance.endpoint],
    ['certificates', glance.ca_bundle],
  ];
}

/** The line that says it: of a traceback the last. @param {string} text */
function last(text) {
  return text.trim().split('\n').at(-1);
}

customElements.define('view-overview', Overview);
