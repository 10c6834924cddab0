/** One PeriodicTimer in figures. */

import { html, nothing } from 'lit';
import { spark } from '../../parts/spark.js';
import { count, span, took } from '../../words.js';

const RECENT = 10;

/** @param {any} service */
export function card(service) {
  const behind = service.ahead !== null && service.ahead < 0;
  const { states } = service;
  return html`<section class="card timers-service ${service.dead_letters || behind ? 'bad' : ''}" aria-label=${service.name}>
    <header><h2>${short(service.name)}</h2>
      <span class="faint">runs <a href="#/logs/${encodeURIComponent(service.callback)}">${service.callback || 'a function of another app'}</a></span>
      ${flags(service)}</header>
    <div class="figures">
      ${figure(`${rate(service.fired)} /s`, 'fired', spark(service.fired, { title: `firings of ${service.name} that were handled, by second of the last minute`, kind: 'good', width: 150 }))}
      ${figure(`${(sum(service.due) / 60).toFixed(1)} /s`, 'due, next minute', spark(service.due, { title: 'firings that are due, by second of the next minute', width: 150 }))}
      ${figure(service.lateness_p99 === null ? '–' : took(service.lateness_p99 / 1000), 'late, p99', spark(service.lateness, { title: 'how late firings could be received, 99th percentile of ten seconds each, last five minutes', kind: 'warn', width: 150 }))}
      <dl class="numbers">
        ${number('active', states.ACTIVE)}
        ${number('paused', states.PAUSED)}
        ${number('ended', states.ENDED)}
        ${number('in the queue', html`<a href=${queue(service.fan_out)}>${service.queued.toLocaleString('en-US')}</a>`, `${service.waiting} due, ${service.in_flight} in hand`)}
        ${number(behind ? 'behind' : 'queued ahead', service.ahead === null ? '–' : span(Math.abs(service.ahead)), `of ${span(service.look_ahead)}`, behind ? 'bad-text' : '')}
        ${number('given up', html`<a href=${queue(service.dead_letter_queue)}>${service.dead_letters}</a>`, '', service.dead_letters ? 'bad-text' : '')}
      </dl></div>
    ${service.is_cut ? html`<p class="notice">There are more than these ${count(states.ACTIVE + states.PAUSED + states.ENDED, 'timer')}; the others are not shown.</p>` : nothing}
  </section>`;
}

/** The construct without its stack, where that is clear. @param {string} name */
export function short(name) {
  return name.split('/').slice(1).join('/') || name;
}

/** @param {string} arn */
export function queue(arn) {
  return arn ? `#/queues/${encodeURIComponent(arn)}` : '#/queues';
}

/** @param {any} service */
function flags(service) {
  const told = [
    [service.strict, 'strict', 'drops firings of timers that were changed since'],
    [service.dedupe, 'dedupe', 'remembers what was done'],
  ];
  return told.filter(([is]) => is).map(([, word, words]) => html`<span class="badge calm" title=${words}>${word}</span>`);
}

/** @param {unknown} value @param {string} words @param {unknown} picture */
function figure(value, words, picture) {
  return html`<div class="figure"><div><b>${value}</b> <span class="faint">${words}</span></div>${picture}</div>`;
}

/** @param {string} title @param {unknown} value @param {string} [hint] @param {string} [kind] */
function number(title, value, hint = '', kind = '') {
  return html`<div title=${hint}><dt>${title}</dt><dd class=${kind}>${typeof value === 'number' ? value.toLocaleString('en-US') : value}</dd></div>`;
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((all, each) => all + each, 0);
}

/** How many a second it was lately. @param {number[]} values */
function rate(values) {
  return (sum(values.slice(-RECENT)) / RECENT).toFixed(1);
}
