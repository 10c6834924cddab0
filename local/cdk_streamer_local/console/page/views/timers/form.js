/** A timer that is made or changed: its schedule as one types it, and when it would fire. */

import { html, nothing } from 'lit';
import { act } from '../../api.js';
import { toast } from '../../parts/toast.js';
import { Plain } from '../../view.js';
import { moments } from './moments.js';

const PAUSE_MILLISECONDS = 150;
const UNITS = /** @type {Record<string, number>} */ ({ '': 1, s: 1, m: 60, h: 3600, d: 86400 });

/** What stands in the fields. @param {any} document as the REST API has it */
function fieldsOf(document) {
  const schedule = document?.schedule ?? {};
  return {
    kind: schedule.cron ? 'cron' : schedule.at ? 'at' : 'every',
    every: schedule.every ? period(schedule.every) : '5m',
    phase: schedule.phase?.toString() ?? '',
    cron: schedule.cron ?? '0 9 * * 1-5',
    timezone: schedule.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    at: schedule.at ?? new Date(Date.now() + 60_000).toISOString().replace(/\.\d+Z$/, 'Z'),
    data: document ? JSON.stringify(document.data, undefined, 2) : '{}',
    owner: document?.owner ?? '',
    policy: document?.misfire?.policy ?? 'fire_latest',
    grace: String(document?.misfire?.grace ?? 60),
    jitter: document?.jitter?.seconds?.toString() ?? '',
    each: document?.jitter?.mode === 'each',
    start: document?.start ?? '',
    end: document?.end ?? '',
    paused: document?.state === 'PAUSED',
  };
}

/** @param {number} seconds */
function period(seconds) {
  const unit = ['d', 'h', 'm'].find((each) => seconds % UNITS[each] === 0) ?? 's';
  return `${seconds / UNITS[unit]}${unit}`;
}

export class TimerForm extends Plain {
  static properties = {
    services: { attribute: false }, service: {}, timer: {}, document: { attribute: false }, rev: { attribute: false },
    _fields: { state: true }, _preview: { state: true }, _busy: { state: true },
  };

  constructor() {
    super();
    /** @type {string[]} */
    this.services = [];
    this.service = '';
    /** The id of the one that is changed; empty for a new one. */
    this.timer = '';
    /** @type {any} */
    this.document = undefined;
    this.rev = 0;
    this._id = '';
    /** @type {any} */
    this._fields = undefined;
    /** @type {any} */
    this._preview = { words: '', upcoming: [], wrong: [] };
    this._busy = false;
    this._due = 0;
    this._turn = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    this._id = this.timer;
    this._fields = fieldsOf(this.document);
    this.#look();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this._due);
  }

  firstUpdated() {
    const first = this.timer ? '[name=every], [name=cron], [name=at]' : '[name=id]';
    /** @type {HTMLElement | null} */ (this.querySelector(first))?.focus();
  }

