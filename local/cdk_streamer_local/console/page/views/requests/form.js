/** A new request: of which API, what action, with what, as whom. */

import { html, nothing } from 'lit';
import { badge } from '../../parts/badge.js';
import { drawer } from '../../parts/drawer.js';
import { json } from '../../parts/json.js';
import { Plain } from '../../view.js';
import { took } from '../../words.js';
import { actionsOf, as, obstacle } from './callers.js';
import { skeleton } from './skeleton.js';

const STORED = 'cdk-streamer-draft';
const FRESH = { api: '', action: '', payload: '{}', sub: 'developer', tenant: 'local', scopes: '', prefer: '', id: '' };

/** What the form begins with: where it was left, or what is to be sent again. */
export function draft() {
  try {
    return { ...FRESH, ...JSON.parse(sessionStorage.getItem(STORED) ?? '{}') };
  } catch {
    return { ...FRESH };
  }
}

/** @param {Partial<typeof FRESH>} values */
export function redraft(values) {
  sessionStorage.setItem(STORED, JSON.stringify({ ...draft(), ...values }));
}

/**
 * `<new-request>`: tells by event `accepted` the id of an async request, `closed` when it is not
 * wanted. The answer of a sync one is shown in it.
 */
export class NewRequest extends Plain {
  static properties = {
    apis: { attribute: false },
    _values: { state: true },
    _actions: { state: true },
    _unknown: { state: true },
    _answer: { state: true },
    _busy: { state: true },
  };

  constructor() {
    super();
    /** @type {any[]} */
    this.apis = [];
    this._values = draft();
    /** @type {any[]} */
    this._actions = [];
    this._unknown = '';
    /** @type {any} */
    this._answer = undefined;
    this._busy = false;
    this._asked = '';
    this._filled = '';
  }

