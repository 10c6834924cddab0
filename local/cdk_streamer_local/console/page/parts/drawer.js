/** One thing in detail, beside the list that it is from. Escape closes it. */

import { html } from 'lit';

/**
 * @param {{ title: unknown, tools?: unknown, body: unknown, close: () => void }} parts
 */
export function drawer({ title, tools = '', body, close }) {
  return html`<aside class="drawer" aria-label="details" tabindex="-1" data-close
      @close=${close}>
    <header>
      <h2>${title}</h2>
      <div class="buttons">${tools}<button class="quiet" title="Close (Esc)" aria-label="Close" @click=${close}>✕</button></div>
    </header>
    <div class="inner">${body}</div>
  </aside>`;
}

/** Facts as a list of terms. @param {Array<[string, unknown] | undefined | false>} facts */
export function facts(...facts) {
  const known = /** @type {Array<[string, unknown]>} */ (facts.filter(Boolean));
  return html`<dl class="facts">${known.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>`;
}
