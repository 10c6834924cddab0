/** A picture of constructs or of their parts, in which what is called right now can be seen. */

import { html, nothing, svg } from 'lit';

/**
 * @param {any} drawing
 * @param {{ label: string, calls: (node: string) => { recent: number, failed: boolean },
 *   go: (figure: any) => string | undefined }} how `calls` of a node in the last minute; `go` gives
 *   the address that a figure leads to
 */
export function picture(drawing, { label, calls, go }) {
  const { width, height } = drawing;
  return html`<svg class="drawing" viewBox="0 0 ${width} ${height}" style="--natural: ${width}px" role="group" aria-label=${label}>
    <defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
      <path d="M0 0 L10 5 L0 10 z"></path></marker></defs>
    ${drawing.arrows.map((arrow) => svg`<path class="arrow ${arrow.reads ? 'reads' : ''} ${calls(arrow.source).recent ? 'flows' : ''}" d=${arrow.path}></path>`)}
    ${drawing.figures.map((figure) => drawn(figure, calls(figure.node), go(figure)))}
    ${drawing.arrows.map((arrow) => arrow.texts.map(written))}
  </svg>`;
}

/** @param {any} figure @param {{ recent: number, failed: boolean }} calls @param {string | undefined} address */
function drawn(figure, calls, address) {
  const box = figure.shapes[0];
  const inner = svg`
    ${figure.shapes.map((shape) => svg`<rect class=${shape.style} x=${shape.x} y=${shape.y} width=${shape.width} height=${shape.height} rx=${shape.corner}></rect>`)}
    ${figure.texts.map(written)}
    ${calls.recent ? svg`<g class="calls ${calls.failed ? 'bad' : ''}" transform="translate(${box.x + box.width - 14} ${box.y})">
      <rect x=${-width(calls.recent) / 2} y="-9" width=${width(calls.recent)} height="18" rx="9"></rect>
      <text y="4">${calls.recent}</text><title>${calls.recent} calls in the last minute${calls.failed ? ', with failures' : ''}</title></g>` : nothing}`;
  return address ? svg`<a class="figure" href=${address}>${inner}</a>` : svg`<g class="figure">${inner}</g>`;
}

/** @param {any} text */
function written(text) {
  return svg`<text class=${text.style} x=${text.x} y=${text.y}>${text.text}${text.whole ? svg`<title>${text.whole}</title>` : nothing}</text>`;
}

/** @param {number} number */
function width(number) {
  return 14 + 7 * String(number).length;
}
