/**
 * What the page hears: the latest state of each panel that somebody watches, and lines as they are
 * said. One connection serves all; it is made anew when what is watched changes.
 */

const LINES = 'lines';
const KEPT_LINES = 4000;
const RETRY_MILLISECONDS = 1000;

class Live extends EventTarget {
  /** @type {Map<string, number>} how many watch a panel */
  #watched = new Map();
  /** @type {Map<string, any>} */
  #data = new Map();
  /** @type {Map<string, string>} */
  #faults = new Map();
  /** @type {EventSource | undefined} */
  #source;
  #due = 0;

  /** Whether the command answers. */
  connected = false;

  /** The latest lines, oldest first. @type {any[]} */
  lines = [];

  /** The latest state of a panel, undefined before the first. @param {string} panel */
  data(panel) {
    return this.#data.get(panel);
  }

  /** Why a panel cannot be shown, if so. @param {string} panel */
  fault(panel) {
    return this.#faults.get(panel);
  }

  /**
   * Watch a panel until the function that this gives is called.
   * @param {string} panel
   */
  watch(panel) {
    this.#watched.set(panel, (this.#watched.get(panel) ?? 0) + 1);
    this.#listen();
    return () => {
      const left = (this.#watched.get(panel) ?? 1) - 1;
      if (left) this.#watched.set(panel, left);
      else this.#watched.delete(panel);
      this.#listen();
    };
  }

  #listen() {
    // A view that goes and one that comes are one change.
    clearTimeout(this.#due);
    this.#due = setTimeout(() => this.#open(), 10);
  }

  #open() {
    this.#source?.close();
    if (!this.#watched.size) return;
    const after = this.lines.at(-1)?.number ?? 0;
    const panels = [...this.#watched.keys()].sort().join(',');
    const source = new EventSource(`/api/live?panels=${panels}&after=${after}`);
    this.#source = source;
    source.addEventListener('hello', () => this.#tell(true));
    source.addEventListener('panel', (event) => {
      const { panel, data } = JSON.parse(event.data);
      this.#data.set(panel, data);
      this.#faults.delete(panel);
      this.dispatchEvent(new CustomEvent('change', { detail: panel }));
    });
    source.addEventListener('fault', (event) => {
      const { panel, cause } = JSON.parse(event.data);
      this.#faults.set(panel, cause);
      this.dispatchEvent(new CustomEvent('change', { detail: panel }));
    });
    source.addEventListener(LINES, (event) => this.#hear(JSON.parse(event.data)));
    source.addEventListener('error', () => {
      this.#tell(false);
      source.close();
      if (this.#source === source) {
        clearTimeout(this.#due);
        this.#due = setTimeout(() => this.#open(), RETRY_MILLISECONDS);
      }
    });
  }

  /** @param {any[]} entries */
  #hear(entries) {
    const last = this.lines.at(-1)?.number ?? 0;
    // A command that was started again counts from one.
    if (entries[0].number <= last) this.lines = [];
    this.lines = [...this.lines, ...entries].slice(-KEPT_LINES);
    this.dispatchEvent(new CustomEvent('change', { detail: LINES }));
  }

  /** @param {boolean} connected */
  #tell(connected) {
    if (connected && !this.connected) this.lines = [];
    if (this.connected === connected) return;
    this.connected = connected;
    this.dispatchEvent(new CustomEvent('change', { detail: '' }));
  }
}

/** The page's only ear. */
export const live = new Live();
