/** Numbers and times as people read them. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something took. @param {number | null | undefined} seconds */
export function took(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 0.0995) return `${(seconds * 1000).toFixed(seconds < 0.00995 ? 1 : 0)} ms`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return span(seconds);
}

/** A length of time. @param {number} seconds */
export function span(seconds) {
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${two(whole % MINUTE)} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${two(Math.floor((whole % HOUR) / MINUTE))} min`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

/**
 * When something was or will be, from now.
 * @param {number | string | null | undefined} time seconds since 1970, or ISO 8601
 * @param {number} [now] milliseconds
 */
export function ago(time, now = Date.now()) {
  if (time === null || time === undefined || time === '') return '–';
  const seconds = now / 1000 - secondsOf(time);
  if (Math.abs(seconds) < 1) return 'now';
  const length = Math.abs(seconds) < MINUTE ? `${Math.floor(Math.abs(seconds))} s` : rough(Math.abs(seconds));
  return seconds > 0 ? `${length} ago` : `in ${length}`;
}

/** The time of day. @param {number | string} time */
export function clock(time) {
  const at = new Date(secondsOf(time) * 1000);
  return `${at.toLocaleTimeString('en-GB')}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** Date and time, whole. @param {number | string} time */
export function whole(time) {
  return new Date(secondsOf(time) * 1000).toISOString().replace('T', ' ').replace('.000Z', 'Z');
}

/** A number of things. @param {number} number @param {string} one @param {string} [many] */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}

/** A size. @param {number} bytes */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** @param {number | string} time */
function secondsOf(time) {
  return typeof time === 'number' ? time : Date.parse(time) / 1000;
}

/** @param {number} seconds */
function rough(seconds) {
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} d`;
}

/** @param {number} number */
function two(number) {
  return String(number).padStart(2, '0');
}
