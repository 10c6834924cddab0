/** The session does what the vectors say, which every client of the protocol must pass. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load, Player } from './player.js';

const vectors = load();

for (const vector of vectors) {
  test(vector.name, () => {
    const player = new Player(vector);
    for (const [number, step] of vector.steps.entries()) {
      const { raises, out } = step;
      const expected = raises === undefined ? { out } : { raises, out };
      assert.deepEqual(player.play(step), expected, `step ${number} at ${step['at']}`);
    }
  });
}

test('the vectors are found', () => {
  assert.ok(vectors.length > 100);
});
