/** How requests end: in errors, cancelled, or without anybody who waits. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cancelled, Conflict, InvalidAction, PayloadTooLarge, ProcessingFailed, RateLimited, StreamerClientError, ValidationFailed, WaitTimeout } from 'cdk-streamer-client';

import { acknowledgment, cancelled, complete, progress, refusal, response } from './fake_server.js';
import { useWorld } from './world.js';

const world = useWorld();

// --- ends -----------------------------------------------------------------------------------------

test('a failure is thrown with all that the service says of it', async () => {
  const result = world.client.request('break', null, { id: 'r1' });
  const peer = await world.server.accept();
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
    const result = world.client.request('fly', null, { id: 'r1' });
    const peer = await world.server.accept();
    await peer.expect('fly');
    peer.send(refusal('r1', code));
    await assert.rejects(result, type);
  });
}

test('one request too many is refused with the time to wait', async () => {
  const result = world.client.request('report', null, { id: 'r1' });
  const peer = await world.server.accept();
  await peer.expect('report');
  peer.send(refusal('r1', 'RATE_LIMITED', { retryable: true, retry_after_ms: 1500 }));
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof RateLimited);
    assert.equal(error.retryAfterMs, 1500);
    return true;
  });
});

test('one request too many is sent again when the caller wants it', async () => {
  const result = world.client.request('report', null, { id: 'r1', retryLimited: true });
  const peer = await world.server.accept();
  await peer.expect('report');
  peer.send(refusal('r1', 'RATE_LIMITED', { retryable: true, retry_after_ms: 1 }));
  await peer.expect('report');
  peer.send(complete('r1', 1, 7));
  assert.equal(await result, 7);
});

test('cancelling waits for the acknowledgment, and throws where the result is awaited', async () => {
  const handle = world.client.submit('report', null, { id: 'r1' });
  const state = handle.cancel('enough');
  const peer = await world.server.accept();
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
  assert.throws(() => world.client.submit('echo', 'x'.repeat(33_000)), PayloadTooLarge);
  await assert.rejects(world.client.request('echo', { n: Infinity }), /JSON cannot carry/);
  await assert.rejects(world.client.request('echo', 1n), TypeError);
});

test('an id is open once', async () => {
  world.client.submit('echo', 1, { id: 'r1' });
  assert.throws(() => world.client.submit('echo', 1, { id: 'r1' }), /is open on this client already/);
  assert.throws(() => world.client.submit('echo', 1, { id: 'not one' }), RangeError);
});

// --- waiting --------------------------------------------------------------------------------------

test('a signal ends the waiting, and the request goes on', async () => {
  const controller = new AbortController();
  const result = world.client.request('report', null, {
    id: 'r1',
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  const peer = await world.server.accept();
  await peer.expect('report');
  peer.send(progress('r1', 1, 10));
  await assert.rejects(result, { name: 'AbortError' });
  await peer.expect('unsubscribe');
});

test('a signal cancels the request when the caller wants that', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const reports: unknown[] = [];
  const onProgress = (report: unknown) => reports.push(report);
  const options = { id: 'r1', signal, onAbort: 'cancel', onProgress } as const;
  const result = world.client.request('report', null, options);
  const peer = await world.server.accept();
  await peer.expect('report');
  controller.abort();
  await assert.rejects(result, { name: 'AbortError' });
  peer.send(acknowledgment('r1'), progress('r1', 1, 10));
  const { payload } = await peer.expect('cancel');
  assert.deepEqual(payload, { request_id: 'r1', reason: 'the caller aborted it' });
  assert.deepEqual(reports, []);
});

test('an aborted signal sends nothing', async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(world.client.request('report', null, { signal }), { name: 'AbortError' });
  await assert.rejects(world.client.get('r1', { signal }), { name: 'AbortError' });
  assert.equal(world.client.state, 'idle');
});

test('a timeout ends the waiting and tells how to go on', async () => {
  const result = world.client.request('report', null, { id: 'r1', timeoutMs: 20 });
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof WaitTimeout);
    assert.match(error.message, /attach\('r1'\) waits for it/);
    return true;
  });
});
