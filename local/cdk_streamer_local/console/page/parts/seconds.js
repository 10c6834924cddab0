/** Pairs of a second and a number, as rows of numbers that end now. */

/**
 * @param {Array<[number, number]>} pairs
 * @param {number} seconds how many
 * @param {number} [now] milliseconds
 */
export function row(pairs, seconds, now = Date.now()) {
  const begin = Math.floor(now / 1000) - seconds + 1;
  const values = Array(seconds).fill(0);
  for (const [second, value] of pairs) if (second >= begin && second - begin < seconds) values[second - begin] += value;
  return values.some(Boolean) ? values : [];
}

/** How much a second it was lately. @param {Array<[number, number]>} pairs @param {number} [over] */
export function rate(pairs, over = 10) {
  const begin = Math.floor(Date.now() / 1000) - over;
  return pairs.reduce((sum, [second, value]) => (second >= begin ? sum + value : sum), 0) / over;
}

/** Add up. @param {Array<[number, number]>} pairs @param {number} [over] seconds */
export function sum(pairs, over = 300) {
  const begin = Date.now() / 1000 - over;
  return pairs.reduce((all, [second, value]) => (second > begin ? all + value : all), 0);
}
