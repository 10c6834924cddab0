/** A state as a word on a color; the word is always there, so the color is never alone. */

import { html } from 'lit';

/** Which color a state has; any other is calm. @type {Record<string, string>} */
const KINDS = {
  succeeded: 'good', closed: 'good', enabled: 'good', active: 'good', passed: 'good', done: 'good',
  running: 'busy', started: 'busy', processing: 'busy', in_progress: 'busy', open_connection: 'busy',
  queued: 'warn', waiting: 'warn', retrying: 'warn', half_open: 'warn', paused: 'warn', held: 'warn',
  input_required: 'warn', retry_wait: 'warn', cancelling: 'warn',
  failed: 'bad', timed_out: 'bad', open: 'bad', expired: 'bad', rejected: 'bad', fault: 'bad',
};

/**
 * @param {string} state
 * @param {string} [kind] good, busy, warn, bad, calm or chaos; default: as the word says
 */
export function badge(state, kind) {
  const word = state.toLowerCase();
  return html`<span class="badge ${kind ?? KINDS[word] ?? 'calm'}">${word.replaceAll('_', ' ')}</span>`;
}
