/** One request with all that is known of it. */

import { html, nothing } from 'lit';
import { live } from '../../live.js';
import { badge } from '../../parts/badge.js';
import { facts } from '../../parts/drawer.js';
import { json } from '../../parts/json.js';
import { copy } from '../../parts/palette.js';
import { ago, clock, count, size, took, whole } from '../../words.js';
import { words } from './follower.js';
import { bar, isOpen } from './progress.js';
import { skeleton } from './skeleton.js';

const LINES = 200;
const MOST_CHOICES = 8;

/**
 * @param {any} detail the panel's item
 * @param {any} api
 * @param {import('./follower.js').Follower} follower
 * @param {{ answer: (value: string) => void }} actions
 */
export function body(detail, api, follower, actions) {
  const { request } = detail;
  return html`
    ${howFar(request, follower)}
    ${request.state === 'INPUT_REQUIRED' && request.input ? question(request.input, actions.answer) : nothing}
    ${outcome(detail, api)}
    ${section('Payload', detail.body ? html`${json(detail.body.payload)}
      ${Object.keys(detail.body.metadata ?? {}).length ? html`<h3>Metadata</h3>${json(detail.body.metadata)}` : nothing}`
      : html`<p class="faint">It is gone: it is kept no longer than it may be needed.</p>`)}
    ${detail.chunks ? section(`Output, ${count(detail.chunks.of, 'chunk')}`, chunks(detail.chunks)) : nothing}
    ${section('Facts', known(request, api))}
    ${said(request, api)}
    ${heard(follower)}`;
}

/** @param {string} title @param {unknown} content */
function section(title, content) {
  return html`<section class="part"><h3>${title}</h3>${content}</section>`;
}

/** @param {any} request @param {import('./follower.js').Follower} follower */
function howFar(request, follower) {
  const stored = request.progress?.attempt === undefined || request.progress?.attempt === request.attempt ? request.progress : null;
  const report = follower.progress && isOpen(request.state) ? follower.progress : stored;
  const percentage = report?.percentage;
  const units = report?.current === null || report?.current === undefined ? ''
    : `${report.current.toLocaleString('en-US')}${report.total ? ` of ${report.total.toLocaleString('en-US')}` : ''} ${report.unit ?? ''}`;
  return html`<section class="how-far">
    <div class="state">${badge(request.state)}
      ${percentage === null || percentage === undefined ? nothing : html`<b>${Math.round(percentage * 10) / 10} %</b>`}
      <span class="words">${report?.message ?? ''}</span>
      ${isOpen(request.state) ? listening(follower) : nothing}</div>
    ${bar(request.state, report)}
    ${report?.step || units ? html`<p class="faint">${[report.step && `step ${report.step}`, units].filter(Boolean).join(' · ')}</p>` : nothing}
    ${report?.metadata && Object.keys(report.metadata).length ? json(report.metadata) : nothing}
  </section>`;
}

/** @param {import('./follower.js').Follower} follower */
function listening(follower) {
  if (follower.isLive) return html`<span class="status good listening" title="Followed as its owner by the JavaScript client, over the WebSocket">heard live</span>`;
  return html`<span class="faint listening" title=${follower.problem}>${follower.problem ? 'read from the table' : 'connecting…'}</span>`;
}

/** What it asks a person, with a button for each answer where there are few. @param {any} asked @param {(value: string) => void} answer */
function question(asked, answer) {
  const few = choices(asked.schema);
  const send = (event) => {
    event.preventDefault();
    answer(String(new FormData(event.target).get('value')));
  };
  return html`<form class="question part" @submit=${send}>
    <h3>It asks: ${asked.prompt ?? 'for input'}</h3>
    ${few ? html`<div class="buttons">${few.map((choice) => html`<button type="button" @click=${() => answer(JSON.stringify(choice))}>${typeof choice === 'string' ? choice : JSON.stringify(choice)}</button>`)}</div>`
      : html`<textarea name="value" rows="4" spellcheck="false" aria-label="Answer, JSON" .value=${JSON.stringify(skeleton(asked.schema), null, 2)}></textarea>
        <div class="buttons"><button class="primary">Answer</button></div>
        <details><summary>what it takes</summary>${json(asked.schema)}</details>`}
  </form>`;
}

