/** What the service knows of requests at one moment. */

import { ProtocolError, requestFailed, type StreamerClientError } from './errors.js';
import { type Progress, readProgress, readStored, type Stored } from './messages.js';
import {
  type Document,
  isObject,
  Malformed,
  readCount,
  readInteger,
  readMoment,
  readName,
  readObject,
  readObjects,
  readText,
} from './wire.js';

/** The protocol's states; a later release may have others. */
export type State =
  | 'QUEUED'
  | 'RUNNING'
  | 'RETRY_WAIT'
  | 'INPUT_REQUIRED'
  | 'CANCELLING'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'CANCELLED'
  | 'EXPIRED'
  | (string & {});

/** What a request asks a person, whose answer `schema`, a JSON Schema, describes. */
export interface Question {
  readonly inputId: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly prompt: string | null;
}

/** How a request stands. */
export interface Snapshot<T = unknown> {
  readonly requestId: string;
  readonly action: string | null;
  readonly state: State;
  readonly seq: number;
  readonly attempt: number;
  readonly progress: Progress | null;
  /** What the handler returned; undefined unless the request has succeeded. */
  readonly result: T | undefined;
  readonly error: StreamerClientError | null;
  /** What is asked in INPUT_REQUIRED. */
  readonly question: Question | null;
  /** How many chunks the attempt has put out. */
  readonly chunks: number;
  readonly createdAt: Date | null;
}

/** One request of a list. */
export interface Entry {
  readonly requestId: string;
  readonly action: string;
  readonly state: State;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** Part of a list, newest first. `cursor` asks for the next part; null on the last one. */
export interface Page {
  readonly requests: readonly Entry[];
  readonly cursor: string | null;
}

/** Where bytes may be sent. */
export interface UploadTarget {
  readonly id: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Read the answer to `get`; where a large result is comes separately. Throws ProtocolError. */
export function readSnapshot(data: unknown): { snapshot: Snapshot; stored: Stored | null } {
  return understand('snapshot', data, (document) => ({
    snapshot: snapshotOf(document),
    stored: readStored(document),
  }));
}

/** Read the answer to `list`; throws ProtocolError. */
export function readPage(data: unknown): Page {
  return understand('list', data, (document) => ({
    requests: readObjects(document, 'requests').map(entryOf),
    cursor: readText(document, 'cursor'),
  }));
}

/** Read the answer to `cancel` and `input`; throws ProtocolError. */
export function readState(data: unknown): State {
  return understand('answer', data, (document) => readName(document, 'state'));
}

/** Read the answer to `upload`; throws ProtocolError. */
export function readUploadTarget(data: unknown): UploadTarget {
  return understand('answer', data, (document) => {
    const headers = Object.entries(readObject(document, 'headers'));
    return {
      id: readName(document, 'upload_id'),
      url: readName(document, 'url'),
      method: readName(document, 'method'),
      headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
    };
  });
}

function snapshotOf(document: Document): Snapshot {
  const seq = readInteger(document, 'seq');
  const attempt = readInteger(document, 'attempt');
  const report = document['progress'] == null ? null : readObject(document, 'progress');
  const fault = 'error' in document ? readObject(document, 'error') : null;
  const question = 'input' in document ? readObject(document, 'input') : null;
  return {
    requestId: readName(document, 'request_id'),
    action: readText(document, 'action'),
    state: readName(document, 'state'),
    seq,
    attempt,
    progress: report && readProgress(report, report['attempt'] ?? attempt, seq),
    result: document['result'],
    error: fault && requestFailed(fault),
    question: question && questionOf(question),
    chunks: 'chunks' in document ? readCount(document, 'chunks') : 0,
    createdAt: 'created_at' in document ? readMoment(document, 'created_at') : null,
  };
}

function questionOf(document: Document): Question {
  return {
    inputId: readName(document, 'input_id'),
    schema: readObject(document, 'schema'),
    prompt: readText(document, 'prompt'),
  };
}

function entryOf(document: Document): Entry {
  return {
    requestId: readName(document, 'request_id'),
    action: readName(document, 'action'),
    state: readName(document, 'state'),
    createdAt: readMoment(document, 'created_at'),
    endedAt: 'ended_at' in document ? readMoment(document, 'ended_at') : null,
  };
}

function understand<T>(kind: string, data: unknown, read: (document: Document) => T): T {
  try {
    if (!isObject(data)) throw new Malformed('it is no object');
    return read(data);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new ProtocolError(`the service's ${kind} cannot be read: ${error.message}`);
  }
}
