/** What a caller sees of the client, against a real WebSocket server. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import {
  Cancelled,
  Closed,
  Conflict,
  ConnectionLost,
  InvalidAction,
  type Message,
  PayloadTooLarge,
  ProcessingFailed,
  type Progress,
  RateLimited,
  StreamerClient,
  StreamerClientError,
  ValidationFailed,
  WaitTimeout,
} from 'cdk-streamer-client';

import {
  acknowledgment,
  cancelled,
  chunk,
  complete,
  FakeServer,
  inputRequired,
  news,
  type Peer,
  progress,
  refusal,
  response,
  snapshot,
} from './fake_server.js';

const SOON = { backoffLeast: 1, backoffMost: 2 };

let server: FakeServer;
let client: StreamerClient;
let warnings: string[];

beforeEach(async () => {
  server = await FakeServer.start();
  warnings = [];
  client = new StreamerClient(server.url, {
    token: 't1',
    timing: SOON,
    onWarning: (text) => warnings.push(text),
  });
});

afterEach(() => {
  client.close();
  server.stop();
});

/** Connect, and give the server's end. */
async function connected(): Promise<Peer> {
  const [peer] = await Promise.all([server.accept(), client.connect()]);
  return peer;
}

// --- requests ------------------------------------------------------------------------------------

test('a request gives its progress and its result', async () => {
  const reports: Progress[] = [];
  const result = client.request<{ rows: number }>(
    'generate_report',
    { month: 11 },
    { id: 'r1', metadata: { screen: 'reports' }, onProgress: (p) => reports.push(p) },
  );
  const peer = await server.accept();
  assert.deepEqual(await peer.expect('generate_report'), {
    action: 'generate_report',
    id: 'r1',
    payload: { month: 11 },
    metadata: { screen: 'reports' },
  });
  peer.send(
    acknowledgment('r1'),
    progress('r1', 1, 40, { message: 'Reading', metadata: { region: 'north' } }),
    progress('r1', 2, 100),
    complete('r1', 3, { rows: 3 }),
  );
  assert.equal((await result).rows, 3);
  assert.deepEqual(
    reports.map((p) => [p.percentage, p.message, p.metadata]),
    [
      [40, 'Reading', { region: 'north' }],
      [100, null, {}],
    ],
  );
});

test('a sync action gives its data', async () => {
  const result = client.request('echo', 'hello');
  const peer = await server.accept();
  peer.send(response(await peer.expect('echo'), 'hello'));
  assert.equal(await result, 'hello');
});

test('an id is made when none is given', async () => {
  const handle = client.submit('echo');
  const peer = await server.accept();
  assert.equal((await peer.expect('echo'))['id'], handle.id);
  assert.match(handle.id, /^[\w-]{36}$/);
});

test('a handle gives its messages in order, to the last', async () => {
  const handle = client.submit('report', null, { id: 'r1' });
  const peer = await server.accept();
  await peer.expect('report');
  peer.send(
    acknowledgment('r1'),
    news('retrying', 'r1', 1, { attempt: 2, next_at: '2026-11-21T09:00:03.250Z' }),
    progress('r1', 2, 5, { attempt: 2 }),
    progress('r1', 2, 5, { attempt: 2 }),
    complete('r1', 3, null),
  );
  const heard: Message[] = [];
  for await (const message of handle) heard.push(message);
  assert.deepEqual(
    heard.map(({ kind }) => kind),
    ['acknowledged', 'retrying', 'progress', 'completed'],
  );
  const [, retrying] = heard;
  assert.ok(retrying?.kind === 'retrying');
  assert.equal(retrying.nextAt.toISOString(), '2026-11-21T09:00:03.250Z');
  assert.equal(await handle.result(), null);
});

test('chunks are told in order, and one that was lost is asked for', async () => {
  const parts: unknown[] = [];
  const result = client.request('write', null, { id: 'r1', onChunk: (c) => parts.push(c.data) });
  const peer = await server.accept();
  await peer.expect('write');
  peer.send(acknowledgment('r1'), chunk('r1', 1, 0, 'Once '), chunk('r1', 3, 2, 'a time'));
  const get = await peer.expect('get');
  assert.deepEqual(get['payload'], { request_id: 'r1', chunks_from: 1 });
  const chunks = [{ chunk_index: 1, data: 'upon ' }];
  const chunk_page = { attempt: 1, chunks, next: null };
  peer.send(response(get, snapshot('r1', 3, 'RUNNING', { chunks: 3, chunk_page })));
  peer.send(news('complete', 'r1', 4, { result: 'done', chunks: 3 }));
  assert.equal(await result, 'done');
  assert.equal(parts.join(''), 'Once upon a time');
});

