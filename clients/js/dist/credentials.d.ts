/** Who asks: a token or a ticket for each connection. */
import type { Credential } from './connection.js';
type Giver = string | (() => string | Promise<string>);
/** What a client is let in with: a token, or single-use tickets that a server of yours fetches. */
export type Access = {
    /** A token, or a function that gives a fresh one for each connection. */
    readonly token: Giver;
    readonly ticket?: never;
} | {
    /** Gives a fresh ticket for each connection. */
    readonly ticket: () => string | Promise<string>;
    readonly token?: never;
};
/** Gives what each connection is let in with. */
export declare class Credentials {
    #private;
    constructor({ token, ticket }: Access);
    /** Whether each connection has one of its own. */
    get isRefreshable(): boolean;
    /** Give one; throws what the caller's function throws, in words that name it. */
    give(): Promise<Credential>;
}
/**
 * Tell whether a token is a JWT that has ended by this machine's clock.
 *
 * Only to explain a refusal for which the platform gave no reason: the service decides.
 */
export declare function hasEnded({ kind, value }: Credential, now: number): boolean;
export {};
