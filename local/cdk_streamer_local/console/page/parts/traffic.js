/** What came and what left, by second, and how many there were meanwhile. */

import { html, svg, nothing } from 'lit';

/**
 * @typedef {object} Line
 * @property {readonly number[]} values oldest left; empty: all zero
 * @property {string} kind its color
 * @property {boolean} [filled]
 * @property {boolean} [bars] one for each second with any, instead of a line
 * @property {string} title
 */

/**
 * Several lines on one scale. `limit` is drawn across, if there is one; `spans` are stretches of
 * time with a color of their own, from and to in seconds before now.
 * @param {{ lines: Line[], label: string, width?: number, height?: number, limit?: number, spans?: Array<{ from: number, to: number, kind: string, title: string }>, marks?: Array<{ at: number, kind: string, title: string }>, seconds?: number, most?: number }} how
 */
export function chart({ lines, label, width = 560, height = 90, limit, spans = [], marks = [], seconds = 60, most = 0 }) {
  const top = Math.max(most, 1, ...(limit ? [limit * 1.15] : []), ...lines.flatMap((line) => [...line.values]));
  const x = (/** @type {number} */ before) => width - (Math.min(before, seconds) / seconds) * width;
  const y = (/** @type {number} */ value) => height - 1 - (value / top) * (height - 8);
  const points = (/** @type {readonly number[]} */ values) => values
    .map((value, at) => `${((at / Math.max(values.length - 1, 1)) * width).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return html`<figure class="chart"><svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label=${label}>
      ${spans.map((span) => svg`<rect class="span ${span.kind}" x=${x(span.from)} width=${Math.max(x(span.to) - x(span.from), 1)} y="0" height=${height}><title>${span.title}</title></rect>`)}
      ${lines.filter((line) => line.values.length).map((line) => svg`<g class="line ${line.kind}"><title>${line.title}</title>
        ${line.filled ? svg`<polygon points="0,${height} ${points(line.values)} ${width},${height}"></polygon>` : nothing}
        ${line.bars
          ? line.values.map((value, at) => value ? svg`<line x1=${x(seconds - at)} x2=${x(seconds - at)} y1=${height} y2=${y(value)}></line>` : nothing)
          : svg`<polyline points=${points(line.values)}></polyline>`}</g>`)}
      ${limit ? svg`<line class="limit" x1="0" x2=${width} y1=${y(limit)} y2=${y(limit)}><title>${limit} a second at most</title></line>` : nothing}
      ${marks.map((mark) => svg`<line class="mark ${mark.kind}" x1=${x(mark.at)} x2=${x(mark.at)} y1="0" y2=${height}><title>${mark.title}</title></line>`)}
    </svg>
    <figcaption><span>${seconds >= 120 ? `${seconds / 60} min` : `${seconds} s`} ago</span>
      ${lines.map((line) => html`<span class="key ${line.kind}">${line.title}</span>`)}
      ${limit ? html`<span class="key limit">limit ${limit} /s</span>` : nothing}
      ${marks.length ? html`<span class="key mark">probe</span>` : nothing}
      <span>now</span></figcaption></figure>`;
}
