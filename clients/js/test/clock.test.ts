/** A session's clock goes on while a machine sleeps, and never back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

const { Clock } = (await import(
  new URL('../dist/clock.js', import.meta.url).href
)) as typeof import('../dist/clock.js');

test('sleep counts, and a clock that was set does not turn time back', (context) => {
  let wall = 1_000_000;
  let awake = 500;
  context.mock.method(Date, 'now', () => wall);
  context.mock.method(performance, 'now', () => awake);
  const clock = new Clock();
  const pass = (wallMs: number, awakeMs: number) => {
    wall += wallMs;
    awake += awakeMs;
    return clock.now();
  };
  assert.equal(clock.now(), 500);
  assert.equal(pass(250, 250), 750);
  assert.equal(pass(3_600_000, 10), 3_600_750); // an hour's sleep
  assert.equal(pass(-7_200_000, 10), 3_600_760); // set back
  assert.equal(pass(20, 20), 3_600_780);
});