/** The answers that there are, if they can be counted. @param {any} schema @returns {unknown[] | undefined} */
function choices(schema) {
  if (schema?.type === 'boolean') return [true, false];
  return schema?.enum?.length <= MOST_CHOICES ? schema.enum : undefined;
}

/** @param {any} detail @param {any} api */
function outcome({ request, stored }, api) {
  if (request.error && !isOpen(request.state)) return section('Error', fault(request.error, raised(request, api)));
  if (request.state === 'RETRY_WAIT') return section('The last attempt failed', html`<pre class="cut">${raised(request, api) || 'The log does not tell why.'}</pre>`);
  if (request.state === 'CANCELLED') return section('Cancelled', html`<p>${request.cancel_reason ?? 'without a reason'}</p>`);
  if (request.state !== 'SUCCEEDED') return nothing;
  if (!stored) return section('Result', json(request.result ?? null));
  return section('Result', html`<p class="faint">${size(stored.bytes)} in S3, bucket ${stored.bucket}
      <button class="small quiet" @click=${() => copy(stored.url)}>copy its address</button></p>
    ${stored.problem ? html`<p class="bad-text">${stored.problem}</p>` : nothing}
    ${stored.text ? html`<p class="faint">The first ${size(stored.text.length)}:</p><pre class="cut">${stored.text.slice(0, 4000)}…</pre>` : nothing}
    ${'value' in stored ? json(stored.value) : nothing}`);
}

/** What a client reads of it, and what the handler raised. @param {any} error @param {string} cause */
function fault(error, cause) {
  return html`<p><code class="bad-text">${error.code}</code> ${error.message}</p>
    ${cause && !cause.includes(error.message) ? html`<pre class="cut" title="what the handler raised, as the log has it; clients do not read it">${cause}</pre>` : nothing}
    ${error.details ? json(error.details) : nothing}
    ${error.trace_id ? html`<p class="faint">trace ${error.trace_id}</p>` : nothing}`;
}

/** @param {{ of: number, page: any[] }} chunks */
function chunks({ of, page }) {
  const left = of - page.length;
  return html`${left > 0 ? html`<p class="faint">The last ${page.length}:</p>` : nothing}
    <ol class="chunks">${page.map((chunk) => html`<li value=${chunk.chunk_index}>${typeof chunk.data === 'string' ? chunk.data : JSON.stringify(chunk.data)}</li>`)}</ol>`;
}

/** @param {any} request @param {any} api */
function known(request, api) {
  const open = isOpen(request.state);
  const now = Date.now();
  const leased = open && request.worker && request.lease_until > 0;
  return facts(
    ['Id', html`<button class="copy" title="Copy" @click=${() => copy(request.request_id)}>${request.request_id}</button>`],
    ['Owner', html`${request.owner} <span class="faint">of ${request.tenant}</span>`],
    api && ['API', api.name],
    ['Accepted', moment(request.created_at)],
    request.ended_at ? ['Ended', html`${moment(request.ended_at)} <span class="faint">after ${took((request.ended_at - request.created_at) / 1000)}</span>`] : undefined,
    ['Attempt', html`${request.attempt} <span class="faint">of ${request.max_attempts} at most, ${took(request.timeout / 1000)} each</span>`],
    request.retry_at && request.state === 'RETRY_WAIT' ? ['Next attempt', moment(request.retry_at)] : undefined,
    request.state === 'QUEUED' ? ['Expires', moment(request.expires_at)] : undefined,
    leased ? ['Lease', html`<code>${request.worker}</code> ${request.lease_until > now ? 'ends' : html`<span class="bad-text">ended</span>`} ${moment(request.lease_until)}`] : undefined,
    leased && request.deadline_at ? ['Deadline', moment(request.deadline_at)] : undefined,
    request.executor !== 'worker' ? ['Executor', html`${request.executor} ${request.execution ? html`<button class="copy" title="Copy ${request.execution}" @click=${() => copy(request.execution)}>…${request.execution.split('/').at(-1)}</button>` : nothing}`] : undefined,
    request.asleep_until && open ? ['Asleep', moment(request.asleep_until)] : undefined,
    request.cancel_reason && open ? ['Cancel asked', request.cancel_reason] : undefined,
    ['Messages', html`${request.seq} <span class="faint">to ${count(Object.keys(request.subscribers ?? {}).length, 'subscriber')}</span>`],
    request.webhook ? ['Webhook', html`${request.webhook}<br><span class="faint">${notice(request)}</span>`] : undefined,
    request.slots?.length ? ['Counts for', count(request.slots.length, 'limit')] : undefined,
    request.trace && !request.error ? ['Trace', html`<code>${request.trace.match(/Root=([^;]+)/)?.[1] ?? request.trace}</code>`] : undefined,
  );
}