test('what a listener throws is thrown to whoever waits', async () => {
  const result = client.request('report', null, {
    id: 'r1',
    onProgress: () => {
      throw new Error('the screen is gone');
    },
  });
  const peer = await server.accept();
  await peer.expect('report');
  peer.send(progress('r1', 1, 10));
  await assert.rejects(result, /the screen is gone/);
});

// --- questions -----------------------------------------------------------------------------------

test('a question is answered, and asked again when the answer is refused', async () => {
  const refusals: (string | undefined)[] = [];
  const result = client.request('report', null, {
    id: 'r1',
    onInputRequired: (question, { refusal: refused }) => {
      assert.deepEqual(question.schema, { type: 'boolean' });
      refusals.push(refused?.message);
      return refused !== null;
    },
  });
  const peer = await server.accept();
  await peer.expect('report');
  peer.send(inputRequired('r1', 1, 'i1'));
  const first = await peer.expect('input');
  assert.deepEqual(first['payload'], { request_id: 'r1', value: false, input_id: 'i1' });
  peer.send(refusal(first['id'], 'VALIDATION_ERROR'));
  const second = await peer.expect('input');
  assert.deepEqual(second['payload'], { request_id: 'r1', value: true, input_id: 'i1' });
  peer.send(response(second, { request_id: 'r1', state: 'RUNNING' }), complete('r1', 2, 7));
  assert.equal(await result, 7);
  assert.deepEqual(refusals, [undefined, 'no']);
});

test('a dialog learns that nobody waits for its answer any more', async () => {
  let asked: AbortSignal | undefined;
  const result = client.request('report', null, {
    id: 'r1',
    onInputRequired: (_, { signal }) => {
      asked = signal;
      return new Promise(() => {});
    },
  });
  const peer = await server.accept();
  await peer.expect('report');
  peer.send(inputRequired('r1', 1, 'i1'), complete('r1', 2, 7));
  assert.equal(await result, 7);
  assert.equal(asked?.aborted, true);
});

// --- ends ----------------------------------------------------------------------------------------

test('a failure is thrown with all that the service says of it', async () => {
  const result = client.request('break', null, { id: 'r1' });
  const peer = await server.accept();
  await peer.expect('break');
  const said = { message: 'it broke', trace_id: '1-6', details: ['a'] };
  peer.send(acknowledgment('r1'), { ...refusal('r1', 'PROCESSING_FAILED', said), seq: 1 });
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof ProcessingFailed && error instanceof StreamerClientError);
    const { name, code, message, traceId, details, retryable } = error;
    assert.deepEqual(
      { name, code, message, traceId, details, retryable },
      {
        name: 'ProcessingFailed',
        code: 'PROCESSING_FAILED',
        message: 'it broke',
        traceId: '1-6',
        details: ['a'],
        retryable: false,
      },
    );
    return true;
  });
});

for (const [code, type] of [
  ['INVALID_ACTION', InvalidAction],
  ['VALIDATION_ERROR', ValidationFailed],
  ['CONFLICT', Conflict],
] as const) {
  test(`a refusal with ${code} is thrown as its own error`, async () => {
    const result = client.request('fly', null, { id: 'r1' });
    const peer = await server.accept();
    await peer.expect('fly');
    peer.send(refusal('r1', code));
    await assert.rejects(result, type);
  });
}

test('one request too many is refused with the time to wait', async () => {
  const result = client.request('report', null, { id: 'r1' });
  const peer = await server.accept();
  await peer.expect('report');
  peer.send(refusal('r1', 'RATE_LIMITED', { retryable: true, retry_after_ms: 1500 }));
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof RateLimited);
    assert.equal(error.retryAfterMs, 1500);
    return true;
  });
});

test('one request too many is sent again when the caller wants it', async () => {
  const result = client.request('report', null, { id: 'r1', retryLimited: true });
  const peer = await server.accept();
  await peer.expect('report');
  peer.send(refusal('r1', 'RATE_LIMITED', { retryable: true, retry_after_ms: 1 }));
  await peer.expect('report');
  peer.send(complete('r1', 1, 7));
  assert.equal(await result, 7);
});

test('cancelling waits for the acknowledgment, and throws where the result is awaited', async () => {
  const handle = client.submit('report', null, { id: 'r1' });
  const state = handle.cancel('enough');
  const peer = await server.accept();
  await peer.expect('report');
  peer.send(acknowledgment('r1'));
  const cancel = await peer.expect('cancel');
  assert.deepEqual(cancel['payload'], { request_id: 'r1', reason: 'enough' });
  const data = { request_id: 'r1', state: 'CANCELLING' };
  peer.send(response(cancel, data), cancelled('r1', 1));
  assert.equal(await state, 'CANCELLING');
  await assert.rejects(handle.result(), Cancelled);
  assert.equal(await handle.cancel(), 'CANCELLED');
});

