/** How far a request is, as a bar. */

import { html, nothing } from 'lit';

const KINDS = /** @type {Record<string, string>} */ ({ SUCCEEDED: 'good', FAILED: 'bad', EXPIRED: 'bad', CANCELLED: 'calm', CANCELLING: 'warn', RETRY_WAIT: 'warn', INPUT_REQUIRED: 'warn' });

export const OPEN = ['QUEUED', 'RUNNING', 'RETRY_WAIT', 'INPUT_REQUIRED', 'CANCELLING'];

/** @param {string} state */
export function isOpen(state) {
  return OPEN.includes(state);
}

/**
 * @param {string} state
 * @param {any} progress the latest report, if there is one
 */
export function bar(state, progress) {
  const known = progress?.percentage ?? undefined;
  const percentage = state === 'SUCCEEDED' ? 100 : known;
  const running = state === 'RUNNING' && percentage === undefined;
  if (percentage === undefined && !running) return html`<div class="bar empty" aria-hidden="true"></div>`;
  return html`<div class="bar ${KINDS[state] ?? ''} ${running ? 'unknown' : ''}" role="progressbar" aria-valuemin="0" aria-valuemax="100"
    aria-valuenow=${percentage === undefined ? nothing : Math.round(percentage)}><span style="width: ${running ? 100 : percentage}%"></span></div>`;
}
