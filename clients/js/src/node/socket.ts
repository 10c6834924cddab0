/**
 * A WebSocket over Node's own HTTP client.
 *
 * Node 20 has none, and that of later releases tells neither why a handshake was refused nor sends
 * a header: here the token travels in `Authorization`, which logs leave out, and a refusal has its
 * HTTP status.
 */

import { createHash, randomBytes } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';

import { type Connect, type Connection, OPEN_MS, type Watcher } from '../connection.js';
import { PROTOCOL } from '../wire.js';
import { encodeFrame, FrameError, FrameReader, OPCODE, type Received } from './frames.js';

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455, 1.3
const CLOSE_MS = 2_000;
/** The platform's messages have 128 KB; nothing larger can be one of them. */
const MESSAGE_BYTES = 256 * 1024;
const NORMAL = 1000;
const NO_STATUS = 1005;

/** Open a connection over Node's HTTP client. */
export const connectNode: Connect = (url, credential, watcher) => {
  const key = randomBytes(16).toString('base64');
  const { kind } = credential;
  const protocols = kind === 'ticket' ? `${PROTOCOL}, ticket.${credential.value}` : PROTOCOL;
  const address = new URL(url);
  address.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
  const send = url.protocol === 'wss:' ? requestHttps : requestHttp;
  const request = send(address, {
    agent: false,
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Protocol': protocols,
      ...(kind === 'token' && { Authorization: `Bearer ${credential.value}` }),
    },
  });
  return new NodeConnection(request, key, url.host, watcher);
};

class NodeConnection implements Connection {
  #isOver = false;
  #socket: Socket | null = null;
  #lastWords = 'the connection was cut';
  readonly #reader = new FrameReader(MESSAGE_BYTES);
  readonly #request: ClientRequest;
  readonly #watcher: Watcher;
  readonly #limit: ReturnType<typeof setTimeout>;

  constructor(request: ClientRequest, key: string, host: string, watcher: Watcher) {
    this.#request = request;
    this.#watcher = watcher;
    this.#limit = setTimeout(
      () => this.#fail(`${host} did not answer within ${OPEN_MS / 1000} seconds`),
      OPEN_MS,
    );
    request.on('error', (error) => this.#fail(`${host} cannot be reached: ${reasonOf(error)}`));
    request.on('response', ({ statusCode }) => {
      this.#fail(`${host} answered HTTP ${statusCode}`, statusCode);
    });
    request.on('upgrade', (response, socket, head) => {
      const fault = faultOf(response, key);
      if (fault === null) {
        this.#begin(socket as Socket, head);
      } else {
        socket.destroy();
        this.#fail(`${host} ${fault}`);
      }
    });
    request.end();
  }

  send(text: string): void {
    this.#write(OPCODE.text, Buffer.from(text));
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#limit);
    if (this.#socket === null) {
      this.#request.destroy();
    } else {
      this.#part(NORMAL);
    }
  }

  #begin(socket: Socket, head: Buffer): void {
    if (this.#isOver) {
      socket.destroy();
      return;
    }
    clearTimeout(this.#limit);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      this.#lastWords = reasonOf(error);
    });
    socket.on('close', () => this.#end());
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#watcher.opened();
    if (head.length > 0) this.#take(head);
  }

  #take(bytes: Buffer): void {
    try {
      for (const received of this.#reader.push(bytes)) this.#handle(received);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#lastWords = error.message;
      this.#part(error.status);
      this.#end();
    }
  }

  #handle({ opcode, payload }: Received): void {
    if (opcode === OPCODE.ping) {
      this.#write(OPCODE.pong, payload);
    } else if (opcode === OPCODE.close) {
      const status = payload.length < 2 ? NO_STATUS : payload.readUInt16BE(0);
      this.#lastWords = `${status} ${payload.toString('utf8', 2)}`.trimEnd();
      this.#part(status === NO_STATUS ? NORMAL : status);
      this.#end();
    } else if (opcode !== OPCODE.pong && !this.#isOver) {
      this.#watcher.received(payload.toString('utf8'));
    }
  }

  #write(opcode: number, payload: Buffer): void {
    // What is written to a connection that just ended is lost like what left a moment before.
    if (this.#socket?.writable) this.#socket.write(encodeFrame(opcode, payload, randomBytes(4)));
  }

  /** Say goodbye, and wait a moment for the other side's. */
  #part(status: number): void {
    const reason = Buffer.alloc(2);
    reason.writeUInt16BE(status);
    this.#write(OPCODE.close, reason);
    this.#socket?.end();
    setTimeout(() => this.#socket?.destroy(), CLOSE_MS).unref();
  }

  #fail(reason: string, status?: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#limit);
    this.#request.destroy();
    this.#watcher.failed(reason, status);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watcher.lost(this.#lastWords);
  }
}

function faultOf(response: IncomingMessage, key: string): string | null {
  const accept = createHash('sha1').update(key + ACCEPT_SUFFIX).digest('base64');
  const { headers } = response;
  if (headers['sec-websocket-accept'] !== accept) return 'gave a wrong Sec-WebSocket-Accept';
  const protocol = headers['sec-websocket-protocol'] ?? PROTOCOL;
  return protocol === PROTOCOL ? null : `speaks ${protocol}, not ${PROTOCOL}`;
}

/** Name an error; that of several addresses, tried in vain, has no words of its own. */
function reasonOf(error: Error): string {
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
