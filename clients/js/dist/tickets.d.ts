/** Single-use tickets, so that no token need reach a WebSocket's handshake. */
/**
 * Fetch a ticket for one connection from the HTTP API, `https://...`, whose `POST /tickets` it is.
 *
 *     new StreamerClient(url, { ticket: () => fetchTicket(httpUrl, token) })
 *
 * Throws RequestFailed, such as Unauthorized, Unreachable, or ProtocolError.
 */
export declare function fetchTicket(httpUrl: string, token: string, options?: {
    readonly signal?: AbortSignal;
}): Promise<string>;
