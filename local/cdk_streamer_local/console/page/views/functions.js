/** The functions: how often they are called and how it goes. */

import { html, nothing } from 'lit';
import { badge } from '../parts/badge.js';
import { spark } from '../parts/spark.js';
import '../parts/table.js';
import { View } from '../view.js';
import { ago, took } from '../words.js';

const COLUMNS = [
  { title: 'Function', cell: (row) => html`<a href="#/logs/${encodeURIComponent(row.label)}">${row.label}</a>
      ${row.durable ? badge('durable', 'calm') : nothing}`, by: (row) => row.label },
  { title: 'Last minute', cell: (row) => spark(row.recent, { title: `calls of ${row.label} by second` }) },
  { title: 'Calls', cell: (row) => row.calls, by: (row) => row.calls, align: /** @type {const} */ ('end') },
  { title: 'Failures', cell: (row) => row.failures ? html`<span class="bad-text">${row.failures}</span>` : 0, by: (row) => row.failures, align: /** @type {const} */ ('end') },
  { title: 'Median', cell: (row) => took(row.median), by: (row) => row.median, align: /** @type {const} */ ('end') },
  { title: 'Slowest', cell: (row) => took(row.slowest), by: (row) => row.slowest, align: /** @type {const} */ ('end') },
  { title: 'Timeout', cell: (row) => `${row.timeout} s`, by: (row) => row.timeout, align: /** @type {const} */ ('end') },
  { title: 'Last', cell: (row) => ago(row.last), by: (row) => row.last, align: /** @type {const} */ ('end') },
];

class Functions extends View {
  static panel = 'functions';

  /** @param {any[]} rows */
  shown(rows) {
    return html`<h1>Functions</h1>
      <data-table label="functions" .rows=${rows} .columns=${COLUMNS} .key=${(row) => row.label}
        @open=${(event) => { location.hash = `#/logs/${encodeURIComponent(event.detail)}`; }}></data-table>`;
  }
}

customElements.define('view-functions', Functions);