/** @param {any} request */
function notice(request) {
  if (request.notified_at) return html`told ${moment(request.notified_at)}`;
  if (request.notice_tried_at) return html`tried ${moment(request.notice_tried_at)}, not told yet`;
  return isOpen(request.state) ? 'is told of the end' : 'not told yet';
}

/** @param {number} milliseconds */
function moment(milliseconds) {
  return html`<time title=${whole(milliseconds / 1000)}>${ago(milliseconds / 1000)}</time>`;
}

/** The lines of the invocations that worked on it. @param {any} request @param {any} api @returns {any[]} */
function linesOf(request, api) {
  const runners = new Set(api?.runners ?? []);
  const near = live.lines.filter((line) => runners.has(line.function) && line.kind !== 'ended');
  const own = (/** @type {any} */ line) => line.members?.request === request.request_id;
  const calls = new Set(near.filter(own).map((line) => line.request).filter(Boolean));
  return near.filter((line) => own(line) || calls.has(line.request)).slice(-LINES);
}

/** What the latest attempt raised, in the words of its traceback's end. @param {any} request @param {any} api */
function raised(request, api) {
  const failed = linesOf(request, api).filter((line) => line.traceback && line.members?.request === request.request_id);
  return failed.at(-1)?.traceback.trim().split('\n').at(-1) ?? '';
}

/** @param {any} request @param {any} api */
function said(request, api) {
  const lines = linesOf(request, api);
  const last = lines.findLast((line) => line.traceback);
  return section('Log', html`
    ${lines.length ? html`<ol class="said">${lines.map((line) => lineOf(line, line === last))}</ol>`
      : html`<p class="faint">Nothing was said about it, or no longer kept.</p>`}
    <a href="#/logs/${encodeURIComponent(`?${request.request_id}`)}">in the log</a>`);
}

/** @param {any} line @param {boolean} isLast of those with a traceback */
function lineOf(line, isLast) {
  const members = Object.entries(line.members ?? {}).filter(([name]) => !['request', 'action'].includes(name));
  return html`<li class=${line.level.toLowerCase() || line.kind}>
    <time>${clock(line.time)}</time> <span class="words">${line.level && line.level !== 'INFO' ? html`<b>${line.level}</b> ` : nothing}${line.text}
      ${members.map(([name, value]) => html` <span class="faint">${name}=${typeof value === 'string' ? value : JSON.stringify(value)}</span>`)}
      ${line.traceback ? html`<details ?open=${isLast}><summary>traceback</summary><pre>${brief(line.traceback)}</pre></details>` : nothing}</span></li>`;
}

/** A traceback without the folder in which the engine unpacked the function. @param {string} traceback */
function brief(traceback) {
  return traceback.replaceAll(/"\/tmp\/[^"]*\/(?:layer_\d+\/python|code)\//g, '"');
}

/** @param {import('./follower.js').Follower} follower */
function heard(follower) {
  if (!follower.heard.length) return nothing;
  return html`<details class="part"><summary>Messages since it was opened here <span class="faint">${follower.heard.length}</span></summary>
    <ol class="said">${follower.heard.slice(-50).map(({ at, message }) => html`<li><time>${clock(at)}</time> <span class="words"><b>${message.kind}</b> ${words(message)}</span></li>`)}</ol></details>`;
}
