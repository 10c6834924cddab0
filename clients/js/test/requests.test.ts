/** Requests from their sending to their result. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Message, type Progress } from 'cdk-streamer-client';

import { acknowledgment, chunk, complete, inputRequired, news, progress, refusal, response, snapshot } from './fake_server.js';
import { useWorld } from './world.js';

const world = useWorld();

// --- requests -------------------------------------------------------------------------------------

test('a request gives its progress and its result', async () => {
  const reports: Progress[] = [];
  const result = world.client.request<{ rows: number }>(
    'generate_report',
    { month: 11 },
    { id: 'r1', metadata: { screen: 'reports' }, onProgress: (p) => reports.push(p) },
  );
  const peer = await world.server.accept();
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
  const result = world.client.request('echo', 'hello');
  const peer = await world.server.accept();
  peer.send(response(await peer.expect('echo'), 'hello'));
  assert.equal(await result, 'hello');
});

test('an id is made when none is given', async () => {
  const handle = world.client.submit('echo');
  const peer = await world.server.accept();
  assert.equal((await peer.expect('echo'))['id'], handle.id);
  assert.match(handle.id, /^[\w-]{36}$/);
});

test('a handle gives its messages in order, to the last', async () => {
  const handle = world.client.submit('report', null, { id: 'r1' });
  const peer = await world.server.accept();
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
  const result = world.client.request('write', null, { id: 'r1', onChunk: (c) => parts.push(c.data) });
  const peer = await world.server.accept();
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

test('chunks are iterated over, and one that cannot be had is named in the end', async () => {
  const handle = world.client.submit<string, string>('write', null, { id: 'r1' });
  const peer = await world.server.accept();
  await peer.expect('write');
  peer.send(chunk('r1', 1, 0, 'Once '), news('complete', 'r1', 3, { result: 7, chunks: 2 }));
  for (let tries = 0; tries < 3; tries++) {
    const gone = { chunks: 2, chunk_page: { attempt: 1, chunks: [], next: null } };
    peer.send(
      response(await peer.expect('get'), snapshot('r1', 3, 'RUNNING', gone)),
    );
  }
  const parts: string[] = [];
  const read = async () => {
    for await (const { data } of handle.chunks()) parts.push(data.toUpperCase());
  };
  await assert.rejects(read, /the service cannot give chunk 1 of request 'r1'/);
  assert.deepEqual(parts, ['ONCE ']);
  assert.equal(await handle.result(), 7);
});

test('whoever reads too slowly misses the oldest reports, and no chunk', async () => {
  const handle = world.client.submit('write', null, { id: 'r1' });
  const peer = await world.server.accept();
  await peer.expect('write');
  peer.send(acknowledgment('r1'), chunk('r1', 1, 0, 'a'));
  for (let seq = 2; seq < 1_200; seq++) peer.send(progress('r1', seq, seq / 12));
  peer.send(chunk('r1', 1_200, 1, 'b'), complete('r1', 1_201, 7));
  await handle.result();
  const heard: Message[] = [];
  for await (const message of handle) heard.push(message);
  assert.equal(heard.length, 1_024);
  assert.equal(heard.filter(({ kind }) => kind === 'chunk').length, 2);
  assert.equal(heard[0]?.kind, 'acknowledged');
});

test('what a listener throws is thrown to whoever waits', async () => {
  const result = world.client.request('report', null, {
    id: 'r1',
    onProgress: () => {
      throw new Error('the screen is gone');
    },
  });
  const peer = await world.server.accept();
  await peer.expect('report');
  peer.send(progress('r1', 1, 10));
  await assert.rejects(result, /the screen is gone/);
});

// --- questions ------------------------------------------------------------------------------------

test('a question is answered, and asked again when the answer is refused', async () => {
  const refusals: (string | undefined)[] = [];
  const result = world.client.request('report', null, {
    id: 'r1',
    onInputRequired: (question, { refusal: refused }) => {
      assert.deepEqual(question.schema, { type: 'boolean' });
      refusals.push(refused?.message);
      return refused !== null;
    },
  });
  const peer = await world.server.accept();
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
  const result = world.client.request('report', null, {
    id: 'r1',
    onInputRequired: (_, { signal }) => {
      asked = signal;
      return new Promise(() => {});
    },
  });
  const peer = await world.server.accept();
  await peer.expect('report');
  peer.send(inputRequired('r1', 1, 'i1'), complete('r1', 2, 7));
  assert.equal(await result, 7);
  assert.equal(asked?.aborted, true);
});