  render() {
    const fields = this._fields;
    return html`<form class="timer-form" @submit=${this.#save} @input=${this.#changed} @keydown=${this.#key}>
      ${this.services.length > 1 && !this.timer ? html`<label>Of <select name="service">${this.services.map((name) => html`<option ?selected=${name === this.service}>${name}</option>`)}</select></label>` : nothing}
      ${this.timer ? nothing : this.#text('id', 'Id', this._id, 'id', { placeholder: 'news' })}
      <fieldset><legend>Fires</legend>
        <div class="kinds" role="radiogroup">${[['every', 'every'], ['cron', 'by calendar'], ['at', 'once']].map(([kind, title]) => html`
          <label><input type="radio" name="kind" value=${kind} .checked=${fields.kind === kind}> ${title}</label>`)}</div>
        ${fields.kind === 'every' ? html`<div class="pair">
            ${this.#text('every', 'Period', fields.every, '/schedule/every', { placeholder: '90s, 5m, 2h, 1d' })}
            ${this.#text('phase', 'Phase in seconds', fields.phase, '/schedule/phase', { placeholder: 'by the id' })}</div>` : nothing}
        ${fields.kind === 'cron' ? html`<div class="pair">
            ${this.#text('cron', 'Minute hour day month weekday', fields.cron, '/schedule/cron')}
            ${this.#text('timezone', 'Time zone', fields.timezone, '/schedule/timezone')}</div>` : nothing}
        ${fields.kind === 'at' ? this.#text('at', 'Moment', fields.at, '/schedule/at') : nothing}
        ${this.#wrong('/schedule')}
      </fieldset>
      <label>Data <textarea name="data" spellcheck="false" aria-invalid=${Boolean(this.#fault('/data'))} .value=${fields.data}></textarea>${this.#wrong('/data')}</label>
      <details ?open=${this.#isUnusual()}><summary>Owner, misfires, jitter, bounds</summary>
        <div class="pair">
          ${this.#text('owner', 'Owner', fields.owner, '/owner', { placeholder: 'none' })}
          <label>State <select name="paused"><option value="">active</option><option value="yes" ?selected=${fields.paused}>paused</option></select></label>
          <label>Late firings <select name="policy">${[['fire_latest', 'send the latest'], ['fire_all', 'send all'], ['skip', 'skip all']].map(([value, title]) => html`<option value=${value} ?selected=${fields.policy === value}>${title}</option>`)}</select></label>
          ${this.#text('grace', 'Late after seconds', fields.grace, '/misfire/grace')}
          ${this.#text('jitter', 'Jitter up to seconds', fields.jitter, '/jitter/seconds', { placeholder: 'none' })}
          <label>Jitter <select name="each"><option value="">of the timer</option><option value="yes" ?selected=${fields.each}>of each firing</option></select></label>
          ${this.#text('start', 'Not before', fields.start, '/start', { placeholder: '2030-01-01T00:00:00Z' })}
          ${this.#text('end', 'Before', fields.end, '/end', { placeholder: 'no end' })}
        </div>${this.#wrong('/jitter')}</details>
      <div class="buttons">
        <button class="primary" ?disabled=${this._busy || this._preview.wrong.length > 0}>${this.timer ? 'Save' : 'Make it'}</button>
        <button type="button" class="quiet" @click=${this.#leave}>Cancel</button>
      </div>
      <section class="part" aria-live="polite"><h3>Would fire</h3>${this._preview.words ? html`<p>${this._preview.words}</p>` : nothing}
        ${this._preview.upcoming.length ? moments(this._preview.upcoming)
          : html`<p class="faint">${this._preview.wrong.length ? 'Correct what is marked.' : 'Never.'}</p>`}</section>
    </form>`;
  }

  /**
   * @param {string} name
   * @param {string} title
   * @param {string} value
   * @param {string} place where the service names it in a fault
   * @param {{ placeholder?: string }} [how]
   */
  #text(name, title, value, place, { placeholder = '' } = {}) {
    return html`<label>${title} <input type="text" name=${name} .value=${value} placeholder=${placeholder} spellcheck="false" autocomplete="off"
      aria-invalid=${Boolean(this.#fault(place))}>${this.#wrong(place)}</label>`;
  }

  /** @param {string} place */
  #fault(place) {
    if (place === 'id' && !this._id) return undefined;  // nobody has typed yet
    return this._preview.wrong.find((fault) => fault.place === place);
  }

  /** @param {string} place */
  #wrong(place) {
    const fault = this.#fault(place);
    return fault ? html`<span class="wrong">${fault.detail}</span>` : nothing;
  }

  #isUnusual() {
    const { document } = this;
    return Boolean(document && (document.owner || document.jitter || document.start || document.end || document.misfire?.policy !== 'fire_latest'));
  }

  /** What the REST API takes; raises SyntaxError for data that are no JSON. */
  #document() {
    const fields = this._fields;
    /** @type {any} */
    const document = { schedule: schedule(fields), data: JSON.parse(fields.data || 'null'), misfire: { policy: fields.policy, grace: number(fields.grace) } };
    for (const name of ['owner', 'start', 'end']) if (fields[name]) document[name] = fields[name];
    if (fields.jitter) document.jitter = { seconds: number(fields.jitter), mode: fields.each ? 'each' : 'stable' };
    if (fields.paused) document.state = 'PAUSED';
    return document;
  }

  /** @param {any} event */
  #changed(event) {
    const { name, value } = event.target;
    if (name === 'id') this._id = value.trim();
    else if (name === 'service') this.service = value;
    else this._fields = { ...this._fields, [name]: ['paused', 'each'].includes(name) ? value === 'yes' : value };
    clearTimeout(this._due);
    this._due = setTimeout(() => this.#look(), PAUSE_MILLISECONDS);
  }

  async #look() {
    const turn = (this._turn += 1);
    try {
      const body = { service: this.service, id: this._id, document: this.#document() };
      const preview = await act('timers', 'preview', body);
      if (turn === this._turn) this._preview = preview;
    } catch (fault) {
      if (turn !== this._turn) return;
      const detail = fault instanceof Error ? fault.message : String(fault);
      this._preview = { words: '', upcoming: [], wrong: [{ place: '/data', detail }] };
    }
  }

  /** @param {Event} event */
  async #save(event) {
    event.preventDefault();
    this._busy = true;
    try {
      const body = { service: this.service, id: this._id, document: this.#document() };
      await act('timers', 'put', this.timer ? { ...body, etag: `"${this.rev}"` } : body);
      toast(this.timer ? `${this._id} is changed` : `${this._id} is made`);
      this.dispatchEvent(new CustomEvent('saved', { detail: `${this.service}/${this._id}` }));
    } catch (fault) {
      toast(fault instanceof Error ? fault.message : String(fault), 'bad');
    } finally {
      this._busy = false;
    }
  }

  #leave() {
    this.dispatchEvent(new CustomEvent('left'));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.#leave();
  }
}

/** @param {any} fields */
function schedule(fields) {
  if (fields.kind === 'cron') return { cron: fields.cron, timezone: fields.timezone || 'UTC' };
  if (fields.kind === 'at') return { at: fields.at };
  const found = /^\s*(\d+)\s*([smhd]?)\s*$/.exec(fields.every);
  const every = found ? Number(found[1]) * UNITS[found[2]] : fields.every;
  return fields.phase ? { every, phase: number(fields.phase) } : { every };
}

/** A number, or the text for the service to refuse. @param {string} text */
function number(text) {
  return /^\s*\d+\s*$/.test(text) ? Number(text) : text;
}

customElements.define('timer-form', TimerForm);
