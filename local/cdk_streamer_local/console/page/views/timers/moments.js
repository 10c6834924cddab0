/** Firings to come, as a list: in the schedule's own zone where that is not UTC. */

import { html, nothing } from 'lit';
import { ago, whole } from '../../words.js';

/** @param {Array<{ fire_at: string, local: string, delay: number, note: string }>} upcoming */
export function moments(upcoming) {
  return html`<ol class="moments">${upcoming.map((each) => html`<li>
      <span class="mono" title=${whole(each.fire_at)}>${local(each)}</span>
      ${each.delay ? html`<span class="faint" title="jitter">+${each.delay} s</span>` : nothing}
      ${each.note ? html`<span class="warn-text note">${each.note}</span>` : nothing}
      <span class="faint">${ago(each.fire_at)}</span></li>`)}</ol>`;
}

/** @param {{ local: string }} moment */
function local({ local }) {
  const [date, time] = local.split('T');
  const day = new Date(`${date}T00:00:00Z`).toLocaleDateString('en-GB', { weekday: 'short', timeZone: 'UTC' });
  return `${day} ${date} ${time.slice(0, 8)} ${time.slice(8).replace('+00:00', 'UTC')}`;
}
