/** Single-use tickets, so that no token need reach a WebSocket's handshake. */
import { ProtocolError, Unreachable, requestFailed } from './errors.js';
import { isObject } from './wire.js';
/**
 * Fetch a ticket for one connection from the HTTP API, `https://...`, whose `POST /tickets` it is.
 *
 *     new StreamerClient(url, { ticket: () => fetchTicket(httpUrl, token) })
 *
 * Throws RequestFailed, such as Unauthorized, Unreachable, or ProtocolError.
 */
export async function fetchTicket(httpUrl, token, options = {}) {
    const url = `${httpUrl.replace(/\/+$/, '')}/tickets`;
    const headers = { authorization: `Bearer ${token}` };
    let response;
    try {
        response = await fetch(url, { ...options, method: 'POST', headers, cache: 'no-store' });
    }
    catch (error) {
        options.signal?.throwIfAborted();
        throw new Unreachable(`${url} cannot be reached: ${String(error)}`);
    }
    const body = await response.json().catch(() => null);
    if (!response.ok)
        throw refusal(response.status, body);
    if (isObject(body) && typeof body['ticket'] === 'string')
        return body['ticket'];
    throw new ProtocolError(`${url} gave no ticket`);
}
function refusal(status, body) {
    const problem = isObject(body) ? body : {};
    const codes = { 401: 'UNAUTHORIZED', 403: 'FORBIDDEN' };
    return requestFailed({
        code: codes[status],
        message: problem['detail'] ?? `the service answered HTTP ${status}`,
        retryable: status >= 500,
        ...problem,
    });
}
