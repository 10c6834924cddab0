/** How the client is let in, and what it makes of a server that does not behave. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';

import {
  type ClientOptions,
  fetchTicket,
  HandshakeRefused,
  StreamerClient,
  Unauthorized,
  Unreachable,
} from 'cdk-streamer-client';

import { FakeServer, hello, type Json } from './fake_server.js';

const SOON = { backoffLeast: 1, backoffMost: 2 };
const EXPIRED = `e30.${Buffer.from('{"exp":1}').toString('base64url')}.c2ln`;

let server: FakeServer;
let asked: (string | undefined)[];
let problem: { status: number; body: Json };
const clients: StreamerClient[] = [];

beforeEach(async () => {
  asked = [];
  problem = { status: 201, body: { ticket: 'k1', subprotocol: 'ticket.k1' } };
  server = await FakeServer.start((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(problem.status).end(JSON.stringify(problem.body));
  });
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  server.stop();
});

function clientOf(options: Partial<ClientOptions> = {}, url = server.url): StreamerClient {
  const access = 'ticket' in options ? {} : { token: 't1' };
  const given = { ...access, timing: SOON, onWarning: () => {}, ...options } as ClientOptions;
  const client = new StreamerClient(url, given);
  clients.push(client);
  return client;
}

function headers(number: number): Json {
  return server.handshakes[number]!.headers;
}

// --- credentials ---------------------------------------------------------------------------------

test('the token travels in the authorization header', async () => {
  await clientOf().connect();
  assert.equal(headers(0)['authorization'], 'Bearer t1');
  assert.equal(headers(0)['sec-websocket-protocol'], 'streamer.v1');
});

test("the platform's WebSocket carries the token as a subprotocol", async (context) => {
  if (typeof WebSocket === 'undefined') return context.skip('this Node has no WebSocket');
  const { connectWebSocket } = (await import(
    new URL('../dist/connection.js', import.meta.url).href
  )) as typeof import('../dist/connection.js');
  await clientOf({ connect: connectWebSocket }).connect();
  assert.equal(headers(0)['authorization'], undefined);
  assert.match(headers(0)['sec-websocket-protocol'], /^streamer\.v1, ?bearer\.t1$/);
});

test('each connection has a token of its own', async () => {
  let given = 0;
  const client = clientOf({ token: async () => `t${(given += 1)}` });
  const [peer] = await Promise.all([server.accept(), client.connect()]);
  peer.drop();
  await server.accept();
  assert.equal(headers(1)['authorization'], 'Bearer t2');
});

test('a ticket travels as a subprotocol, and never the token', async () => {
  const api = `http://127.0.0.1:${server.port}/`;
  await clientOf({ ticket: () => fetchTicket(api, 't1') }).connect();
  assert.deepEqual(asked, ['POST /tickets Bearer t1']);
  assert.equal(headers(0)['sec-websocket-protocol'], 'streamer.v1, ticket.k1');
  assert.equal(headers(0)['authorization'], undefined);
});

test('a ticket that is refused names the reason', async () => {
  problem = { status: 401, body: { code: 'UNAUTHORIZED', detail: 'the token has ended' } };
  const api = `http://127.0.0.1:${server.port}`;
  await assert.rejects(fetchTicket(api, 't1'), (error) => {
    assert.ok(error instanceof Unauthorized);
    assert.equal(error.message, 'the token has ended');
    return true;
  });
});

test('a client has one way to be let in', () => {
  const both = { token: 't', ticket: () => 'k' } as unknown as ClientOptions;
  assert.throws(() => new StreamerClient(server.url, both), /either token or ticket/);
  assert.throws(() => new StreamerClient(server.url, {} as ClientOptions), TypeError);
});

test('a function that makes no token is named', async () => {
  const token = () => {
    throw new Error('no password');
  };
  const given = clientOf({ token }).connect();
  await assert.rejects(given, /the token function threw Error: no password; check the url/);
});

// --- refusals ------------------------------------------------------------------------------------

test('a refused token is replaced by a fresh one', async () => {
  server.refusals.push(403);
  let given = 0;
  await clientOf({ token: () => `t${(given += 1)}` }).connect();
  assert.equal(headers(1)['authorization'], 'Bearer t2');
});

for (const status of [401, 403]) {
  test(`a fresh token that is refused too with ${status} is not tried for ever`, async () => {
    server.refusals.push(status, status, status);
    await assert.rejects(clientOf({ token: () => 't' }).connect(), (error) => {
      assert.ok(error instanceof HandshakeRefused);
      assert.equal(error.status, status);
      assert.match(error.message, /check that issuer, audience/);
      return true;
    });
    assert.equal(server.handshakes.length, 2);
  });
}

test('a token that cannot be replaced is refused once', async () => {
  server.refusals.push(403);
  await assert.rejects(clientOf().connect(), /a function that makes one for each connection/);
  assert.equal(server.handshakes.length, 1);
});

test('a busy service is asked again', async () => {
  server.refusals.push(429, 503);
  await clientOf().connect();
  assert.equal(server.handshakes.length, 3);
});

test('a token that has ended explains a refusal without a reason', async () => {
  const refuse: ClientOptions['connect'] = (_url, _credential, watcher) => {
    queueMicrotask(() => watcher.failed('no reason'));
    return { send: () => {}, close: () => {} };
  };
  const client = clientOf({ token: EXPIRED, connect: refuse });
  await assert.rejects(client.connect(), (error) => {
    assert.ok(error instanceof HandshakeRefused);
    assert.equal(error.status, 401);
    return true;
  });
});

test('a server that is not there is unreachable', async () => {
  const { url } = server;
  server.stop();
  await assert.rejects(clientOf({}, url).connect(), (error) => {
    assert.ok(error instanceof Unreachable);
    assert.match(error.message, /127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/);
    return true;
  });
});

for (const url of ['https://example.com', 'example.com/dev', 'wss://', '']) {
  test(`'${url}' is no address of a WebSocket`, () => {
    assert.throws(() => clientOf({}, url), /url must be a wss:\/\/ or ws:\/\/ address, got/);
  });
}

// --- frames --------------------------------------------------------------------------------------

test('fragments and bytes are joined to messages, however they are cut', async () => {
  const client = clientOf();
  const [peer] = await Promise.all([server.accept(), client.connect()]);
  const handle = client.submit('echo', null, { id: 'r1' });
  await peer.expect('echo');
  const result = 'ä\u{1F600}'.repeat(20_000);
  const text = Buffer.from(
    JSON.stringify({ type: 'response', id: 'r1', success: true, data: result }),
  );
  peer.say(text.subarray(0, 7), { fin: false });
  peer.say(text.subarray(7, 70_001), { fin: false });
  peer.say(text.subarray(70_001), { fin: true });
  assert.equal(await handle.result(), result);
});

test('a ping of the server is answered', async () => {
  const [peer] = await Promise.all([server.accept(), clientOf().connect()]);
  await peer.ping();
});

test('a goodbye of the server is returned, and its words are told', async () => {
  const warnings: string[] = [];
  const client = clientOf({ onWarning: (text) => warnings.push(text) });
  const [peer] = await Promise.all([server.accept(), client.connect()]);
  peer.close(1001, 'Going away');
  assert.equal(await peer.gone, 1001);
  await server.accept();
  assert.deepEqual(warnings, ['the connection was lost: 1001 Going away']);
});

test('a message that is larger than any of the platform ends the connection', async () => {
  const [peer] = await Promise.all([server.accept(), clientOf().connect()]);
  peer.say('x'.repeat(257 * 1024));
  assert.equal(await peer.gone, 1009);
  await server.accept();
});

// --- a server without manners --------------------------------------------------------------------

/** Answer handshakes with these bytes, and after them say what follows. */
async function rude(answer: (key: string) => string, frames: Buffer[] = []): Promise<Server> {
  const raw = createServer((socket: Socket) => {
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(String(request))?.[1] ?? '';
      socket.write(answer(key));
      for (const frame of frames) socket.write(frame);
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  return raw;
}

function accepting(key: string, protocol = 'streamer.v1'): string {
  const hash = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${hash.digest('base64')}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`
  );
}

async function outcome(raw: Server): Promise<string[]> {
  const warnings: string[] = [];
  const { port } = raw.address() as AddressInfo;
  const timing = { ...SOON, openingAttempts: 2 };
  const onWarning = (text: string) => warnings.push(text);
  const client = clientOf({ timing, onWarning }, `ws://127.0.0.1:${port}`);
  const error: unknown = await client.connect().catch((refused: unknown) => refused);
  raw.close();
  return [...warnings, String(error)];
}

for (const [what, reason, frame] of [
  ['a masked frame', 'a frame of the server is masked', [0x81, 0x80, 0, 0, 0, 0]],
  ['reserved bits', 'a frame has reserved bits', [0xc1, 0x00]],
  ['an unknown opcode', 'a frame has the unknown opcode 3', [0x83, 0x00]],
  ['a control frame in fragments', 'a control frame is too large', [0x09, 0x00]],
  ['a large control frame', 'a control frame is too large', [0x89, 0x7e, 0x00, 0x7e]],
  ['a stray fragment', 'a fragment belongs to no message', [0x80, 0x00]],
  ['a message in a message', 'a fragment belongs to no message', [0x01, 0x00, 0x81, 0x00]],
  ['an absurd length', 'a message is too large', [0x82, 0x7f, 0x7f, 0, 0, 0, 0, 0, 0, 0]],
] as const) {
  test(`${what} ends the connection`, async () => {
    const raw = await rude((key) => accepting(key), [Buffer.from(frame)]);
    assert.match((await outcome(raw))[0]!, new RegExp(reason));
  });
}

test('frames that come with the handshake are read', async () => {
  const text = Buffer.from(JSON.stringify(hello()));
  const head = Buffer.from([0x81, 126, text.length >> 8, text.length & 0xff]);
  const raw = await rude((key) => accepting(key), []);
  raw.removeAllListeners('connection');
  raw.on('connection', (socket: Socket) => {
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(String(request))![1]!;
      socket.write(Buffer.concat([Buffer.from(accepting(key)), head, text]));
    });
    socket.on('error', () => {});
  });
  const { port } = raw.address() as AddressInfo;
  await clientOf({}, `ws://127.0.0.1:${port}`).connect();
  raw.close();
});

test('a handshake that was not computed for it is refused', async () => {
  const raw = await rude(() => accepting('another key'));
  assert.match((await outcome(raw))[0]!, /gave a wrong Sec-WebSocket-Accept/);
});

test('another protocol is refused', async () => {
  const raw = await rude((key) => accepting(key, 'mqtt'));
  assert.match((await outcome(raw))[0]!, /speaks mqtt, not streamer\.v1/);
});

test('what is no HTTP is refused', async () => {
  const raw = await rude(() => 'SSH-2.0-OpenSSH_9.2\r\n\r\n');
  assert.match((await outcome(raw))[0]!, /cannot be reached: Parse Error/);
});
