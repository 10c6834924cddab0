/** What is too large for a frame, from and to a store that speaks HTTP. */

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';

import { ConnectionLost, StreamerClient, UploadFailed } from 'cdk-streamer-client';

import { acknowledgment, FakeServer, news, type Peer, response, snapshot } from './fake_server.js';
import { SOON } from './world.js';

const REPORT = { rows: ['ä', 'ö', '\u{1F600}'.repeat(5_000)] };
const STORED = Buffer.from(JSON.stringify(REPORT));

let server: FakeServer;
let client: StreamerClient;
let peer: Peer;
let asked: { request: IncomingMessage; body: string }[];
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  asked = [];
  answer = (store) => store.end(STORED);
  server = await FakeServer.start((request, store) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked.push({ request, body: Buffer.concat(parts).toString() });
      answer(store);
    });
  });
  client = new StreamerClient(server.url, { token: 't1', timing: SOON, onWarning: () => {} });
  [peer] = await Promise.all([server.accept(), client.connect()]);
});

afterEach(() => {
  client.close();
  server.stop();
});

function stored(path: string, result_bytes = STORED.length) {
  const result_url = `http://127.0.0.1:${server.port}${path}`;
  return { result_url, result_bytes, result_expires_at: '2026-11-21T09:15:00.000Z' };
}

test('a large result is downloaded', async () => {
  const result = client.request('report', null, { id: 'r1' });
  await peer.expect('report');
  peer.send(acknowledgment('r1'), news('complete', 'r1', 1, stored('/result?Signature=a')));
  assert.deepEqual(await result, REPORT);
  assert.equal(asked[0]?.request.url, '/result?Signature=a');
  assert.equal(asked[0]?.request.headers.authorization, undefined);
});

test('an address that has ended is replaced by another one', async () => {
  answer = (store) => {
    if (asked.length === 1) store.writeHead(403).end();
    else store.end(STORED);
  };
  const result = client.request('report', null, { id: 'r1' });
  await peer.expect('report');
  peer.send(acknowledgment('r1'), news('complete', 'r1', 1, stored('/old')));
  peer.send(response(await peer.expect('get'), snapshot('r1', 1, 'SUCCEEDED', stored('/new'))));
  assert.deepEqual(await result, REPORT);
  assert.deepEqual(
    asked.map(({ request }) => request.url),
    ['/old', '/new'],
  );
});

for (const [what, size] of [
  ['fewer', STORED.length + 1],
  ['more', STORED.length - 1],
] as const) {
  test(`a store that gives ${what} bytes than the service said is not believed`, async () => {
    const read = client.get('r1');
    for (let tries = 0; tries < 3; tries++) {
      const result = snapshot('r1', 1, 'SUCCEEDED', stored('/result', size));
      peer.send(response(await peer.expect('get'), result));
    }
    await assert.rejects(read, ConnectionLost);
  });
}

test('a redirect is not followed', async () => {
  answer = (store) => store.writeHead(302, { location: '/elsewhere' }).end();
  const read = client.get('r1');
  for (let tries = 0; tries < 3; tries++) {
    peer.send(response(await peer.expect('get'), snapshot('r1', 1, 'SUCCEEDED', stored('/'))));
  }
  await assert.rejects(read, /the result of 'r1' cannot be fetched/);
  assert.equal(asked.length, 3);
});

test('a download ends with the waiting', async () => {
  const controller = new AbortController();
  answer = () => controller.abort();
  const read = client.get('r1', { signal: controller.signal });
  peer.send(response(await peer.expect('get'), snapshot('r1', 1, 'SUCCEEDED', stored('/'))));
  await assert.rejects(read, { name: 'AbortError' });
});

test('a download of a result that nobody waits for any more is given up', async () => {
  const controller = new AbortController();
  const givenUp = new Promise<void>((resolve) => {
    answer = (store) => {
      store.write(STORED.subarray(0, 10));
      store.on('close', resolve);
      controller.abort();
    };
  });
  const result = client.request('report', null, { id: 'r1', signal: controller.signal });
  await peer.expect('report');
  peer.send(acknowledgment('r1'), news('complete', 'r1', 1, stored('/result')));
  await assert.rejects(result, { name: 'AbortError' });
  await givenUp;
});

async function grant(path: string): Promise<void> {
  const upload = await peer.expect('upload');
  const url = `http://127.0.0.1:${server.port}${path}`;
  const { size, type } = upload['payload'] as { size: number; type: string };
  const headers = { 'Content-Type': type, 'Content-Length': String(size) };
  const expires_at = '2026-11-21T09:15:00.000Z';
  const data = { upload_id: 'u1', url, method: 'PUT', headers, expires_at };
  peer.send(response(upload, data));
}

test('bytes are uploaded with the headers that were signed', async () => {
  const uploaded = client.upload(new TextEncoder().encode('a;b\n'), { type: 'text/csv' });
  await grant('/uploads/u1');
  assert.equal(await uploaded, 'u1');
  const [put] = asked;
  assert.equal(put?.request.method, 'PUT');
  assert.equal(put?.body, 'a;b\n');
  assert.equal(put?.request.headers['content-type'], 'text/csv');
  assert.equal(put?.request.headers['content-length'], '4');
});

test("a Blob's own type is the upload's", async () => {
  const uploaded = client.upload(new Blob(['{}'], { type: 'application/json' }));
  await grant('/uploads/u1');
  await uploaded;
  assert.equal(asked[0]?.request.headers['content-type'], 'application/json');
});

test('an upload that fails is tried again, each time at another address', async () => {
  answer = (store) => store.writeHead(503).end();
  const uploaded = client.upload('x');
  for (const path of ['/1', '/2', '/3']) await grant(path);
  await assert.rejects(uploaded, (error) => {
    assert.ok(error instanceof UploadFailed);
    assert.match(error.message, /tried 3 times.*HTTP 503/);
    return true;
  });
  assert.deepEqual(
    asked.map(({ request }) => request.url),
    ['/1', '/2', '/3'],
  );
});
