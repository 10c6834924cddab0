/** The functions: how often they are called and how it goes. */

import { html, nothing } from 'lit';
import { badge } from '../parts/badge.js';
import { spark } from '../parts/spark.js';
import '../parts/table.js';
import { View } from '../view.js';
import { ago, took } from '../words.js';

const COLUMNS = [
  { title: 'Function', cell: (/** @type {any} */ row) => html`<a href="#/logs/${encodeURIComponent(row.label)}">${row.label}</a>
      ${row.durable ? badge('durable', 'calm') : nothing}`, by: (/** @type {any} */ row) => row.label },
  { title: 'Last minute', cell: (/** @type {any} */ row) => spark(row.recent, { title: `calls of ${row.label} by second` }) },
  { title: 'Calls', cell: (/** @type {any} */ row) => row.calls, by: (/** @type {any} */ row) => row.calls, align: /** @type {const} */ ('end') },
  { title: 'Failures', cell: (/** @type {any} */ row) => row.failures ? html`<span class="bad-text">${row.failures}</span>` : 0, by: (/** @type {any} */ row) => row.failures, align: /** @type {const} */ ('end') },
  { title: 'Median', cell: (/** @type {any} */ row) => took(row.median), by: (/** @type {any} */ row) => row.median, align: /** @type {const} */ ('end') },
  { title: 'Slowest', cell: (/** @type {any} */ row) => took(row.slowest), by: (/** @type {any} */ row) => row.slowest, align: /** @type {const} */ ('end') },
  { title: 'Timeout', cell: (/** @type {any} */ row) => `${row.timeout} s`, by: (/** @type {any} */ row) => row.timeout, align: /** @type {const} */ ('end') },
  { title: 'Last', cell: (/** @type {any} */ row) => ago(row.last), by: (/** @type {any} */ row) => row.last, align: /** @type {const} */ ('end') },
];

class Functions extends View {
  static panel = 'functions';

  /** @param {any[]} rows */
  shown(rows) {
    return html`<h1>Functions</h1>
      <data-table label="functions" .rows=${rows} .columns=${COLUMNS} .key=${(/** @type {any} */ row) => row.label}
        @open=${(/** @type {any} */ event) => { location.hash = `#/logs/${encodeURIComponent(event.detail)}`; }}></data-table>`;
  }
}

customElements.define('view-functions', Functions);
