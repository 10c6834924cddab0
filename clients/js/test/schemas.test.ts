/** The client understands every message that the protocol's JSON Schemas show. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as client from 'cdk-streamer-client';
import { Session, Subject } from 'cdk-streamer-client/session';

import { hello, type Json } from './fake_server.js';

const SCHEMAS = new URL('../../python/cdk_streamer_client/schemas/', import.meta.url);
const SERVER = JSON.parse(readFileSync(new URL('server.json', SCHEMAS), 'utf8'));
const CODES: string[] = SERVER['$defs'].code.examples;

function connected(): Session {
  const session = new Session({ uniform: () => 0.5 });
  session.start(0);
  session.opened(1, 0);
  session.received(1, JSON.stringify(hello()), 0);
  session.outputs();
  return session;
}

for (const type of SERVER['x-messages'] as string[]) {
  const examples: Json[] = SERVER['$defs'][type].examples;
  for (const [number, example] of examples.entries()) {
    test(`example ${number} of ${type} is understood`, () => {
      const session = connected();
      const subject = Subject.of(example['request_id'] ?? null, example['channel'] ?? null);
      if (subject !== null && !subject.name.startsWith('~')) session.follow(subject, 1);
      session.outputs();
      session.received(1, JSON.stringify(example), 2);
      const warnings = session.outputs().filter(({ output }) => output === 'warned');
      const isRefusal = type === 'error' && !('seq' in example);
      assert.deepEqual(isRefusal ? [] : warnings, []);
    });
  }
}

for (const code of CODES) {
  test(`${code} has a class of its own`, () => {
    const session = connected();
    session.submit('r1', 1, { action: 'x' });
    const error = { code, message: 'no', retryable: false };
    session.received(1, JSON.stringify({ type: 'error', request_id: 'r1', error }), 2);
    const last = session.outputs().at(-1);
    assert.ok(last?.output === 'heard' && last.message.kind === 'failed');
    assert.equal(last.message.error.code, code);
    assert.notEqual(last.message.error.constructor, client.RequestFailed);
    assert.ok(Object.values<unknown>(client).includes(last.message.error.constructor));
  });
}
