/** What is told of one timer, below its buttons. */

import { html, nothing } from 'lit';
import { badge } from '../../parts/badge.js';
import { facts } from '../../parts/drawer.js';
import { json } from '../../parts/json.js';
import { ago, clock, whole } from '../../words.js';
import { moments } from './moments.js';
import { queue, short } from './service.js';

const POLICIES = /** @type {Record<string, string>} */ ({ fire_latest: 'the latest is sent', fire_all: 'all are sent', skip: 'all are skipped' });

/**
 * @param {any} value the detail
 * @param {any} service
 */
export function body(value, service) {
  const { document } = value;
  return html`
    ${facts(
      ['Fires', html`${value.words}${document.state === 'PAUSED' ? html` <span class="faint">once it is resumed</span>` : nothing}`],
      ['Next', document.next_fire_at ? html`${ago(document.next_fire_at)} <span class="faint">${whole(document.next_fire_at)}</span>` : '–'],
      ['Last due', document.last_due_at ? html`${ago(document.last_due_at)} <span class="faint">${whole(document.last_due_at)}</span>` : html`<span class="faint">not yet, since it is as it is</span>`],
      document.owner && ['Owner', document.owner],
      document.jitter && ['Jitter', `up to ${document.jitter.seconds} s, ${document.jitter.mode === 'each' ? 'another for each firing' : 'the same for all firings'}`],
      document.start && ['From', whole(document.start)],
      document.end && ['Until', whole(document.end)],
      ['If late', `${POLICIES[document.misfire.policy]}, after ${document.misfire.grace} s`],
      ['Callback', html`<a href="#/logs/${encodeURIComponent(value.callback)}">${value.callback}</a>`],
    )}
    ${part('Data', json(document.data))}
    ${value.failures.length ? part('What went wrong', failures(value.failures)) : nothing}
    ${value.dead.length ? part(html`Given up: <a href=${queue(service?.dead_letter_queue ?? '')}>in the dead letters</a>`, queued(value.dead)) : nothing}
    ${part('Comes', value.upcoming.length ? moments(value.upcoming) : html`<p class="faint">Never again.</p>`)}
    ${value.queued.length ? part('In the queue already', queued(value.queued)) : nothing}
    ${value.remembered.length ? part('Remembered', remembered(value)) : nothing}
    ${part('Where it lies', place(value))}`;
}

/** @param {unknown} title @param {unknown} inner */
function part(title, inner) {
  return html`<section class="part"><h3>${title}</h3>${inner}</section>`;
}

/** @param {any[]} all */
function failures(all) {
  return all.map((each) => html`<details class="entry"><summary>
      <span class="bad-text">${each.text}</span> <span class="brief">${each.error}</span>
      <span class="faint">${each.attempt > 1 ? `attempt ${each.attempt} · ` : ''}${ago(each.time)}</span></summary>
    <div class="inside">${each.traceback ? html`<pre>${each.traceback}</pre>` : nothing}
      ${facts(['Firing', html`<code>${each.fire_key}</code>`], ['At', clock(each.time)])}</div></details>`);
}

/** @param {any[]} all */
function queued(all) {
  return html`<ol class="moments">${all.map((each) => html`<li>
      <span class="mono">${clockOf(each.fire_key)}</span>
      ${badge(each.state, each.state === 'delayed' ? 'calm' : each.state === 'in flight' ? 'busy' : 'warn')}
      ${each.received ? html`<span class="faint">received ${each.received}×</span>` : nothing}
      <span class="faint">${each.state === 'delayed' ? ago(each.visible_at) : ''}</span></li>`)}</ol>`;
}

/** @param {any} value */
function remembered(value) {
  return html`<ol class="moments">${value.remembered.map((each) => html`<li><span class="mono">${clock(each.moment).slice(0, 8)}</span>
    ${each.done ? badge('done') : badge('running')}<span class="faint">${ago(each.moment)}</span></li>`)}</ol>`;
}

/** @param {any} value */
function place(value) {
  const { shard } = value;
  return facts(
    ['Service', short(value.service)],
    ['Place', value.place],
    ['Shard', shard ? html`<code>${shard.name || '(the only one)'}</code> ${Date.now() < shard.lease_until ? badge('dispatching', 'busy') : nothing}` : 'nobody came to it yet'],
    shard && ['Sent until', html`${whole(shard.done_until)} <span class="faint">${ago(shard.done_until)}</span>`],
    shard && ['Claimed until', whole(shard.claimed_until)],
    shard && ['Lease', html`epoch ${shard.epoch} ${shard.lease_until ? html`<span class="faint">held until ${clock(shard.lease_until / 1000)}</span>` : html`<span class="faint">free</span>`}`],
    shard?.cursor && ['Cursor', html`<code>${JSON.stringify(shard.cursor)}</code>`],
    ['Revision', html`<code>${value.rev}</code>`],
    ['Made', html`${ago(value.document.created_at)} <span class="faint">${whole(value.document.created_at)}</span>`],
    ['Changed', ago(value.document.updated_at)],
  );
}

/** The moment in a fire key. @param {string} key */
function clockOf(key) {
  return clock(Number(key.split('/').at(-1))).slice(0, 8);
}
