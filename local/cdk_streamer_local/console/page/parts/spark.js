/** A small line of numbers, oldest left. */

import { svg, html } from 'lit';

/**
 * @param {readonly number[]} values
 * @param {{ width?: number, height?: number, title?: string, kind?: string, most?: number }} [how]
 */
export function spark(values, { width = 120, height = 24, title = '', kind = 'busy', most } = {}) {
  const top = Math.max(most ?? 0, ...values, 1e-9);
  const step = width / Math.max(values.length - 1, 1);
  const points = values.map((value, at) => [at * step, height - 1 - (value / top) * (height - 3)]);
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  return html`<svg class="spark ${kind}" viewBox="0 0 ${width} ${height}" width=${width}
    height=${height} role="img" aria-label=${title} preserveAspectRatio="none">
    <title>${title}</title>
    ${svg`<polygon points="0,${height} ${line} ${width},${height}"></polygon>
          <polyline points=${line}></polyline>`}
  </svg>`;
}
