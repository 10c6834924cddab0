/** Throttled sinks: circuits, delivery against its limit, and what could not be delivered. */

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { act } from '../api.js';
import { sure, words } from '../parts/ask.js';
import { badge } from '../parts/badge.js';
import { Chosen } from '../parts/chosen.js';
import { Detail } from '../parts/detail.js';
import { drawer, facts } from '../parts/drawer.js';
import { copy } from '../parts/palette.js';
import { brief, payload } from '../parts/payload.js';
import { rate, row as seconds, sum } from '../parts/seconds.js';
import { chart } from '../parts/traffic.js';
import { View } from '../view.js';
import { ago, count, span, took, whole } from '../words.js';

const SECONDS = 300;
/** @typedef {any} Sink */

/** @param {string} arn */
const queue = (arn) => `#/queues/${encodeURIComponent(arn)}`;
/** @param {number} time */
const past = (time) => Math.max(Date.now() / 1000 - time, 0);

class Sinks extends View {
  static panel = 'sinks';

  constructor() {
    super();
    this.detail = new Detail(this, 'sinks');
    this.chosen = new Chosen(this);
  }

  /** @param {Sink[]} sinks */
  shown(sinks) {
    return html`<h1>Sinks</h1>
      ${sinks.length ? nothing : html`<p class="nothing">The app has no sink. A <code>ThrottledSink</code> delivers at the pace of what is slow, and it is here then.</p>`}
      <div class="split"><div class="stack">${repeat(sinks, (sink) => sink.id, (sink) => this.#card(sink))}</div>
        ${this.item ? this.#drawer() : nothing}</div>`;
  }

