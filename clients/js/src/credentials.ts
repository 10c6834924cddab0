/** Who asks: a token, a ticket or a signed address for each connection. */

import type { Credential } from './connection.js';

type Given<T> = T | Promise<T>;

/** What a client is let in with: one of the three. */
export type Access =
  | {
      /** A token, or a function that gives a fresh one for each connection. */
      readonly token: string | (() => Given<string>);
      readonly ticket?: never;
      readonly sign?: never;
    }
  | {
      /** Gives a fresh single-use ticket for each connection. */
      readonly ticket: () => Given<string>;
      readonly token?: never;
      readonly sign?: never;
    }
  | {
      /** Gives the address with a signature in its query, for an API with `Auth.iam()`. */
      readonly sign: (url: URL) => Given<string | URL>;
      readonly token?: never;
      readonly ticket?: never;
    };

/** Where a connection goes, and what lets it in. */
export interface Pass {
  readonly url: URL;
  readonly credential: Credential;
}

/** Gives what each connection is let in with. */
export class Credentials {
  readonly #access: Access;
  readonly #kind: string;

  constructor({ token, ticket, sign }: Access) {
    const given = Object.entries({ token, ticket, sign }).filter(([, value]) => value != null);
    if (given.length !== 1) throw new TypeError('give one of token, ticket and sign');
    this.#access = { token, ticket, sign } as Access;
    this.#kind = given[0]![0];
  }

  /** Whether each connection has one of its own. */
  get isRefreshable(): boolean {
    return typeof this.#access.token !== 'string';
  }

  /** Give one; throws what the caller's function throws, in words that name it. */
  async give(url: URL): Promise<Pass> {
    const { token, ticket, sign } = this.#access;
    if (typeof token === 'string') return { url, credential: { kind: 'token', value: token } };
    const value = await this.#ask(() => (token ?? ticket ?? sign)!(new URL(url)));
    if (sign !== undefined) return { url: new URL(value), credential: { kind: 'signature' } };
    return { url, credential: { kind: token === undefined ? 'ticket' : 'token', value } };
  }

  async #ask(give: () => unknown): Promise<string> {
    let value: unknown;
    try {
      value = await give();
    } catch (error) {
      throw new Error(`the ${this.#kind} function threw ${String(error)}`, { cause: error });
    }
    if (value instanceof URL) return value.href;
    if (typeof value === 'string' && value !== '') return value;
    throw new Error(`the ${this.#kind} function gave ${typeof value} in place of a string`);
  }
}

/**
 * Tell whether a token is a JWT that has ended by this machine's clock.
 *
 * Only to explain a refusal for which the platform gave no reason: the service decides.
 */
export function hasEnded(credential: Credential, now: number): boolean {
  if (credential.kind !== 'token') return false;
  try {
    const part = credential.value.split('.')[1] ?? '';
    const claims: unknown = JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/')));
    return Number((claims as { exp?: unknown }).exp) * 1000 <= now;
  } catch {
    return false; // not a JWT, which is nobody's business here
  }
}
