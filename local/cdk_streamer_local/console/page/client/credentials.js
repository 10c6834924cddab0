/** Who asks: a token, a ticket or a signed address for each connection. */
/** Gives what each connection is let in with. */
export class Credentials {
    #access;
    #kind;
    constructor({ token, ticket, sign }) {
        const given = Object.entries({ token, ticket, sign }).filter(([, value]) => value != null);
        if (given.length !== 1)
            throw new TypeError('give one of token, ticket and sign');
        this.#access = { token, ticket, sign };
        this.#kind = given[0][0];
    }
    /** Whether each connection has one of its own. */
    get isRefreshable() {
        return typeof this.#access.token !== 'string';
    }
    /** Give one; throws what the caller's function throws, in words that name it. */
    async give(url) {
        const { token, ticket, sign } = this.#access;
        if (typeof token === 'string')
            return { url, credential: { kind: 'token', value: token } };
        const value = await this.#ask(() => (token ?? ticket ?? sign)(new URL(url)));
        if (sign !== undefined)
            return { url: new URL(value), credential: { kind: 'signature' } };
        return { url, credential: { kind: token === undefined ? 'ticket' : 'token', value } };
    }
    async #ask(give) {
        let value;
        try {
            value = await give();
        }
        catch (error) {
            throw new Error(`the ${this.#kind} function threw ${String(error)}`, { cause: error });
        }
        if (value instanceof URL)
            return value.href;
        if (typeof value === 'string' && value !== '')
            return value;
        throw new Error(`the ${this.#kind} function gave ${typeof value} in place of a string`);
    }
}
/**
 * Tell whether a token is a JWT that has ended by this machine's clock.
 *
 * Only to explain a refusal for which the platform gave no reason: the service decides.
 */
export function hasEnded(credential, now) {
    if (credential.kind !== 'token')
        return false;
    try {
        const part = credential.value.split('.')[1] ?? '';
        const claims = JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/')));
        return Number(claims.exp) * 1000 <= now;
    }
    catch {
        return false; // not a JWT, which is nobody's business here
    }
}
