/** Schedules and rules: what EventBridge invokes, by time and by events. */

import { html, nothing } from 'lit';
import { act } from '../api.js';
import { badge } from '../parts/badge.js';
import { drawer, facts } from '../parts/drawer.js';
import { json } from '../parts/json.js';
import { copy } from '../parts/palette.js';
import { payload } from '../parts/payload.js';
import '../parts/table.js';
import { View } from '../view.js';
import { ago, count, whole } from '../words.js';

const KINDS = /** @type {Record<string, string>} */ ({ schedule: 'schedule', rule: 'rule', pattern: 'rule by event' });

/** @typedef {any} Row */

class Schedules extends View {
  static panel = 'schedules';

  /** @param {Row[]} rows */
  shown(rows) {
    const chosen = rows.find((row) => row.arn === this.item);
    return html`<h1>Schedules</h1>
      <div class="split"><div>
        <data-table label="schedules" .rows=${rows} .columns=${columns(rows, Boolean(chosen))} .key=${(row) => row.arn} .chosen=${this.item}
          .text=${(row) => `${row.label} ${row.name} ${row.stack} ${row.expression} ${row.description} ${KINDS[row.kind]} ${row.targets.map((each) => each.label).join(' ')}`}
          nothing="The app has neither a schedule of EventBridge Scheduler nor a rule of EventBridge." @open=${(event) => this.open(event.detail)}></data-table>
      </div>${chosen ? this.#drawer(chosen) : nothing}</div>`;
  }

  /** @param {Row} row */
  #drawer(row) {
    const isOn = row.state === 'enabled';
    return drawer({
      title: html`${row.label} ${badge(row.state)}`,
      tools: html`
        ${row.kind === 'pattern' ? nothing : html`<button class="small primary" title="Invoke its target with its input, as it would at its time" @click=${() => this.#do('run', {}, `${row.label} invokes its target`)}>Run now</button>`}
        <button class="small" @click=${() => this.#do('turn', { on: !isOn }, isOn ? `${row.label} is disabled` : `${row.label} is enabled`)}>${isOn ? 'Disable' : 'Enable'}</button>`,
      close: () => this.open(''),
      body: html`
        ${row.description ? html`<p>${row.description}.</p>` : nothing}
        ${facts(
          ['Kind', row.kind === 'schedule' ? 'of EventBridge Scheduler' : row.kind === 'rule' ? 'a rule by time' : 'a rule that matches events'],
          row.expression && ['When', html`<code>${row.expression}</code>`],
          row.expression && ['Next', row.next ? html`${ago(row.next)} <span class="faint">${whole(Math.round(row.next))}</span>` : html`<span class="faint">${isOn ? 'never again' : 'once it is enabled'}</span>`],
          row.zone !== 'UTC' && ['Time zone', html`${row.zone} on AWS; <span class="warn-text">here it is taken for UTC</span>`],
          ['Last', row.last ? html`${ago(row.last)} <span class="faint">${whole(Math.round(row.last))}</span>` : html`<span class="faint">not since the start</span>`],
          ['So far', count(row.count, 'invocation')],
          [row.kind === 'schedule' ? 'Group' : 'Bus', row.group],
          ['Name', html`<button class="copy" title="Copy" @click=${() => copy(row.name)}>${row.name}</button>`],
          ['ARN', html`<button class="copy" title="Copy" @click=${() => copy(row.arn)}>${row.arn}</button>`],
        )}
        ${row.targets.map((each) => html`<section class="part"><h3>Target</h3>
          <p>${target(each)}</p>
          ${each.input ? payload(each.input) : html`<p class="faint">${row.kind === 'pattern' ? 'It gets the event.' : 'It gets the event of the occasion.'}</p>`}</section>`)}
        ${row.pattern ? html`<section class="part"><h3>Events that it matches</h3>${json(row.pattern)}</section>` : nothing}`,
    });
  }

  /**
   * @param {string} verb
   * @param {Record<string, unknown>} body
   * @param {string} done
   */
  #do(verb, body, done) {
    return this.try(() => act('schedules', verb, { arn: this.item, ...body }), done);
  }
}

/** @param {Row[]} rows @param {boolean} narrow */
function columns(rows, narrow) {
  const stacks = new Set(rows.map((row) => row.stack)).size > 1 && !narrow;
  return [
    { title: 'Schedule', by: (row) => row.label, cell: (row) => html`<span title=${row.description}>${row.label}</span>
      ${row.kind === 'schedule' ? nothing : badge(KINDS[row.kind], 'calm')} ${row.stack ? nothing : html`<span title="made while the app runs, by no template">${badge('made since', 'busy')}</span>`}` },
    ...(stacks ? [{ title: 'Stack', by: (row) => row.stack, cell: (row) => row.stack || html`<span class="faint">–</span>` }] : []),
    { title: 'When', by: (row) => row.expression, cell: (row) => row.expression
      ? html`<code>${row.expression}</code>${row.zone === 'UTC' ? nothing : html` <span class="faint">${row.zone}</span>`}` : html`<span class="faint">on events</span>` },
    { title: 'State', by: (row) => row.state, cell: (row) => badge(row.state) },
    { title: 'Next', align: /** @type {const} */ ('end'), by: (row) => row.next, cell: (row) => moment(row.next) },
    ...(narrow ? [] : [
      { title: 'Last', align: /** @type {const} */ ('end'), by: (row) => row.last, cell: (row) => moment(row.last) },
      { title: 'So far', align: /** @type {const} */ ('end'), by: (row) => row.count, cell: (row) => row.count || html`<span class="faint">0</span>` },
      { title: 'Invokes', cell: (row) => row.targets.map((each) => html`${target(each)} `) },
    ]),
  ];
}

/** @param {any} each */
function target(each) {
  if (each.function) return html`<a href="#/logs/${encodeURIComponent(each.function)}">${each.label}</a>`;
  if (each.queue) return html`<a href="#/queues/${encodeURIComponent(each.queue)}">${each.label}</a>`;
  return html`<span title=${each.arn}>${each.label}</span>`;
}

/** @param {number | null} time */
function moment(time) {
  return time === null ? html`<span class="faint">–</span>` : html`<span title=${whole(Math.round(time))}>${ago(time)}</span>`;
}

customElements.define('view-schedules', Schedules);
