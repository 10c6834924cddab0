/** The connection core: pure, deterministic, the same in every language that has a client. */
export { Session } from './session.js';
export { Subject } from './subject.js';
