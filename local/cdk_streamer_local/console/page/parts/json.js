/** A value as JSON that can be read: folded where it is long. */

import { html, nothing } from 'lit';

const SHORT = 60;

/** @param {unknown} value @returns {unknown} */
export function json(value) {
  return html`<div class="json">${shown(value)}</div>`;
}

/** @param {unknown} value @param {string} [key] @returns {unknown} */
function shown(value, key) {
  const name = key === undefined ? nothing : html`<span class="key">${key}</span>: `;
  if (value === null || typeof value !== 'object') {
    const kind = value === null ? 'null' : typeof value;
    return html`<div>${name}<span class="value ${kind}">${JSON.stringify(value)}</span></div>`;
  }
  const text = JSON.stringify(value);
  const entries = Object.entries(value);
  const [begin, end] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (text.length <= SHORT && entries.every(([, each]) => each === null || typeof each !== 'object')) {
    return html`<div>${name}<span class="value short">${text}</span></div>`;
  }
  return html`<details open><summary>${name}${begin} <span class="faint">${entries.length}</span></summary>
    <div class="inside">${entries.map(([each, inner]) => shown(inner, Array.isArray(value) ? undefined : each))}</div>
    ${end}</details>`;
}
