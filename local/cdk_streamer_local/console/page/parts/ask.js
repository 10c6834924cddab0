/** Questions before something that cannot be taken back, or that needs words. */

/**
 * Ask whether to do it; Escape is no.
 * @param {string} question
 * @param {{ detail?: string, yes?: string, kind?: 'good' | 'bad' }} [how]
 * @returns {Promise<boolean>}
 */
export async function sure(question, { detail = '', yes = 'Yes', kind = 'bad' } = {}) {
  return (await asked(question, { detail, yes, kind })) !== undefined;
}

/**
 * Ask for a text; undefined when it was given up.
 * @param {string} question
 * @param {{ detail?: string, yes?: string, value?: string, long?: boolean }} [how]
 * @returns {Promise<string | undefined>}
 */
export async function words(question, { detail = '', yes = 'OK', value = '', long = false } = {}) {
  const field = document.createElement(long ? 'textarea' : 'input');
  field.value = value;
  field.setAttribute('aria-label', question);
  return (await asked(question, { detail, yes, kind: 'good', field })) === undefined ? undefined : field.value;
}

/**
 * @param {string} question
 * @param {{ detail: string, yes: string, kind: string, field?: HTMLElement }} how
 * @returns {Promise<string | undefined>}
 */
function asked(question, { detail, yes, kind, field }) {
  const dialog = document.createElement('dialog');
  dialog.className = 'ask';
  const form = document.createElement('form');
  form.method = 'dialog';
  const title = document.createElement('h2');
  title.textContent = question;
  form.append(title);
  if (detail) {
    const said = document.createElement('p');
    said.textContent = detail;
    form.append(said);
  }
  if (field) form.append(field);
  const buttons = document.createElement('div');
  buttons.className = 'buttons';
  buttons.append(button('No', '', 'quiet'), button(yes, 'yes', kind === 'bad' ? 'danger' : 'primary'));
  form.append(buttons);
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes' ? 'yes' : undefined);
    });
    dialog.showModal();
    (field ?? /** @type {HTMLElement} */ (buttons.lastElementChild)).focus();
  });
}

/** @param {string} text @param {string} value @param {string} kind */
function button(text, value, kind) {
  const made = document.createElement('button');
  made.textContent = text;
  made.value = value;
  made.className = kind;
  // Enter in a field means the last button, not the first.
  if (!value) made.type = 'button';
  if (!value) made.addEventListener('click', () => made.closest('dialog')?.close());
  return made;
}
