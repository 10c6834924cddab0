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
  { name: 'requests', title: 'Requests', keys: 'r', about: 'Requests, how far they are, what became of them' },
  { name: 'connections', title: 'Connections', keys: 'c', about: 'Who is connected, what they hear of, channels' },
  { name: 'timers', title: 'Timers', keys: 'i', about: 'When each fires, how late, firing by hand' },
  { name: 'schedules', title: 'Schedules', keys: 's', about: 'What EventBridge invokes, by time and by events' },
  { name: 'batches', title: 'Batches', keys: 'b', about: 'Batches and other durable executions, chunk by chunk' },
  { name: 'streams', title: 'Streams', keys: 'e', about: 'Processors, their rules and sources, faults that wait' },
  { name: 'sinks', title: 'Sinks', keys: 'k', about: 'Circuits, delivery against its limit, rejected messages' },
  { name: 'queues', title: 'Queues', keys: 'q', about: 'What waits where, who reads it, dead letters' },
  { name: 'functions', title: 'Functions', keys: 'f', about: 'Calls, failures and how long they took' },
  { name: 'logs', title: 'Logs', keys: 'l', about: 'What functions say' },
];

/** @param {string} name */
export async function load(name) {
  await import(`./views/${name}.js`);
}
