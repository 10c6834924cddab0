/** A real WebSocket server that says what a test tells it to, and greets by itself. */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { WebSocketServer, type WebSocket } from 'ws';

export type Json = Record<string, any>;

/** What API Gateway refuses, the client must not send. */
const FRAME_BYTES = 32 * 1024;

/** The server's end of one connection. */
export class Peer {
  readonly #socket: WebSocket;
  readonly #frames = new Queue<Json>();
  readonly gone: Promise<number>;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#frames.put(JSON.parse(String(data))));
    this.gone = new Promise((resolve) => socket.on('close', resolve));
  }

  /** Give the next frame, which must be this action. */
  async expect(action: string): Promise<Json> {
    const frame = await this.#frames.take();
    if (frame['action'] === action) return frame;
    throw new Error(`expected '${action}', got ${JSON.stringify(frame)}`);
  }

  send(...messages: Json[]): void {
    for (const message of messages) this.#socket.send(JSON.stringify(message));
  }

  /** Say anything. */
  say(data: string | Buffer, options: { fin?: boolean } = {}): void {
    this.#socket.send(data, options);
  }

  /** Cut the connection. */
  drop(): void {
    this.#socket.terminate();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  ping(): Promise<void> {
    this.#socket.ping('still there?');
    return new Promise((resolve) => this.#socket.once('pong', () => resolve()));
  }
}

/** Refuses with `refusals` first, then greets and hands connections over. */
export class FakeServer {
  readonly refusals: number[] = [];
  readonly handshakes: IncomingMessage[] = [];
  hello: Json = {};
  readonly #peers = new Queue<Peer>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES,
    handleProtocols: () => 'streamer.v1',
  });
  readonly #server: Server;

  private constructor(answer: Parameters<typeof createServer>[1]) {
    this.#server = createServer(answer!);
    this.#server.on('upgrade', (request, socket, head) => {
      this.handshakes.push(request);
      const status = this.refusals.shift();
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (open) => void this.#greet(open));
    });
  }

  /** Listen; what is no WebSocket is answered by a function. */
  static async start(
    answer: Parameters<typeof createServer>[1] = (_, response) => response.writeHead(404).end(),
  ): Promise<FakeServer> {
    const server = new FakeServer(answer);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/stage`;
  }

  /** Give the next connection, which was greeted. */
  accept(): Promise<Peer> {
    return this.#peers.take();
  }

  stop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #greet(socket: WebSocket): Promise<void> {
    const peer = new Peer(socket);
    const { id } = await peer.expect('hello');
    if (id !== '~hello') throw new Error(`the first frame is ${id}`);
    peer.send(hello(this.hello));
    this.#peers.put(peer);
  }
}

/** What is put in comes out in that order, when somebody asks. */
class Queue<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T) => void)[] = [];

  put(item: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#items.push(item);
    else taker(item);
  }

  take(): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift()!);
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}

// --- what a server says

const NOW = '2026-11-21T09:00:00.000Z';

export function hello(members: Json = {}): Json {
  return {
    type: 'hello',
    protocol: 'streamer.v1',
    connection_id: 'c1',
    heartbeat_seconds: 300,
    expires_at: '2026-11-21T15:00:00.000Z',
    timestamp: NOW,
    ...members,
  };
}

export function news(type: string, request_id: string, seq: number, members: Json = {}): Json {
  return { type, request_id, seq, timestamp: NOW, ...members };
}

export function acknowledgment(id: string): Json {
  return news('acknowledgment', id, 0, { status: 'queued' });
}

export function progress(id: string, seq: number, percentage: number, members: Json = {}): Json {
  return news('progress', id, seq, { attempt: 1, percentage, message: null, ...members });
}

export function chunk(id: string, seq: number, chunk_index: number, data: unknown): Json {
  return news('chunk', id, seq, { attempt: 1, chunk_index, data });
}

export function inputRequired(id: string, seq: number, input_id: string): Json {
  return news('input_required', id, seq, { attempt: 1, schema: { type: 'boolean' }, input_id });
}

export function complete(id: string, seq: number, result: unknown): Json {
  return news('complete', id, seq, { result });
}

export function cancelled(id: string, seq: number): Json {
  return news('cancelled', id, seq, { reason: 'enough' });
}

export function snapshot(id: string, seq: number, state: string, members: Json = {}): Json {
  return news('snapshot', id, seq, { state, attempt: 1, progress: null, gap: true, ...members });
}

export function response(frame: Json, data: unknown): Json {
  const { id, action } = frame;
  return { type: 'response', id, request_id: id, action, success: true, data, timestamp: NOW };
}

export function refusal(request_id: string, code: string, members: Json = {}): Json {
  const error = { code, message: 'no', retryable: false, ...members };
  return { type: 'error', request_id, error, timestamp: NOW };
}
