/** The app at a glance: its picture, its addresses, and what went wrong lately. */

import { html, nothing } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { live } from '../live.js';
import { copy } from '../parts/palette.js';
import { View } from '../view.js';
import { ago, count } from '../words.js';

class Overview extends View {
  static panel = 'overview';
  static also = ['topology'];

  /** @param {any} glance */
  shown(glance) {
    return html`<h1>Overview</h1>
      ${glance.troubles.length ? this.#troubles(glance.troubles) : nothing}
      <section class="card picture" aria-label="Topology">${this.#picture()}</section>
      <div class="cards">
        ${glance.stacks.map((/** @type {any} */ stack) => this.#stack(stack))}
        <section class="card"><h2>Addresses</h2>
          ${this.#addresses([
            ...glance.sockets.map((/** @type {any} */ api) => [api.name, api.url]),
            ...glance.http_apis.map((/** @type {any} */ api) => [api.name, api.url]),
            ...glance.rest_apis.map((/** @type {any} */ api) => [api.name, api.url]),
            ['engine', glance.endpoint],
            ['certificates', glance.ca_bundle],
          ])}</section>
      </div>`;
  }

  #picture() {
    const picture = live.data('topology');
    // Drawn by the command from names that it escaped.
    return picture ? unsafeHTML(picture.svg) : html`<p class="loading">Drawing…</p>`;
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
      <ul>${troubles.slice(0, 6).map((entry) => html`<li><a href="#/logs/${encodeURIComponent(entry.function)}">${entry.function || 'cdk-streamer'}</a>
        <span class="words">${entry.text.split('\n').at(-1)}</span><time class="faint">${ago(entry.time)}</time></li>`)}</ul></section>`;
  }
}

customElements.define('view-overview', Overview);
