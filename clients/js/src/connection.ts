/** What the client needs of a WebSocket, so that each platform can bring its own. */

import { PROTOCOL } from './wire.js';

/** What lets a connection in; of a signed address, nothing beside the address itself. */
export type Credential =
  | { readonly kind: 'token'; readonly value: string }
  | { readonly kind: 'ticket'; readonly value: string }
  | { readonly kind: 'signature' };

/** One connection on its way, or open. */
export interface Connection {
  /** Send a text frame. */
  send(text: string): void;
  /** Close it; nothing more is to be told of it. */
  close(): void;
}

/** Who is told what becomes of a connection: `failed`, or `opened` and at last `lost`. */
export interface Watcher {
  opened(): void;
  received(text: string): void;
  /** It could not be opened; `status` is HTTP's, if it is known. */
  failed(reason: string, status?: number): void;
  lost(reason: string): void;
}

/** Begins to open a connection; may throw in place of telling `failed`. */
export type Connect = (url: URL, credential: Credential, watcher: Watcher) => Connection;

/** How long a connection may take to open. */
export const OPEN_MS = 15_000;

/** Open a connection by the platform's WebSocket, as every browser has it. */
export const connectWebSocket: Connect = (url, credential, watcher) => {
  if (typeof WebSocket === 'undefined') {
    throw new Error('this platform has no WebSocket; give the client a connect function');
  }
  const socket = new WebSocket(url, protocolsOf(credential));
  socket.binaryType = 'arraybuffer';
  return new WebConnection(socket, watcher, url.host);
};

/** A browser can send no header: the server reads the second subprotocol, and echoes the first. */
function protocolsOf(credential: Credential): string[] {
  switch (credential.kind) {
    case 'token':
      return [PROTOCOL, `bearer.${credential.value}`];
    case 'ticket':
      return [PROTOCOL, `ticket.${credential.value}`];
    case 'signature':
      return [PROTOCOL];
  }
}

class WebConnection implements Connection {
  #isOpen = false;
  #isOver = false;
  readonly #socket: WebSocket;
  readonly #limit: ReturnType<typeof setTimeout>;

  constructor(socket: WebSocket, watcher: Watcher, host: string) {
    this.#socket = socket;
    this.#limit = setTimeout(() => {
      if (this.#isOver) return;
      this.close();
      watcher.failed(`${host} did not answer within ${OPEN_MS / 1000} seconds`);
    }, OPEN_MS);
    socket.onopen = () => {
      if (this.#isOver) return;
      this.#isOpen = true;
      clearTimeout(this.#limit);
      watcher.opened();
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (this.#isOver) return;
      watcher.received(typeof data === 'string' ? data : new TextDecoder().decode(data));
    };
    socket.onclose = ({ code, reason }) => {
      if (this.#isOver) return;
      this.#end();
      if (this.#isOpen) {
        watcher.lost([code, reason].filter(Boolean).join(' '));
      } else {
        // No browser tells a script why: a refused token looks like a missing network.
        watcher.failed(`${host} cannot be reached, or refused the token`);
      }
    };
  }

  send(text: string): void {
    // What is sent on a connection that just ended is lost like what was sent a moment before.
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  close(): void {
    this.#end();
    this.#socket.close();
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#limit);
  }
}