  /** @param {Sink} sink */
  #card(sink) {
    const { status } = sink;
    return html`<section class="card sink ${status.circuit !== 'closed' ? 'bad' : status.held ? 'warn' : ''}" aria-label=${sink.name}>
      <header><h2><a href="#/sinks/${encodeURIComponent(sink.id)}">${short(sink)}</a></h2>
        ${badge(status.circuit)} ${status.held ? badge('paused') : nothing}
        <span class="why">${standing(sink)}</span>
        <div class="buttons">
          ${status.held || status.circuit !== 'closed'
            ? html`<button class="primary" @click=${() => this.#do(sink, 'resume', {}, status.held ? 'resumed' : 'it is tried now')}>${status.held ? 'Resume' : 'Try now'}</button>` : nothing}
          ${status.held ? nothing : html`<button @click=${() => this.#do(sink, 'pause', {}, 'paused')}>Pause</button>`}
          ${sink.dead_letters.waiting ? html`<button ?disabled=${Boolean(refusal(sink))} title=${refusal(sink)} @click=${() => this.#redrive(sink)}>Redrive…</button>` : nothing}
        </div></header>
      ${picture(sink)}
      <dl class="numbers">
        ${number('delivered', `${rate(sink.delivered).toFixed(1)} /s`, `${sum(sink.delivered)} in five minutes`)}
        ${number('in flight', sink.queue.in_flight, sink.concurrency ? `${count(sink.concurrency, 'call')} at once at most` : '')}
        ${number('waiting', html`<a href=${queue(sink.queue.arn)}>${sink.queue.waiting.toLocaleString('en-US')}</a>`, sink.queue.delayed ? `and ${sink.queue.delayed} delayed` : '')}
        ${number('oldest', sink.queue.oldest ? span(past(sink.queue.oldest)) : '–', '')}
        ${number('a delivery', sink.times ? took(sink.times[0] / 1000) : '–', sink.times ? `at most ${took(sink.times[1] / 1000)}` : '')}
        ${number('failed', sum(sink.failed), 'tried again, in five minutes', sum(sink.failed) ? 'warn-text' : '')}
        ${number('rejected', html`<a href="#/sinks/${encodeURIComponent(sink.id)}">${sink.rejected.waiting}</a>`, 'for good', sink.rejected.waiting ? 'bad-text' : '')}
        ${number('dead letters', html`<a href=${queue(sink.dead_letters.arn)}>${sink.dead_letters.waiting}</a>`, '', sink.dead_letters.waiting ? 'bad-text' : '')}
      </dl>
      ${status.redrive && (status.redrive.status === 'RUNNING' || past(status.redrive.started) < 60) ? redriving(status.redrive) : nothing}
    </section>`;
  }

  #drawer() {
    const { value, fault } = this.detail;
    const close = () => this.open('');
    if (!value) return drawer({ title: this.item, close, body: fault ? html`<p class="notice bad">${fault}</p>` : html`<p class="loading">Looking…</p>` });
    const sink = value.row;
    return drawer({
      title: short(sink),
      close,
      body: html`
        ${fault ? html`<p class="notice bad">${fault}</p>` : nothing}
        ${this.#rejected(sink, value.rejections)}
        ${this.#dead(sink, value.dead)}
        <h3>How it is set</h3>
        ${facts(
          ['Delivers', html`<a href="#/logs/${encodeURIComponent(sink.function)}">${sink.function}</a>`],
          ['Rate', sink.rate ? `${sink.rate} messages a second at most` : 'no limit'],
          ['A call', `${count(sink.batch, 'message')}, ${span(value.timeout)} at most`],
          ['At once', sink.concurrency ? `${count(sink.concurrency, 'call')} at most` : 'as many calls as Lambda makes'],
          ['Polling', badge(sink.status.polling, sink.status.polling === 'Enabled' ? 'good' : 'warn')],
          ['Circuit', value.breaker
            ? `opens at ${value.breaker.failures} failures within ${span(value.breaker.window)}, if they are ${value.breaker.share} % of the calls; is tried after ${span(value.breaker.pause)}, later after up to ${span(value.breaker.longest_pause)}`
            : 'never opens: it has no breaker'],
          ['Duplicates', value.remembers ? `known for ${span(value.remembers)}; ${value.repeated} were not delivered again lately` : 'are delivered again'],
          sink.status.probing > 0 && ['Held to try', count(sink.status.probing, 'message')],
          value.handed_back > 0 && ['Handed back', `${value.handed_back} lately, untried`],
          sum(sink.throttled) > 0 && ['Throttled', `${sum(sink.throttled)} lately: the rate left no room in time`],
          ['Order', value.fifo ? 'within a group' : 'none'],
        )}`,
    });
  }

  /** @param {Sink} sink @param {any[]} rejections */
  #rejected(sink, rejections) {
    const ids = rejections.map((each) => each.message);
    const chosen = this.chosen.of(ids);
    return html`<h3>Rejected: ${count(sink.rejected.waiting, 'message')}</h3>
      ${rejections.length ? html`<p class="faint">The function said that trying again is no use. Correct what was wrong, then send them again; or delete them.</p>
        <div class="table-tools">${this.chosen.all(ids)}
          <button class="small primary" ?disabled=${!chosen.length} @click=${() => this.#resubmit(sink, chosen)}>Send again${chosen.length ? ` (${chosen.length})` : ''}</button>
          <button class="small danger" ?disabled=${!chosen.length} @click=${() => this.#delete(sink, chosen)}>Delete…</button></div>
        ${repeat(rejections, (each) => each.message, (each) => html`<details class="entry" data-key=${each.message}><summary>
            ${this.chosen.box(each.message, `choose ${each.id}`)}
            <span class="brief"><b>${each.reason || 'no reason'}</b> <span class="mono faint">${brief(each.body)}</span></span>
            <span class="faint">${ago(each.time)}</span></summary>
          <div class="inside">${payload(each.body)}${facts(
            ['Reason', each.reason || '–'],
            ['Rejected', html`${ago(each.time)} <span class="faint">${whole(each.time)}</span>`],
            ['Id', html`<button class="copy" title="Copy" @click=${() => copy(each.id)}>${each.id}</button>`],
            each.key !== each.id && ['Key', html`<code>${each.key}</code>`],
            each.group && ['Group', html`<code>${each.group}</code>`],
          )}</div></details>`)}` : html`<p class="faint">None. What a function raises <code>Permanent</code> for comes here, with the reason.</p>`}`;
  }

  /** @param {Sink} sink @param {any[]} dead */
  #dead(sink, dead) {
    if (!dead.length) return nothing;
    const refused = refusal(sink);
    return html`<h3>Dead letters: ${count(sink.dead_letters.waiting, 'message')}</h3>
      <div class="table-tools"><button class="small primary" ?disabled=${Boolean(refused)} @click=${() => this.#redrive(sink)}>Redrive…</button>
        <a href=${queue(sink.dead_letters.arn)}>their queue</a> <span class="faint">${refused}</span></div>
      ${repeat(dead, (each) => each.id, (each) => html`<details class="entry"><summary><span class="brief mono">${brief(each.body)}</span>
        <span class="faint">${each.receives}× · ${ago(each.sent)}</span></summary><div class="inside">${payload(each.body)}</div></details>`)}`;
  }

  /**
   * @param {Sink} sink
   * @param {string} verb
   * @param {Record<string, unknown>} body
   * @param {string} done
   */
  async #do(sink, verb, body, done) {
    const result = await this.try(() => act('sinks', verb, { sink: sink.id, ...body }), done);
    if (this.item) this.detail.refresh();
    return result;
  }

  /** @param {Sink} sink */
  async #redrive(sink) {
    const text = await words('Redrive: how many a second?', { detail: `${count(sink.dead_letters.waiting, 'dead letter')} of ${short(sink)}, into its queue again.`, yes: 'Redrive', value: '10' });
    if (text !== undefined) await this.#do(sink, 'redrive', { rate: Number(text) }, 'dead letters go back');
  }

  /** @param {Sink} sink @param {string[]} messages */
  async #resubmit(sink, messages) {
    await this.#do(sink, 'resubmit', { messages }, 'sent again');
    this.chosen.clear();
  }

  /** @param {Sink} sink @param {string[]} messages */
  async #delete(sink, messages) {
    if (!(await sure(`Delete ${count(messages.length, 'rejected message')}?`, { yes: 'Delete' }))) return;
    await this.#do(sink, 'delete', { messages }, 'deleted');
    this.chosen.clear();
  }
}

/** @param {Sink} sink */
function short(sink) {
  return sink.name.replace(`${sink.stack}/`, '');
}

/** Why dead letters do not go back now; empty: they may. @param {Sink} sink */
function refusal(sink) {
  if (sink.status.circuit !== 'closed') return 'They go back when the circuit is closed: now they would wait or fail again.';
  return sink.status.held ? 'They go back when the sink is resumed.' : '';
}

/** Why it is as it is. @param {Sink} sink */
function standing(sink) {
  const { status } = sink;
  if (status.held) return 'by an operator: nothing is delivered until it is resumed';
  const again = status.openings > 1 ? `, for the ${nth(status.openings)} time in a row` : '';
  if (status.circuit === 'half_open') return html`the downstream is being tried${again}`;
  if (status.circuit === 'open') {
    const left = status.until - Date.now() / 1000;
    return html`for ${span(past(status.opened ?? Date.now() / 1000))}${again}; ${left > 0 ? html`is tried <b>${ago(status.until)}</b>` : 'is about to be tried'}`;
  }
  if (status.failures) return `${status.failures} of ${status.calls} calls failed lately`;
  return sink.guarded ? '' : 'has no circuit breaker';
}

/** @param {number} number */
function nth(number) {
  return `${number}${{ 1: 'st', 2: 'nd', 3: 'rd' }[number] ?? 'th'}`;
}

/** @param {Sink} sink */
function picture(sink) {
  return chart({
    label: `deliveries of ${short(sink)} in the last five minutes`,
    seconds: SECONDS,
    limit: sink.rate ?? undefined,
    lines: [
      { values: seconds(sink.delivered, SECONDS), kind: 'good', filled: true, title: 'delivered' },
      { values: seconds(sink.failed, SECONDS), kind: 'bad', bars: true, title: 'failed' },
    ],
    spans: sink.off.map((/** @type {any} */ each) => ({ from: past(each.begin), to: each.end ? past(each.end) : 0, kind: 'bad', title: `not polling for ${span((each.end ?? Date.now() / 1000) - each.begin)}` })),
    marks: sink.probes.map((/** @type {[number, number]} */ [second]) => ({ at: past(second), kind: 'warn', title: `tried ${ago(second)}` })),
  });
}

/** @param {string} term @param {unknown} value @param {string} title @param {string} [kind] */
function number(term, value, title, kind = '') {
  return html`<div title=${title}><dt>${term}</dt><dd class=${kind}>${value}</dd></div>`;
}

/** @param {any} move */
function redriving(move) {
  const part = move.of ? Math.min(move.moved / move.of, 1) : 1;
  const kind = { RUNNING: 'busy', COMPLETED: 'good', CANCELLED: 'warn', FAILED: 'bad' }[/** @type {string} */ (move.status)];
  return html`<div class="move"><span>Redrive ${badge(move.status, kind)} ${move.moved} of ${move.of}${move.rate ? ` at ${move.rate} a second` : ''} <span class="faint">${ago(move.started)}</span></span>
    <div class="bar ${kind}"><span style="width: ${100 * part}%"></span></div></div>`;
}

customElements.define('view-sinks', Sinks);
