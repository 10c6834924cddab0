/** What the service says of itself in `hello`. */

import { type Document, isObject, readMoment, readNumber } from '../wire.js';

/** How each action runs: "sync", "async" or "either". */
export type Modes = ReadonlyMap<string, string>;

export interface Greeting {
  readonly heartbeatSeconds: number | null;
  /** How many milliseconds the connection's token has left. */
  readonly tokenLeft: number | null;
  /** Null when nobody asked. */
  readonly modes: Modes | null;
}

/** Read a `hello`; throws Malformed. */
export function readGreeting(document: Document): Greeting {
  let tokenLeft: number | null = null;
  if ('expires_at' in document && 'timestamp' in document) {
    // Both are the server's: so the difference is right whatever this machine's clock says.
    tokenLeft =
      readMoment(document, 'expires_at').getTime() - readMoment(document, 'timestamp').getTime();
  }
  return {
    heartbeatSeconds: readNumber(document, 'heartbeat_seconds'),
    tokenLeft,
    modes: modes(document['actions']),
  };
}

function modes(actions: unknown): Modes | null {
  if (!Array.isArray(actions)) return null;
  const entries = actions.filter(isObject);
  return new Map(entries.map((entry) => [String(entry['name']), String(entry['mode'])]));
}
