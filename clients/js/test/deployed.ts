/**
 * The client against a deployed application, that of the end-to-end tests.
 *
 * STREAMER_URL and STREAMER_TOKEN tell where it is and who asks, PAGE_HOST and PAGE_CERTIFICATE from
 * which site a browser's page may do so.
 */

import assert from 'node:assert/strict';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';

import {
  Cancelled,
  Conflict,
  Forbidden,
  HandshakeRefused,
  InvalidAction,
  NotFound,
  PayloadTooLarge,
  ProcessingFailed,
  type Progress,
  StreamerClient,
  TimedOut,
  ValidationFailed,
} from 'cdk-streamer-client';

import { Browser, skipWithoutChromium } from './browser.js';

const url = process.env['STREAMER_URL'] ?? '';
const plainUrl = process.env['STREAMER_PLAIN_URL'] ?? '';
const token = process.env['STREAMER_TOKEN'] ?? '';

describe('in Node', () => {
  let client: StreamerClient;

  before(() => {
    client = new StreamerClient(url, { token: () => token });
  });

  after(() => client.close());

  test('a sync action gives its data', async () => {
    assert.equal(await client.request('greet', { name: 'Ann' }), 'hello Ann ');
  });

  test('an async action gives its progress and its result', async () => {
    const reports: Progress[] = [];
    const onProgress = (p: Progress) => reports.push(p);
    const result = await client.request('count', { steps: 4 }, { onProgress });
    assert.deepEqual(result, { counted: 4 });
    assert.equal(reports.at(-1)?.percentage, 100);
    assert.deepEqual(reports.at(-1)?.metadata, { source: 'counter' });
  });

  test('attempts are heard', async () => {
    const attempts: number[] = [];
    await client.request('flaky', null, { onRetrying: ({ attempt }) => attempts.push(attempt) });
    assert.deepEqual(attempts, [2, 3]);
  });

  test('another client of the same owner follows a request', async () => {
    const other = new StreamerClient(url, { token });
    const handle = client.submit('count', { steps: 2 });
    for await (const { kind } of handle) if (kind === 'acknowledged') break;
    const result = await other.attach(handle.id).result();
    other.close();
    assert.deepEqual(result, { counted: 2 });
  });

  test('cancelling throws where the result is awaited', async () => {
    const handle = client.submit('linger', {});
    for await (const { kind } of handle) if (kind === 'progress') await handle.cancel('enough');
    await assert.rejects(handle.result(), Cancelled);
  });

  for (const [action, payload, error] of [
    ['fly', null, InvalidAction],
    ['greet', {}, ValidationFailed],
    ['administer', null, Forbidden],
    ['break', null, ProcessingFailed],
    ['break_later', null, ProcessingFailed],
    ['dawdle_later', null, TimedOut],
    ['echo', 'x'.repeat(40_000), PayloadTooLarge],
  ] as const) {
    test(`${action} fails with ${error.name}`, async () => {
      await assert.rejects(client.request(action, payload), error);
    });
  }

  test('an id with another body is a conflict', async () => {
    await client.request('count', { steps: 1 }, { id: 'taken' });
    await assert.rejects(client.request('count', { steps: 2 }, { id: 'taken' }), Conflict);
  });

  test('requests are read and listed', async () => {
    await client.request('count', { steps: 1 }, { id: 'listed' });
    assert.equal((await client.get('listed')).state, 'SUCCEEDED');
    const { requests } = await client.list({ state: 'SUCCEEDED', limit: 1 });
    assert.equal(requests[0]?.requestId, 'listed');
    await assert.rejects(client.get('never-used'), NotFound);
  });

  test('a bad token is refused', async () => {
    const stranger = new StreamerClient(url, { token: 'nonsense' });
    await assert.rejects(stranger.connect(), HandshakeRefused);
  });
});

describe('in a browser', { skip: skipWithoutChromium() }, () => {
  let browser: Browser;

  before(async () => {
    const certificate = process.env['PAGE_CERTIFICATE'] ?? '';
    browser = await Browser.start({ host: process.env['PAGE_HOST'] ?? '', certificate });
  });

  after(() => browser.stop());

  test('an async action gives its progress and its result', async () => {
    const request = { action: 'count', payload: { steps: 4 }, token };
    const { result, reports } = await browser.run('request', plainUrl, request);
    assert.deepEqual(result, { counted: 4 });
    assert.equal(reports.at(-1).percentage, 100);
  });

  test('a request is cancelled', async () => {
    const { error } = await browser.run('cancel', url, { action: 'linger', payload: {}, token });
    assert.equal(error, 'Cancelled');
  });

  test('a bad token lets nobody in', async () => {
    const options = { token: 'nonsense' };
    await assert.rejects(browser.run('connect', url, options), { name: 'Unreachable' });
  });
});
