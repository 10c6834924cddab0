/** What the page asks of the command. */

const boot = JSON.parse(document.getElementById('boot')?.textContent ?? '{}');

/** The app's name. @type {string} */
export const app = boot.app;

/** What the command answered instead of doing what was asked. */
export class Problem extends Error {}

/**
 * Give one thing of a panel in detail.
 * @param {string} panel
 * @param {string} id
 * @param {Record<string, string>} [query]
 * @returns {Promise<any>}
 */
export async function item(panel, id, query = {}) {
  const words = new URLSearchParams(query).toString();
  const address = `/api/items/${panel}/${encodeURIComponent(id)}${words ? `?${words}` : ''}`;
  return answered(await fetched(address, {}));
}

/**
 * Do something, and give what the panel says about it; rejects with Problem.
 * @param {string} panel
 * @param {string} verb
 * @param {Record<string, unknown>} [body]
 * @returns {Promise<any>}
 */
export async function act(panel, verb, body = {}) {
  return answered(
    await fetched(`/api/act/${panel}/${verb}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Console-Secret': boot.secret },
      body: JSON.stringify(body),
    }),
  );
}

/** @param {string} address @param {RequestInit} how */
async function fetched(address, how) {
  try {
    return await fetch(address, how);
  } catch {
    throw new Problem('the command does not answer; does it still run?');
  }
}

/** @param {Response} response */
async function answered(response) {
  const body = await response.json();
  if (!response.ok) throw new Problem(body.problem ?? response.statusText);
  return body;
}
