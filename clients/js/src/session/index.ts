/** The connection core: pure, deterministic, the same in every language that has a client. */

export { Session, type Order, type SessionOptions } from './session.js';
export type {
  Answered,
  Close,
  Ended,
  Fetch,
  Heard,
  Open,
  Output,
  Ready,
  Send,
  Warned,
} from './outputs.js';
export { Subject } from './subject.js';
