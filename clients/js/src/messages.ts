/** What is heard of a request or a channel. */

import { isSafe } from './addresses.js';
import { type Chunk, type Pieces, readPieces } from './chunks.js';
import { Cancelled, ProtocolError, requestFailed, type StreamerClientError } from './errors.js';
import {
  type Document,
  Malformed,
  readCount,
  readInteger,
  readMoment,
  readName,
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

/** The request waits for a person's answer, which `schema`, a JSON Schema, describes. */
export interface InputRequired {
  readonly kind: 'inputRequired';
  readonly seq: number;
  readonly attempt: number;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly prompt: string | null;
  readonly inputId: string;
}

/** The result: the last message. A sync action's has the number 0. */
export interface Completed<T = unknown> {
  readonly kind: 'completed';
  readonly seq: number;
  readonly result: T;
  /** The index of the first chunk that the service could not give any more. */
  readonly missingChunk: number | null;
}

/** The last message of what failed, was cancelled, or was lost: `error` is what to throw. */
export interface Failed {
  readonly kind: 'failed';
  readonly seq: number;
  readonly error: StreamerClientError;
}

export type Ending<T = unknown> = Completed<T> | Failed;
export type Message<T = unknown, C = unknown> =
  | Acknowledged
  | Progress
  | Chunk<C>
  | InputRequired
  | Retrying
  | Ending<T>;

/** Where a result is that is too large for a message: an address that soon ends. */
export interface Stored {
  readonly kind: 'stored';
  readonly url: string;
  readonly size: number;
}

/** A message with its number; a snapshot may have a number and nothing to say. */
export interface News {
  readonly seq: number;
  readonly message: Message | Stored | null;
  readonly pieces: Pieces | null;
}

/** Tell whether nothing follows. */
export function isEnding<T>(message: Message<T> | null | undefined): message is Ending<T> {
  return message?.kind === 'completed' || message?.kind === 'failed';
}

/** Read a message of the server about a request or channel; throws Malformed. */
export function readNews(document: Document): News {
  const seq = readInteger(document, 'seq');
  return { seq, message: read(document, seq), pieces: readPieces(document) };
}

/** Tell whether nothing follows a message or what it stands for. */
export function isLast({ message }: News): boolean {
  return message !== null && ['completed', 'failed', 'stored'].includes(message.kind);
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

function read(document: Document, seq: number): Message | Stored | null {
  switch (document['type']) {
    case 'snapshot':
      return ofSnapshot(document, seq);
    case 'acknowledgment':
      return { kind: 'acknowledged', seq };
    case 'progress':
      return readProgress(document, document['attempt'] ?? 1, seq);
    case 'chunk':
      return null;
    case 'input_required':
      return inputRequired(document, document, seq);
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
function ofSnapshot(document: Document, seq: number): Message | Stored | null {
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
    case 'INPUT_REQUIRED':
      return inputRequired(document, readObject(document, 'input'), seq);
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

function inputRequired(document: Document, question: Document, seq: number): InputRequired {
  return {
    kind: 'inputRequired',
    seq,
    attempt: readInteger(document, 'attempt'),
    schema: readObject(question, 'schema'),
    prompt: readText(question, 'prompt'),
    inputId: readName(question, 'input_id'),
  };
}

/** Read where a large result is; throws Malformed for an address that must not be asked. */
export function readStored(document: Document): Stored | null {
  const url = readText(document, 'result_url');
  if (url === null) return null;
  if (!isSafe(url)) {
    throw new Malformed(`a result is at ${url.slice(0, 80)}, which is neither https nor loopback`);
  }
  return { kind: 'stored', url, size: readCount(document, 'result_bytes') };
}

function completed(document: Document, seq: number): Ending | Stored {
  if ('result' in document) {
    return { kind: 'completed', seq, result: document['result'], missingChunk: null };
  }
  // The end is known but not its content: waiting for another answer would never end.
  let text = 'the service gave no result in the message; use a newer client';
  try {
    const stored = readStored(document);
    if (stored !== null) return stored;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    text = `the service's result cannot be fetched: ${error.message}`;
  }
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
