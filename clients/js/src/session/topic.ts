/** One thing that is followed. */

import { Stream } from '../chunks.js';
import type { Completed, Stored } from '../messages.js';
import type { Link } from './links.js';
import type { Subject } from './subject.js';

/** A request as it is sent; `idempotent` says that running it twice does no harm. */
export interface Submission {
  readonly id: string;
  readonly action: string;
  readonly text: string;
  readonly prefer: string | undefined;
  readonly idempotent: boolean;
}

/** What the client knows of a request. */
export type Phase =
  | 'waiting' // not sent
  | 'asked' // sent, without an answer
  | 'doubted' // sent, and the answer will not come
  | 'followed' // the service has it
  | 'ending'; // it has ended, and some of it is still to be fetched

/** How it stands with chunks that are missing. */
export type Search =
  | 'idle' // none is
  | 'asked' // an answer is due
  | 'paused'; // they are asked for again later

/** A request or a channel. */
export class Topic {
  readonly subject: Subject;
  readonly submission: Submission | null;
  phase: Phase;
  link: Link | null = null;
  /** The highest number that was heard. */
  seq = -1;
  readonly stream = new Stream();
  ending: Completed | Stored | null = null;
  /** How often in a row it was asked in vain for what is to be fetched. */
  tries = 0;
  search: Search = 'idle';

  constructor(subject: Subject, phase: Phase, submission: Submission | null = null) {
    this.subject = subject;
    this.phase = phase;
    this.submission = submission;
  }
}
