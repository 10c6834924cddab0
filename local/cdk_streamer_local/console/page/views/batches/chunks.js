/** The chunks of a batch: each a cell of a picture, and with its attempts in a list. */

import { html, nothing } from 'lit';
import { badge } from '../../parts/badge.js';
import { ago, clock, count, took } from '../../words.js';

/** @typedef {any} Value the detail */

/** A cell for each chunk, also for those to come. @param {Value} value */
export function cells(value) {
  const total = value.progress?.chunks ?? 0;
  const begun = new Map(value.chunks.map((each) => [each.number, each]));
  const numbers = Array.from({ length: Math.min(total || value.chunks.length, 400) }, (_, at) => at + 1 + value.more_chunks);
  return html`<div class="cells" role="img" aria-label=${`${value.progress.chunks_done} of ${count(total, 'chunk')} done`}>
    ${numbers.map((number) => {
      const chunk = begun.get(number);
      const words = chunk ? `chunk ${number}: ${chunk.state}, ${chunk.published} published, ${chunk.failed} failed, ${count(chunk.attempts, 'attempt')}` : `chunk ${number}: to come`;
      return html`<i class="cell ${chunk?.state ?? 'none'} ${chunk && chunk.attempts > 1 ? 'again' : ''}" title=${words}></i>`;
    })}</div>`;
}

/** Those that had trouble or are under way, and then the others. @param {Value} value */
export function list(value) {
  const order = /** @type {Record<string, number>} */ ({ failed: 0, running: 1, waiting: 1, succeeded: 2 });
  const rank = (chunk) => order[chunk.state] * 2 + (chunk.attempts > 1 ? 0 : 1);
  const chunks = [...value.chunks].sort((one, other) => rank(one) - rank(other) || one.number - other.number);
  return chunks.slice(0, 60).map((chunk) => html`<details class="entry"><summary>
      ${badge(chunk.state)} <span class="brief">chunk ${chunk.number} <span class="faint">${words(chunk)}</span></span>
      <span class="faint">${took(length(chunk))}</span></summary>
    <div class="inside"><ol class="steps">${chunk.steps.map((step) => operation(step))}</ol></div></details>`);
}

/** One operation of an execution. @param {any} each */
export function operation(each) {
  const result = each.result?.value ?? each.result;
  const waits = each.kind === 'Wait';
  return html`<li>
    <time title=${clock(each.started)}>${clock(each.started).slice(0, 12)}</time>
    <span>${badge(waits && each.state === 'running' ? 'waiting' : each.state)}
      <b>${waits ? 'pause' : each.name}</b> ${waits || each.kind === 'Step' ? nothing : html`<span class="faint">${each.kind}</span>`}
      ${each.attempts > 1 ? html`<span class="faint">${count(each.attempts, 'attempt')}</span>` : nothing}
      ${waits && each.until && each.state === 'running' ? html`<span class="faint">goes on ${ago(each.until)}</span>` : nothing}
      ${each.error ? html`<div class="bad-text">${each.error}</div>` : nothing}
      ${part(result)}</span>
    <span class="faint">${each.ended ? took(each.ended - each.started) : ''}</span></li>`;
}

/** What a step of a chunk recorded, in words. @param {any} result */
function part(result) {
  if (result === null || result === undefined || typeof result !== 'object') return nothing;
  const told = [];
  if (result.published) told.push(`${result.published} published`);
  if (result.rejected?.length) told.push(`${result.rejected.length} rejected, to come again`);
  if (result.failed?.length) told.push(html`<span class="bad-text">${result.failed.length} failed</span>`);
  if (result.left?.length) told.push(`${result.left.length} left for the next turn`);
  if (result.pause) told.push(`in ${result.pause} s`);
  if (result.value?.ids) told.push(`${count(result.value.ids.length, 'id')}${result.value.next === null ? ', the last page' : ''}`);
  return told.length ? html`<span class="faint">${told.map((each, at) => html`${at ? ', ' : ''}${each}`)}</span>` : nothing;
}

/** @param {any} chunk */
function words(chunk) {
  const failed = chunk.failed ? `, ${chunk.failed} failed` : '';
  const again = chunk.attempts > 1 ? `, ${chunk.attempts} attempts` : '';
  return `${chunk.published} of ${chunk.items} published${failed}${again}`;
}

/** @param {any} chunk */
function length(chunk) {
  const isOver = ['succeeded', 'failed'].includes(chunk.state);
  const end = (isOver && chunk.steps.at(-1).ended) || Date.now() / 1000;
  return end - chunk.steps[0].started;
}
