/** Who asks: a token or a ticket for each connection. */

import type { Credential } from './connection.js';

type Giver = string | (() => string | Promise<string>);

/** What a client is let in with: a token, or single-use tickets that a server of yours fetches. */
export type Access =
  | {
      /** A token, or a function that gives a fresh one for each connection. */
      readonly token: Giver;
      readonly ticket?: never;
    }
  | {
      /** Gives a fresh ticket for each connection. */
      readonly ticket: () => string | Promise<string>;
      readonly token?: never;
    };

/** Gives what each connection is let in with. */
export class Credentials {
  readonly #kind: Credential['kind'];
  readonly #giver: Giver;

  constructor({ token, ticket }: Access) {
    const giver = token ?? ticket;
    if (giver === undefined || (token !== undefined && ticket !== undefined)) {
      throw new TypeError('give either token or ticket');
    }
    this.#kind = token === undefined ? 'ticket' : 'token';
    this.#giver = giver;
  }

  /** Whether each connection has one of its own. */
  get isRefreshable(): boolean {
    return typeof this.#giver === 'function';
  }

  /** Give one; throws what the caller's function throws, in words that name it. */
  async give(): Promise<Credential> {
    return { kind: this.#kind, value: await this.#value() };
  }

  async #value(): Promise<string> {
    if (typeof this.#giver === 'string') return this.#giver;
    let value: unknown;
    try {
      value = await this.#giver();
    } catch (error) {
      throw new Error(`the ${this.#kind} function threw ${String(error)}`, { cause: error });
    }
    if (typeof value === 'string' && value !== '') return value;
    throw new Error(`the ${this.#kind} function gave ${typeof value} in place of a string`);
  }
}

/**
 * Tell whether a token is a JWT that has ended by this machine's clock.
 *
 * Only to explain a refusal for which the platform gave no reason: the service decides.
 */
export function hasEnded({ kind, value }: Credential, now: number): boolean {
  if (kind !== 'token') return false;
  try {
    const part = value.split('.')[1] ?? '';
    const claims: unknown = JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/')));
    return Number((claims as { exp?: unknown }).exp) * 1000 <= now;
  } catch {
    return false; // not a JWT, which is nobody's business here
  }
}
