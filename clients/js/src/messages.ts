/** What is heard of a request or a channel. */

import { Cancelled, ProtocolError, requestFailed, type StreamerClientError } from './errors.js';
import {
  type Document,
  Malformed,
  readInteger,
  readMoment,
  readNumber,
  readObject,
  readText,
} from './wire.js';

/** The request was accepted: the first message of an async one. */
export interface Acknowledged {
  readonly kind: 'acknowledged';
  readonly seq: number;
}

/** How far the work is. `percentage` is null when nobody knows. */
export interface Progress {
  readonly kind: 'progress';
  readonly seq: number;
  readonly attempt: number;
  readonly percentage: number | null;
  readonly message: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly current: number | null;
  readonly total: number | null;
  readonly unit: string | null;
  readonly step: string | null;
}

/** An attempt failed; `attempt` starts at `nextAt`. */
export interface Retrying {
  readonly kind: 'retrying';
  readonly seq: number;
  readonly attempt: number;
  readonly nextAt: Date;
}

/** The result: the last message. A sync action's has the number 0. */
export interface Completed<T = unknown> {
  readonly kind: 'completed';
  readonly seq: number;
  readonly result: T;
}

/** The last message of what failed, was cancelled, or was lost: `error` is what to throw. */
export interface Failed {
  readonly kind: 'failed';
  readonly seq: number;
  readonly error: StreamerClientError;
}

export type Ending<T = unknown> = Completed<T> | Failed;
export type Message<T = unknown> = Acknowledged | Progress | Retrying | Ending<T>;

/** A message with its number; a snapshot may have a number and nothing to say. */
export interface News {
  readonly seq: number;
  readonly message: Message | null;
}

/** Tell whether nothing follows. */
export function isEnding<T>(message: Message<T> | null): message is Ending<T> {
  return message?.kind === 'completed' || message?.kind === 'failed';
}

/** Read a message of the server about a request or channel; throws Malformed. */
export function readNews(document: Document): News {
  const seq = readInteger(document, 'seq');
  return { seq, message: read(document, seq) };
}

/** Read the members of a report; throws Malformed. */
export function readProgress(report: Document, attempt: unknown, seq: number): Progress {
  return {
    kind: 'progress',
    seq,
    attempt: readInteger({ attempt }, 'attempt'),
    percentage: readNumber(report, 'percentage'),
    message: readText(report, 'message'),
    metadata: 'metadata' in report ? readObject(report, 'metadata') : {},
    current: readNumber(report, 'current'),
    total: readNumber(report, 'total'),
    unit: readText(report, 'unit'),
    step: readText(report, 'step'),
  };
}

function read(document: Document, seq: number): Message | null {
  switch (document['type']) {
    case 'snapshot':
      return ofSnapshot(document, seq);
    case 'acknowledgment':
      return { kind: 'acknowledged', seq };
    case 'progress':
      return readProgress(document, document['attempt'] ?? 1, seq);
    case 'retrying':
      return retrying(document, seq);
    case 'complete':
      return completed(document, seq);
    case 'cancelled':
      return cancelled(document, seq);
    case 'error':
      return failed(document, seq);
    default:
      throw new Malformed(`'${String(document['type'])}' is no news`);
  }
}

/** Give the message that brought the request to where it stands. */
function ofSnapshot(document: Document, seq: number): Message | null {
  switch (document['state']) {
    case 'SUCCEEDED':
      return completed(document, seq);
    case 'FAILED':
    case 'EXPIRED':
      return failed(document, seq);
    case 'CANCELLED':
      return cancelled(document, seq);
    case 'RETRY_WAIT':
      return retrying(document, seq);
    case 'QUEUED':
      if (seq === 0 && 'request_id' in document) return { kind: 'acknowledged', seq: 0 };
  }
  return document['progress'] == null
    ? null
    : ofReport(document, readObject(document, 'progress'), seq);
}

function ofReport(document: Document, report: Document, seq: number): Progress | null {
  const attempt = document['attempt'] ?? 1;
  // What an earlier attempt reported says nothing about the one that runs now.
  if ((report['attempt'] ?? attempt) !== attempt) return null;
  return readProgress(report, attempt, seq);
}

function retrying(document: Document, seq: number): Retrying {
  const attempt = readInteger(document, 'attempt');
  return { kind: 'retrying', seq, attempt, nextAt: readMoment(document, 'next_at') };
}

function completed(document: Document, seq: number): Ending {
  if ('result' in document) return { kind: 'completed', seq, result: document['result'] };
  // The end is known but not its content: waiting for another answer would never end.
  const text = 'the service gave no result in the message; use a newer client';
  return { kind: 'failed', seq, error: new ProtocolError(text) };
}

function failed(document: Document, seq: number): Failed {
  return { kind: 'failed', seq, error: requestFailed(readObject(document, 'error')) };
}

function cancelled(document: Document, seq: number): Failed {
  const reason = readText(document, 'reason');
  const text = 'the request was cancelled' + (reason ? `: ${reason}` : '');
  return { kind: 'failed', seq, error: new Cancelled('CANCELLED', text) };
}
