/** Clients of an API as somebody: with tokens, or signed addresses, that the command makes. */

import { StreamerClient } from 'cdk-streamer-client';
import { act } from '../../api.js';

const KEPT_MILLISECONDS = 10_000;
const HELLO_MILLISECONDS = 15_000;

/**
 * @typedef {object} Who
 * @property {string} sub
 * @property {string} [tenant]
 * @property {string[]} [scopes]
 */

/** @type {Map<string, { client: StreamerClient, users: number }>} */
const clients = new Map();

/** Why nobody can act on an API from here; empty when somebody can. @param {any} api */
export function obstacle(api) {
  if (!api) return 'its API is gone';
  if (!api.plain_url) return 'its API has no address here';
  if (!api.has_tokens && !api.is_signed) return 'its authorizer is the app’s own, and the console has no credential for it';
  return '';
}

/** Whether the API lets only pages from elsewhere connect. @param {any} api */
export function isClosed(api) {
  return Boolean(api.origins) && !api.origins.includes(location.origin);
}

/**
 * What the command does in the place of a page that may not connect.
 * @param {any} api
 * @param {Who} who
 */
function errands(api, who) {
  const run = (/** @type {string} */ verb, /** @type {object} */ body) => act('requests', verb, { api: api.name, ...who, ...body });
  return {
    /** @param {string} request @param {string} [reason] */
    cancel: async (request, reason) => (await run('cancel', { request, reason })).state,
    /** @param {string} request @param {unknown} value @param {{ inputId?: string }} [how] */
    answer: async (request, value, { inputId } = {}) => (await run('answer', { request, value, input_id: inputId })).state,
    /** @param {string} action @param {unknown} payload @param {object} options */
    first: (action, payload, options) => run('submit', { action, payload, ...options }),
  };
}

/**
 * Give a client and what ends its use. Those that are the same person share one; it is closed a
 * while after the last has ended.
 * @param {any} api a row of the panel's `apis`
 * @param {Who} who
 * @returns {{ client: StreamerClient, done: () => void }}
 */
export function clientOf(api, who) {
  const key = JSON.stringify([api.name, api.plain_url, who.sub, who.tenant, who.scopes]);
  const entry = clients.get(key) ?? { client: new StreamerClient(api.plain_url, access(api, who)), users: 0 };
  clients.set(key, entry);
  entry.users += 1;
  const done = () => setTimeout(() => {
    entry.users -= 1;
    if (entry.users) return;
    clients.delete(key);
    entry.client.close();
  }, KEPT_MILLISECONDS);
  return { client: entry.client, done };
}

/**
 * Use a client for one thing.
 * @template T
 * @param {any} api
 * @param {Who} who
 * @param {(client: any) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function as(api, who, use) {
  if (isClosed(api)) return use(errands(api, who));
  const { client, done } = clientOf(api, who);
  try {
    return await use(client);
  } finally {
    done();
  }
}

/** @param {any} api @param {Who} who */
function access(api, who) {
  const ask = () => act('requests', 'token', { api: api.name, ...who });
  const quiet = { onWarning: (/** @type {string} */ text) => console.info(text) };
  return api.has_tokens
    ? { ...quiet, token: async () => (await ask()).token }
    : { ...quiet, sign: async () => (await ask()).url };
}

/**
 * Ask an API what actions it has, as its `hello` tells.
 * @param {any} api
 * @param {Who} who
 * @returns {Promise<Array<{ name: string, mode: string, input?: any }>>}
 */
export async function actionsOf(api, who) {
  if (isClosed(api)) throw new Error(`it lets only pages of ${api.origins.join(', ')} connect`);
  const { token, url } = await act('requests', 'token', { api: api.name, ...who });
  const socket = new WebSocket(url ?? api.plain_url, ['streamer.v1', ...(token ? [`bearer.${token}`] : [])]);
  const limit = setTimeout(() => socket.close(), HELLO_MILLISECONDS);
  try {
    return await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send(JSON.stringify({ action: 'hello', id: '~console', payload: { actions: true } }));
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === 'hello') resolve(message.actions ?? []);
        else if (message.type === 'error') reject(new Error(message.error?.message));
      };
      socket.onclose = () => reject(new Error('the API does not answer, or refused the credential'));
    });
  } finally {
    clearTimeout(limit);
    socket.onclose = null;
    socket.close();
  }
}
