/** What the client needs of a WebSocket, so that each platform can bring its own. */
import { PROTOCOL } from './wire.js';
/** How long a connection may take to open. */
export const OPEN_MS = 15_000;
/** Open a connection by the platform's WebSocket, as every browser has it. */
export const connectWebSocket = (url, credential, watcher) => {
    if (typeof WebSocket === 'undefined') {
        throw new Error('this platform has no WebSocket; give the client a connect function');
    }
    const socket = new WebSocket(url, protocolsOf(credential));
    socket.binaryType = 'arraybuffer';
    return new WebConnection(socket, watcher, url.host);
};
/** A browser can send no header: the server reads the second subprotocol, and echoes the first. */
function protocolsOf(credential) {
    switch (credential.kind) {
        case 'token':
            return [PROTOCOL, `bearer.${credential.value}`];
        case 'ticket':
            return [PROTOCOL, `ticket.${credential.value}`];
        case 'signature':
            return [PROTOCOL];
    }
}
class WebConnection {
    #isOpen = false;
    #isOver = false;
    #socket;
    #limit;
    constructor(socket, watcher, host) {
        this.#socket = socket;
        this.#limit = setTimeout(() => {
            if (this.#isOver)
                return;
            this.close();
            watcher.failed(`${host} did not answer within ${OPEN_MS / 1000} seconds`);
        }, OPEN_MS);
        socket.onopen = () => {
            if (this.#isOver)
                return;
            this.#isOpen = true;
            clearTimeout(this.#limit);
            watcher.opened();
        };
        socket.onmessage = ({ data }) => {
            if (this.#isOver)
                return;
            watcher.received(typeof data === 'string' ? data : new TextDecoder().decode(data));
        };
        socket.onclose = ({ code, reason }) => {
            if (this.#isOver)
                return;
            this.#end();
            if (this.#isOpen) {
                watcher.lost([code, reason].filter(Boolean).join(' '));
            }
            else {
                // No browser tells a script why: a refused token looks like a missing network.
                watcher.failed(`${host} cannot be reached, or refused the token`);
            }
        };
    }
    send(text) {
        // What is sent on a connection that just ended is lost like what was sent a moment before.
        if (this.#socket.readyState === this.#socket.OPEN)
            this.#socket.send(text);
    }
    close() {
        this.#end();
        this.#socket.close();
    }
    #end() {
        this.#isOver = true;
        clearTimeout(this.#limit);
    }
}
