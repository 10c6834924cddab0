/** The views in the order of the navigation; `g` and then `keys` leads there. */

/**
 * @typedef {object} Entry
 * @property {string} name in the address, and the element `view-<name>`
 * @property {string} title
 * @property {string} keys
 * @property {string} about
 */

/** @type {Entry[]} */
export const VIEWS = [
  { name: 'overview', title: 'Overview', keys: 'o', about: 'The app as a picture, its addresses, its troubles' },
  { name: 'logs', title: 'Logs', keys: 'l', about: 'What functions say' },
  { name: 'queues', title: 'Queues', keys: 'q', about: 'What waits where, who reads it, dead letters' },
  { name: 'functions', title: 'Functions', keys: 'f', about: 'Calls, failures and how long they took' },
];

/** @param {string} name */
export async function load(name) {
  await import(`./views/${name}.js`);
}