test('a payload that no frame carries is refused before anything is sent', async () => {
  assert.throws(() => client.submit('echo', 'x'.repeat(33_000)), PayloadTooLarge);
  await assert.rejects(client.request('echo', { n: Infinity }), /JSON cannot carry/);
  await assert.rejects(client.request('echo', 1n), TypeError);
});

test('an id is open once', async () => {
  client.submit('echo', 1, { id: 'r1' });
  assert.throws(() => client.submit('echo', 1, { id: 'r1' }), /is open on this client already/);
  assert.throws(() => client.submit('echo', 1, { id: 'not one' }), RangeError);
});

// --- waiting -------------------------------------------------------------------------------------

test('a signal ends the waiting, and the request goes on', async () => {
  const controller = new AbortController();
  const result = client.request('report', null, {
    id: 'r1',
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  const peer = await server.accept();
  await peer.expect('report');
  peer.send(progress('r1', 1, 10));
  await assert.rejects(result, { name: 'AbortError' });
  await peer.expect('unsubscribe');
});

test('a signal cancels the request when the caller wants that', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const result = client.request('report', null, { id: 'r1', signal, onAbort: 'cancel' });
  const peer = await server.accept();
  await peer.expect('report');
  controller.abort();
  await assert.rejects(result, { name: 'AbortError' });
  peer.send(acknowledgment('r1'));
  const { payload } = await peer.expect('cancel');
  assert.deepEqual(payload, { request_id: 'r1', reason: 'the caller aborted it' });
});

test('an aborted signal sends nothing', async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(client.request('report', null, { signal }), { name: 'AbortError' });
  await assert.rejects(client.get('r1', { signal }), { name: 'AbortError' });
  assert.equal(client.state, 'idle');
});

test('a timeout ends the waiting and tells how to go on', async () => {
  const result = client.request('report', null, { id: 'r1', timeoutMs: 20 });
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof WaitTimeout);
    assert.match(error.message, /attach\('r1'\) waits for it/);
    return true;
  });
});

// --- other questions -----------------------------------------------------------------------------

test('a request is read', async () => {
  const peer = await connected();
  const read = client.get('r1');
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
  const peer = await connected();
  const listed = client.list({ state: 'SUCCEEDED', limit: 2 });
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
  const peer = await connected();
  const listed = client.list();
  peer.send(response(await peer.expect('list'), { requests: 7 }));
  await assert.rejects(listed, /the service's list cannot be read: requests of/);
});

test('a round trip is measured', async () => {
  const peer = await connected();
  const taken = client.ping();
  const { id } = await peer.expect('ping');
  peer.send({ type: 'pong', id });
  assert.ok((await taken) >= 0);
});

test('a channel is heard to its end, and left when the loop is', async () => {
  const peer = await connected();
  const messages = client.subscribe('import-17');
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

// --- connections ---------------------------------------------------------------------------------

test('a lost connection is made again, and the request is heard on', async () => {
  const states: string[] = [];
  client.close();
  client = new StreamerClient(server.url, {
    token: () => 't1',
    timing: SOON,
    onState: (state) => states.push(state),
    onWarning: (text) => warnings.push(text),
  });
  const handle = client.submit('report', null, { id: 'r1' });
  const first = await server.accept();
  await first.expect('report');
  first.send(acknowledgment('r1'), progress('r1', 1, 10));
  for await (const { kind } of handle) if (kind === 'progress') break;
  first.drop();
  const second = await server.accept();
  const subscribe = await second.expect('subscribe');
  assert.deepEqual(subscribe['payload'], { request_id: 'r1', after_seq: 1 });
  second.send(response(subscribe, snapshot('r1', 2, 'SUCCEEDED', { result: 7 })));
  assert.equal(await handle.result(), 7);
  assert.deepEqual(states, ['connecting', 'connected', 'reconnecting', 'connected']);
  assert.match(warnings[0]!, /the connection was lost/);
});

test('a sync action whose answer was lost may have run', async () => {
  const result = client.request('pay', 5, { id: 'r1' });
  const first = await server.accept();
  await first.expect('pay');
  first.drop();
  const second = await server.accept();
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
  const handle = client.submit('report');
  const peer = await server.accept();
  await peer.expect('report');
  client.close();
  await assert.rejects(handle.result(), Closed);
  await assert.rejects(client.request('echo'), /make another one/);
  assert.equal(client.state, 'closed');
  assert.equal(await peer.gone, 1000);
});

test('a client that gave up tries anew with the next call', async () => {
  server.refusals.push(404);
  await assert.rejects(client.request('echo', 1), /check the url and its stage/);
  assert.equal(client.state, 'idle');
  const result = client.request('echo', 1);
  const peer = await server.accept();
  peer.send(response(await peer.expect('echo'), 1));
  assert.equal(await result, 1);
});