  get #api() {
    return this.apis.find((api) => api.name === this._values.api) ?? this.apis[0];
  }

  get #who() {
    const { sub, tenant, scopes } = this._values;
    // Where callers sign, there is one key here.
    return { sub: this.#api?.has_tokens ? sub : FRESH.sub, tenant, scopes: scopes.split(/[\s,]+/).filter(Boolean) };
  }

  get #action() {
    return this._actions.find((action) => action.name === this._values.action);
  }

  /** What is wrong with the payload's text, if anything. */
  get #fault() {
    try {
      JSON.parse(this._values.payload);
      return '';
    } catch (fault) {
      return String(fault instanceof Error ? fault.message : fault);
    }
  }

  firstUpdated() {
    /** @type {HTMLElement | null} */ (this.querySelector('#new-action'))?.focus();
  }

  updated() {
    const api = this.#api;
    if (api && this._asked !== api.name && !obstacle(api)) {
      this._asked = api.name;
      this.#ask(api);
    }
  }

  /** @param {any} api */
  async #ask(api) {
    this._actions = [];
    this._unknown = '';
    try {
      const actions = await actionsOf(api, this.#who);
      if (api.name !== this.#api.name) return;
      this._actions = actions;
      if (!this._values.action && actions.length === 1) this.#choose(actions[0].name);
    } catch (fault) {
      this._unknown = fault instanceof Error ? fault.message : String(fault);
    }
  }

  render() {
    return drawer({ title: 'New request', body: this.#form(), close: () => this.dispatchEvent(new CustomEvent('closed')) });
  }

  #form() {
    const { action, payload, sub, tenant, scopes, prefer, id } = this._values;
    const api = this.#api;
    const why = obstacle(api);
    const known = this.#action;
    return html`<form class="new-request" @submit=${this.#send} @keydown=${this.#key}>
      ${this.apis.length > 1 ? html`<label>API
        <select @change=${this.#set('api')}>${this.apis.map((each) => html`<option ?selected=${each.name === api.name}>${each.name}</option>`)}</select></label>` : nothing}
      <label>Action <input id="new-action" required list="actions" autocomplete="off" spellcheck="false" .value=${action} @input=${(/** @type {any} */ event) => this.#choose(event.target.value)}>
        <datalist id="actions">${this._actions.map((each) => html`<option value=${each.name}>${each.mode}</option>`)}</datalist></label>
      ${this._actions.length ? html`<div class="buttons actions" role="group" aria-label="Actions">${this._actions.map((each) => html`<button type="button" class="small ${each.name === action ? 'primary' : ''}"
        @click=${() => this.#choose(each.name)} title=${{ sync: 'answers at once', async: 'is stored, and told about as it goes on', either: 'as the client prefers or the payload decides' }[/** @type {string} */ (each.mode)]}>${each.name} <span class="mode">${each.mode}</span></button>`)}</div>` : nothing}
      ${this._unknown ? html`<p class="faint">Which actions there are is unknown: ${this._unknown}</p>` : nothing}
      <label>Payload, JSON <textarea rows="8" spellcheck="false" aria-invalid=${Boolean(this.#fault)} .value=${payload} @input=${this.#set('payload')}></textarea></label>
      ${this.#fault ? html`<p class="bad-text" role="alert">${this.#fault}</p>` : nothing}
      ${known?.input && Object.keys(known.input).length ? html`<details><summary>what ${known.name} takes</summary>${json(known.input)}</details>` : nothing}
      <div class="who">
        <label>As <input .value=${api?.has_tokens ? sub : FRESH.sub} ?disabled=${!api?.has_tokens} title=${api?.has_tokens ? 'the token’s subject' : 'callers of this API sign, and the console has the key of this user alone'} @input=${this.#set('sub')} spellcheck="false"></label>
        ${api?.has_tenants ? html`<label>Tenant <input .value=${tenant} @input=${this.#set('tenant')} spellcheck="false"></label>` : nothing}
        ${api?.has_tokens ? html`<label>Scopes <input .value=${scopes} @input=${this.#set('scopes')} placeholder="none" spellcheck="false"></label>` : nothing}
        <label>Id <input .value=${id} @input=${this.#set('id')} placeholder="a new one" spellcheck="false" title="the request’s idempotency key"></label>
        ${known?.mode === 'either' ? html`<label>Prefer <select @change=${this.#set('prefer')}>${['', 'sync', 'async'].map((each) => html`<option value=${each} ?selected=${each === prefer}>${each || 'as it decides'}</option>`)}</select></label>` : nothing}
      </div>
      ${why ? html`<p class="notice">Nobody can ask from here: ${why}.</p>` : nothing}
      <div class="buttons"><button class="primary" ?disabled=${Boolean(why) || Boolean(this.#fault) || !action || this._busy}>${this._busy ? 'Asking…' : 'Send'}</button>
        <span class="faint"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span></div>
      ${this._answer ? this.#answered(this._answer) : nothing}
    </form>`;
  }

  /** @param {any} answer */
  #answered({ seconds, error, result }) {
    return html`<section class="answer" aria-label="Answer" aria-live="polite">
      <h3>${error ? badge('failed') : badge('succeeded')} <span class="faint">in ${took(seconds)}</span></h3>
      ${error ? html`<p><code>${error.code ?? error.name}</code> ${error.message}</p>${error.details ? json(error.details) : nothing}
        ${error.traceId ? html`<p class="faint">trace ${error.traceId}</p>` : nothing}` : json(result)}</section>`;
  }

  /** @param {'api' | 'payload' | 'sub' | 'tenant' | 'scopes' | 'prefer' | 'id'} name */
  #set(name) {
    return (/** @type {any} */ event) => this.#change({ [name]: event.target.value });
  }

  /** @param {string} name */
  #choose(name) {
    const action = this._actions.find((each) => each.name === name);
    const isUntouched = ['', '{}'].includes(this._values.payload.trim()) || this._values.payload === this._filled;
    this.#change({ action: name });
    if (!isUntouched || !action) return;
    this._filled = JSON.stringify(skeleton(action.input ?? {}) ?? {}, null, 2);
    this.#change({ payload: this._filled });
  }

  /** @param {Partial<typeof FRESH>} values */
  #change(values) {
    this._values = { ...this._values, ...values };
    redraft({ ...this._values, id: '' });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      /** @type {HTMLFormElement} */ (event.currentTarget).requestSubmit();
      event.preventDefault();
    }
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    if (this.#fault || this._busy) return;
    const { action, payload, prefer, id } = this._values;
    const began = performance.now();
    this._busy = true;
    this._answer = undefined;
    const since = () => (performance.now() - began) / 1000;
    try {
      const end = await as(this.#api, this.#who, (client) => first(client, action, JSON.parse(payload), { ...(id && { id }), ...(prefer && { prefer }) }));
      if (end.accepted) this.dispatchEvent(new CustomEvent('accepted', { detail: end.accepted }));
      else this._answer = { ...end, seconds: since() };
    } catch (error) {
      this._answer = { error, seconds: since() };
    } finally {
      this._busy = false;
    }
  }
}

/**
 * Submit, and give what is heard first: that it was accepted, or how it ended.
 * @param {any} client a StreamerClient, or what stands for one
 * @param {string} action
 * @param {unknown} payload
 * @param {Record<string, unknown>} options
 * @returns {Promise<any>}
 */
export async function first(client, action, payload, options) {
  if (client.first) return client.first(action, payload, options);
  const handle = client.submit(action, payload, options);
  for await (const message of handle) {
    if (message.kind === 'completed' && message.seq === 0) return { result: message.result };
    if (message.kind === 'failed' && message.seq === 0) return { error: message.error };
    handle.detach();
    return { accepted: handle.id };
  }
  return { accepted: handle.id };
}

customElements.define('new-request', NewRequest);
