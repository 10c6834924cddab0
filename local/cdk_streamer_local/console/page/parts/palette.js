/** Go to anything by its name: views, functions, addresses to copy. */

import { live } from '../live.js';
import { VIEWS } from '../views.js';
import { toast } from './toast.js';

/** @returns {Array<{ title: string, about: string, go: () => void }>} */
function places() {
  const overview = live.data('overview');
  const views = VIEWS.map((entry) => ({
    title: entry.title, about: entry.about, go: () => { location.hash = `#/${entry.name}`; },
  }));
  const functions = (overview?.functions ?? []).map((/** @type {string} */ name) => ({
    title: name, about: 'its log', go: () => { location.hash = `#/logs/${encodeURIComponent(name)}`; },
  }));
  const addresses = (overview?.stacks ?? []).flatMap((/** @type {any} */ stack) =>
    Object.entries(stack.outputs).map(([name, value]) => ({
      title: `${stack.name}.${name}`, about: `copy ${value}`, go: () => copy(String(value)),
    })));
  return [...views, ...functions, ...addresses];
}

/** Copy a text, and say so. @param {string} text */
export async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast('copied');
}

/** Ask where to go. */
export function palette() {
  if (document.querySelector('dialog.palette')) return;
  const dialog = document.createElement('dialog');
  dialog.className = 'palette';
  const field = document.createElement('input');
  field.type = 'search';
  field.placeholder = 'Go to…';
  field.setAttribute('aria-label', 'Go to');
  field.setAttribute('aria-controls', 'places');
  const list = document.createElement('ul');
  list.id = 'places';
  list.setAttribute('role', 'listbox');
  dialog.append(field, list);
  document.body.append(dialog);
  const all = places();
  let found = all;
  let chosen = 0;

  const draw = () => {
    list.replaceChildren(...found.slice(0, 12).map((place, at) => {
      const row = document.createElement('li');
      row.setAttribute('role', 'option');
      row.setAttribute('aria-selected', String(at === chosen));
      const about = document.createElement('span');
      about.className = 'faint';
      about.textContent = place.about;
      row.append(place.title, about);
      row.addEventListener('click', () => go(at));
      return row;
    }));
  };
  /** @param {number} at */
  const go = (at) => {
    const place = found[at];
    dialog.close();
    place?.go();
  };
  field.addEventListener('input', () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = all.filter((place) => words.every((word) => `${place.title} ${place.about}`.toLowerCase().includes(word)));
    chosen = 0;
    draw();
  });
  field.addEventListener('keydown', (event) => {
    const most = Math.min(found.length, 12) - 1;
    if (event.key === 'ArrowDown') chosen = Math.min(chosen + 1, most);
    else if (event.key === 'ArrowUp') chosen = Math.max(chosen - 1, 0);
    else if (event.key === 'Enter') go(chosen);
    else return;
    event.preventDefault();
    draw();
  });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener('close', () => dialog.remove());
  draw();
  dialog.showModal();
  field.focus();
}
