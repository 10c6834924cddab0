/** The page: navigation, the view that the address names, and the keyboard. */

import { html, nothing } from 'lit';
import { unsafeStatic, html as staticHtml } from 'lit/static-html.js';
import { app } from './api.js';
import { live } from './live.js';
import { palette } from './parts/palette.js';
import { Plain } from './view.js';
import { VIEWS, load } from './views.js';

const THEMES = ['auto', 'light', 'dark'];
const CHORD_MILLISECONDS = 1200;

class Console extends Plain {
  static properties = {
    _view: { state: true },
    _item: { state: true },
    _help: { state: true },
    _theme: { state: true },
  };

  constructor() {
    super();
    this._view = '';
    this._item = '';
    this._help = false;
    this._theme = document.documentElement.dataset.theme ?? 'auto';
    this._chord = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    live.watch('overview');
    live.watch('alerts');
    live.watch('lines');
    live.addEventListener('change', () => this.requestUpdate());
    addEventListener('hashchange', () => this.#go());
    addEventListener('keydown', (event) => this.#key(event));
    this.#go();
  }

  async #go() {
    const [name, ...item] = location.hash.replace(/^#\//, '').split('/');
    const entry = VIEWS.find((each) => each.name === name) ?? VIEWS[0];
    await load(entry.name);
    this._view = entry.name;
    this._item = decodeURIComponent(item.join('/'));
    document.title = `${entry.title} · ${app}`;
  }

  render() {
    return html`
      <a class="skip" href="#main" @click=${this.#skip}>Skip to the content</a>
      <nav aria-label="Console">
        <a class="brand" href="#/overview"><img src="/page/icon.svg" alt="" width="24" height="24"><span>${app}</span></a>
        <ul>${this.#shown.map((entry) => this.#link(entry))}</ul>
        <footer>
          <span class="status ${live.connected ? 'good' : 'bad'}" role="status">${live.connected ? 'live' : 'not running'}</span>
          <button class="quiet" title="Theme" aria-label=${`Theme: ${this._theme}`} @click=${this.#nextTheme}>${{ auto: '◐', light: '☀', dark: '☾' }[this._theme]}</button>
          <button class="quiet" title="Go to… (Ctrl K)" aria-label="Go to" @click=${() => palette()}>⌘</button>
          <button class="quiet" title="Keys (?)" aria-label="Keys" @click=${() => { this._help = !this._help; }}>?</button>
        </footer>
      </nav>
      <main id="main" tabindex="-1">
        ${live.connected || live.data('overview') ? nothing : html`<p class="notice">Waiting for <code>cdk-streamer local</code>…</p>`}
        ${this._view ? this.#view() : nothing}
      </main>
      ${this._help ? this.#keys() : nothing}`;
  }

  /** What the app has something of, and what is open. */
  get #shown() {
    const absent = live.data('overview')?.absent ?? [];
    return VIEWS.filter((entry) => !absent.includes(entry.name) || entry.name === this._view);
  }

  #view() {
    const tag = unsafeStatic(`view-${this._view}`);
    return staticHtml`<${tag} class="view" .item=${this._item}></${tag}>`;
  }

  /** @param {import('./views.js').Entry} entry */
  #link(entry) {
    const alert = entry.name === 'overview'
      ? { number: live.data('overview')?.troubles.length ?? 0, words: 'troubles lately' }
      : live.data('alerts')?.[entry.name];
    return html`<li><a href="#/${entry.name}" aria-current=${entry.name === this._view ? 'page' : 'false'} title=${entry.about}>
      <span>${entry.title}</span>
      ${alert?.number ? html`<span class="pill bad" title=${alert.words} aria-label="${alert.number} ${alert.words}">${alert.number}</span>` : html`<kbd>g ${entry.keys}</kbd>`}
    </a></li>`;
  }

  #keys() {
    const rows = [
      ['Ctrl K', 'go to a view, a function or an address'],
      ['g, then a letter', 'go to the view that shows it'],
      ['/', 'filter'],
      ['j k, ↓ ↑', 'walk through a list'],
      ['Enter', 'open what is chosen'],
      ['Esc', 'close it'],
      ['t', 'theme'],
      ['?', 'these keys'],
    ];
    return html`<aside class="keys" aria-label="Keys"><h2>Keys</h2>
      <dl>${rows.map(([keys, words]) => html`<dt><kbd>${keys}</kbd></dt><dd>${words}</dd>`)}</dl></aside>`;
  }

  /** @param {Event} event */
  #skip(event) {
    event.preventDefault();
    document.getElementById('main')?.focus();
  }

  #nextTheme() {
    this._theme = THEMES[(THEMES.indexOf(this._theme) + 1) % THEMES.length];
    document.documentElement.dataset.theme = this._theme;
    localStorage.setItem('cdk-streamer-theme', this._theme);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
      event.preventDefault();
      palette();
      return;
    }
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') {
      this.#close(target);
      return;
    }
    if (target.closest('input, textarea, select')) return;
    const entry = event.timeStamp < this._chord && VIEWS.find((each) => each.keys === event.key);
    this._chord = 0;
    if (entry) location.hash = `#/${entry.name}`;
    else if (event.key === 'g') this._chord = event.timeStamp + CHORD_MILLISECONDS;
    else if (event.key === '?') this._help = !this._help;
    else if (event.key === 't') this.#nextTheme();
    else if (event.key === '/') /** @type {HTMLElement | null} */ (this.querySelector('[data-filter]'))?.focus();
    else if (event.key === 'j' || event.key === 'ArrowDown') this.#enter(event);
    else return;
    if (event.key === '/') event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  #enter(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const row = /** @type {HTMLElement | null} */ (this.querySelector('tbody tr[aria-selected="true"], tbody tr'));
    if (!row || target.closest('tbody, .drawer')) return;
    row.focus();
    event.preventDefault();
  }

  /** @param {HTMLElement} target */
  #close(target) {
    if (this._help) this._help = false;
    else if (target.closest('input')) target.blur();
    else if (this._item) {
      const chosen = this._item;
      location.hash = `#/${this._view}`;
      /** @type {HTMLElement | null} */ (this.querySelector(`tr[data-key="${CSS.escape(chosen)}"]`))?.focus();
    }
  }
}

customElements.define('the-console', Console);
