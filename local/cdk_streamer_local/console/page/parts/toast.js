/** Short words about what was done, for a few seconds; read aloud by screen readers. */

const SECONDS = { good: 4, bad: 9 };

/** @param {string} words @param {'good' | 'bad'} [kind] */
export function toast(words, kind = 'good') {
  const place = region();
  const told = document.createElement('div');
  told.className = `toast ${kind}`;
  told.textContent = words;
  told.addEventListener('click', () => told.remove());
  place.append(told);
  setTimeout(() => told.remove(), SECONDS[kind] * 1000);
}

function region() {
  const found = document.getElementById('toasts');
  if (found) return found;
  const made = document.createElement('div');
  made.id = 'toasts';
  made.setAttribute('role', 'status');
  made.setAttribute('aria-live', 'polite');
  document.body.append(made);
  return made;
}
