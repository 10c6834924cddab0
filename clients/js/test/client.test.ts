/** What else a client is asked, and how it lives with its connections. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Closed, ConnectionLost, StreamerClient } from 'cdk-streamer-client';

import { acknowledgment, progress, refusal, response, snapshot } from './fake_server.js';
import { SOON, useWorld } from './world.js';

const world = useWorld();

// --- other questions ------------------------------------------------------------------------------

test('a request is read', async () => {
  const peer = await world.connected();
  const read = world.client.get('r1');
  const get = await peer.expect('get');
  const input = { schema: { type: 'boolean' }, prompt: 'Go on?', input_id: 'i1' };
  const members = { action: 'report', input, created_at: '2026-11-21T09:00:00.000Z' };
  peer.send(response(get, snapshot('r1', 4, 'INPUT_REQUIRED', members)));
  const found = await read;
  assert.equal(found.state, 'INPUT_REQUIRED');
  assert.deepEqual(found.question, {
    inputId: 'i1',
    schema: { type: 'boolean' },
    prompt: 'Go on?',
  });
  assert.equal(found.createdAt?.getTime(), Date.UTC(2026, 10, 21, 9));
});

test('requests are listed', async () => {
  const peer = await world.connected();
  const listed = world.client.list({ state: 'SUCCEEDED', limit: 2 });
  const list = await peer.expect('list');
  assert.deepEqual(list['payload'], { state: 'SUCCEEDED', limit: 2 });
  const entry = { action: 'report', state: 'SUCCEEDED', created_at: '2026-11-21T09:00:00.000Z' };
  peer.send(response(list, { requests: [{ request_id: 'r1', ...entry }], cursor: 'c' }));
  const page = await listed;
  assert.equal(page.cursor, 'c');
  assert.equal(page.requests[0]?.requestId, 'r1');
  assert.equal(page.requests[0]?.endedAt, null);
});

test('an answer that cannot be understood is named', async () => {
  const peer = await world.connected();
  const listed = world.client.list();
  peer.send(response(await peer.expect('list'), { requests: 7 }));
  await assert.rejects(listed, /the service's list cannot be read: requests of/);
});

test('a round trip is measured', async () => {
  const peer = await world.connected();
  const taken = world.client.ping();
  const { id } = await peer.expect('ping');
  peer.send({ type: 'pong', id });
  assert.ok((await taken) >= 0);
});

test('a channel is heard to its end, and left when the loop is', async () => {
  const peer = await world.connected();
  const messages = world.client.subscribe('import-17');
  const first = messages.next();
  const { id, payload } = await peer.expect('subscribe');
  assert.deepEqual(payload, { channel: 'import-17' });
  const stands = { type: 'snapshot', channel: 'import-17', seq: 0, state: 'QUEUED', gap: false };
  peer.send(response({ id, action: 'subscribe' }, stands));
  const report = { type: 'progress', channel: 'import-17', percentage: 30, message: null };
  peer.send({ ...report, seq: 1 });
  const { value } = await first;
  assert.equal(value?.kind, 'progress');
  await messages.return(undefined);
  assert.deepEqual((await peer.expect('unsubscribe'))['payload'], { channel: 'import-17' });
});

// --- connections ----------------------------------------------------------------------------------

test('a lost connection is made again, and the request is heard on', async () => {
  const states: string[] = [];
  world.client.close();
  world.client = new StreamerClient(world.server.url, {
    token: () => 't1',
    timing: SOON,
    onState: (state) => states.push(state),
    onWarning: (text) => world.warnings.push(text),
  });
  const handle = world.client.submit('report', null, { id: 'r1' });
  const first = await world.server.accept();
  await first.expect('report');
  first.send(acknowledgment('r1'), progress('r1', 1, 10));
  for await (const { kind } of handle) if (kind === 'progress') break;
  first.drop();
  const second = await world.server.accept();
  const subscribe = await second.expect('subscribe');
  assert.deepEqual(subscribe['payload'], { request_id: 'r1', after_seq: 1 });
  second.send(response(subscribe, snapshot('r1', 2, 'SUCCEEDED', { result: 7 })));
  assert.equal(await handle.result(), 7);
  assert.deepEqual(states, ['connecting', 'connected', 'reconnecting', 'connected']);
  assert.match(world.warnings[0]!, /the connection was lost/);
});

test('a sync action whose answer was lost may have run', async () => {
  const result = world.client.request('pay', 5, { id: 'r1' });
  const first = await world.server.accept();
  await first.expect('pay');
  first.drop();
  const second = await world.server.accept();
  second.send(refusal((await second.expect('subscribe'))['id'], 'NOT_FOUND'));
  await second.expect('hello');
  second.send({ type: 'hello', actions: [{ name: 'pay', mode: 'sync' }] });
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof ConnectionLost);
    assert.equal(error.mayHaveRun, true);
    return true;
  });
});

test('closing ends what is open, and the client', async () => {
  const handle = world.client.submit('report');
  const peer = await world.server.accept();
  await peer.expect('report');
  world.client.close();
  await assert.rejects(handle.result(), Closed);
  await assert.rejects(world.client.request('echo'), /make another one/);
  assert.equal(world.client.state, 'closed');
  assert.equal(await peer.gone, 1000);
});

test('a client that gave up tries anew with the next call', async () => {
  world.server.refusals.push(404);
  await assert.rejects(world.client.request('echo', 1), /check the url and its stage/);
  assert.equal(world.client.state, 'idle');
  const result = world.client.request('echo', 1);
  const peer = await world.server.accept();
  peer.send(response(await peer.expect('echo'), 1));
  assert.equal(await result, 1);
});
