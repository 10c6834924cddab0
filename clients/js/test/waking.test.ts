/** The session when a network is back, or a machine has slept. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Output, Session } from 'cdk-streamer-client/session';

import { hello } from './fake_server.js';

function connectedAt(now: number): Session {
  const session = new Session({ uniform: () => 1 });
  session.start(now);
  session.opened(1, now);
  session.received(1, JSON.stringify(hello()), now);
  session.outputs();
  return session;
}

function kinds(outputs: readonly Output[]): string[] {
  return outputs.map(({ output }) => output);
}

test('a lost connection is made anew at once', () => {
  const session = connectedAt(0);
  session.lost(1, 10, 'cut');
  session.outputs();
  session.nudge(20);
  session.nudge(21);
  assert.deepEqual(session.outputs(), [{ output: 'open', link: 2 }]);
});

test('a silent connection is pinged, and dropped when it does not answer', () => {
  const session = connectedAt(0);
  session.nudge(60_000);
  assert.deepEqual(session.outputs(), [
    { output: 'send', link: 1, text: '{"action":"ping","id":"~1"}' },
  ]);
  session.tick(80_000);
  assert.deepEqual(kinds(session.outputs()), ['close', 'warned']);
});

test('a connection that spoke a moment ago is left alone', () => {
  const session = connectedAt(0);
  session.nudge(5_000);
  assert.deepEqual(session.outputs(), []);
});

test('a session that is over stays so', () => {
  const session = connectedAt(0);
  session.close(1);
  session.outputs();
  session.nudge(2);
  assert.deepEqual(session.outputs(), []);
});
