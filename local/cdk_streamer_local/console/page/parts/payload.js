/** A text that is mostly JSON, and shown as such then. */

import { html } from 'lit';
import { json } from './json.js';

/** @param {string} text */
export function payload(text) {
  const value = parsed(text);
  return value === undefined ? html`<pre class="payload">${text}</pre>` : json(value);
}

/** One line of it, for lists. @param {string} text */
export function brief(text) {
  const value = parsed(text);
  return (value === undefined ? text : JSON.stringify(value)).slice(0, 300);
}

/** @param {string} text @returns {unknown} */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}
