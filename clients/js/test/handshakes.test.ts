/** How the client is let in, or not. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import {
  type ClientOptions,
  fetchTicket,
  HandshakeRefused,
  StreamerClient,
  Unauthorized,
  Unreachable,
} from 'cdk-streamer-client';

import { FakeServer, type Json } from './fake_server.js';
import { SOON } from './world.js';

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
  const access = 'ticket' in options || 'sign' in options ? {} : { token: 't1' };
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

// Before Node 22 there is none.
const skip = typeof WebSocket === 'undefined' && 'this Node has no WebSocket';

test("the platform's WebSocket carries the token as a subprotocol", { skip }, async () => {
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

test('a signed address is used as it is, anew for each connection', async () => {
  let signed = 0;
  const client = clientOf({
    sign: async (url) => {
      url.searchParams.set('X-Amz-Signature', `s${(signed += 1)}`);
      return url;
    },
  });
  const [peer] = await Promise.all([server.accept(), client.connect()]);
  peer.drop();
  await server.accept();
  assert.equal(server.handshakes[0]!.url, '/stage?X-Amz-Signature=s1');
  assert.equal(server.handshakes[1]!.url, '/stage?X-Amz-Signature=s2');
  assert.equal(headers(0)['authorization'], undefined);
  assert.equal(headers(0)['sec-websocket-protocol'], 'streamer.v1');
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
  assert.throws(() => new StreamerClient(server.url, both), /one of token, ticket and sign/);
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
