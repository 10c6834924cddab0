/** The client in a real browser, against a real WebSocket server. */

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { Browser, skipWithoutChromium } from './browser.js';
import {
  acknowledgment,
  cancelled,
  complete,
  FakeServer,
  news,
  progress,
  response,
  snapshot,
} from './fake_server.js';

const EXPIRED = `e30.${Buffer.from('{"exp":1}').toString('base64url')}.c2ln`;
const ROWS = { rows: 'x'.repeat(300_000) };

describe('in a browser', { skip: skipWithoutChromium() }, () => {
  let browser: Browser;
  let server: FakeServer;
  let stored: { method: string; type: string | undefined; body: string }[];

  before(async () => {
    browser = await Browser.start();
  });

  after(() => browser.stop());

  beforeEach(async () => {
    stored = [];
    server = await FakeServer.start((request, answer) => void store(request, answer));
  });

  afterEach(() => server.stop());

  /** Be a store, and an HTTP API, of another origin than the page's. */
  async function store(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    answer.setHeader('access-control-allow-origin', browser.origin);
    answer.setHeader('access-control-allow-headers', 'authorization, content-type');
    answer.setHeader('access-control-allow-methods', 'GET, PUT, POST');
    const body = Buffer.concat(await request.toArray()).toString();
    const { method = '', headers } = request;
    if (method !== 'OPTIONS') stored.push({ method, type: headers['content-type'], body });
    answer.end(JSON.stringify(method === 'POST' ? { ticket: 'k1' } : ROWS));
  }

  test('a request gives its progress and its result', async () => {
    const ran = browser.run('request', server.url, { action: 'report', payload: { month: 11 } });
    const peer = await server.accept();
    const { id, payload } = await peer.expect('report');
    assert.deepEqual(payload, { month: 11 });
    peer.send(
      acknowledgment(id),
      progress(id, 1, 40, { message: 'Reading', metadata: { region: 'north' } }),
      complete(id, 2, { rows: 3 }),
    );
    assert.deepEqual(await ran, {
      result: { rows: 3 },
      reports: [{ percentage: 40, message: 'Reading', metadata: { region: 'north' } }],
    });
  });

  test('the token travels as a subprotocol', async () => {
    await browser.run('connect', server.url);
    const { headers, url } = server.handshakes[0]!;
    assert.equal(headers['sec-websocket-protocol'], 'streamer.v1, bearer.t1');
    assert.equal(url, '/stage');
  });

  test('a ticket travels in its place', async () => {
    await browser.run('ticket', server.url, { httpUrl: `http://127.0.0.1:${server.port}` });
    const { headers } = server.handshakes[0]!;
    assert.equal(headers['sec-websocket-protocol'], 'streamer.v1, ticket.k1');
  });

  test('a dropped connection is made again, and the result arrives', async () => {
    const ran = browser.run('follow', server.url, { action: 'report' });
    const first = await server.accept();
    const { id } = await first.expect('report');
    first.send(acknowledgment(id));
    first.drop();
    const second = await server.accept();
    // Where the acknowledgment was lost with the connection, the client looks its request up.
    const subscribe = await second.expect('subscribe');
    assert.equal(subscribe['payload'].request_id, id);
    second.send(response(subscribe, snapshot(id, 1, 'SUCCEEDED', { result: 7 })));
    const { result, states } = await ran;
    assert.equal(result, 7);
    assert.deepEqual(states.slice(0, 4), ['connecting', 'connected', 'reconnecting', 'connected']);
  });

  test('a request is cancelled', async () => {
    const ran = browser.run('cancel', server.url, { action: 'report' });
    const peer = await server.accept();
    const { id } = await peer.expect('report');
    peer.send(acknowledgment(id), progress(id, 1, 10));
    const cancel = await peer.expect('cancel');
    peer.send(response(cancel, { request_id: id, state: 'CANCELLING' }), cancelled(id, 2));
    assert.deepEqual(await ran, { state: 'CANCELLING', error: 'Cancelled' });
  });

  test('a large result is read from a store of another origin', async () => {
    const ran = browser.run('follow', server.url, { action: 'report' });
    const peer = await server.accept();
    const { id } = await peer.expect('report');
    const result_url = `http://127.0.0.1:${server.port}/result`;
    const result_expires_at = '2026-11-21T09:15:00.000Z';
    const result_bytes = JSON.stringify(ROWS).length;
    peer.send(news('complete', id, 1, { result_url, result_bytes, result_expires_at }));
    assert.deepEqual((await ran).result, ROWS);
  });

  test('a Blob is uploaded to a store of another origin', async () => {
    const ran = browser.run('upload', server.url, { text: 'a;b\n', type: 'text/csv' });
    const peer = await server.accept();
    const upload = await peer.expect('upload');
    assert.deepEqual(upload['payload'], { size: 4, type: 'text/csv' });
    const url = `http://127.0.0.1:${server.port}/upload`;
    const headers = { 'Content-Type': 'text/csv', 'Content-Length': '4' };
    const expires_at = '2026-11-21T09:15:00.000Z';
    const grant = { upload_id: 'u1', url, method: 'PUT', headers, expires_at };
    peer.send(response(upload, grant));
    assert.equal(await ran, 'u1');
    assert.deepEqual(stored, [{ method: 'PUT', type: 'text/csv', body: 'a;b\n' }]);
  });

  test('a network that is back is used at once', async () => {
    const ran = browser.run('online', server.url);
    (await server.accept()).drop();
    await server.accept();
    await ran;
  });

  test('a refused token says what it may be', async () => {
    server.refusals.push(403, 403, 403);
    await assert.rejects(browser.run('connect', server.url), {
      name: 'Unreachable',
      message: /cannot be reached, or refused the token/,
    });
  });

  test('a token that has ended is known as that', async () => {
    server.refusals.push(403);
    await assert.rejects(browser.run('connect', server.url, { token: EXPIRED }), {
      name: 'HandshakeRefused',
      code: 'HANDSHAKE_REFUSED',
    });
    assert.equal(server.handshakes.length, 1);
  });

  test('a token that no subprotocol can carry is named', async () => {
    await assert.rejects(browser.run('connect', server.url, { token: 'not one' }), {
      name: 'Unreachable',
      message: /subprotocol/i,
    });
  });
});
