/** What the service knows of requests at one moment. */
import { type StreamerClientError } from './errors.js';
import { type Progress, type Stored } from './messages.js';
/** The protocol's states; a later release may have others. */
export type State = 'QUEUED' | 'RUNNING' | 'RETRY_WAIT' | 'INPUT_REQUIRED' | 'CANCELLING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'EXPIRED' | (string & {});
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
export declare function readSnapshot(data: unknown): {
    snapshot: Snapshot;
    stored: Stored | null;
};
/** Read the answer to `list`; throws ProtocolError. */
export declare function readPage(data: unknown): Page;
/** Read the answer to `cancel` and `input`; throws ProtocolError. */
export declare function readState(data: unknown): State;
/** Read the answer to `upload`; throws ProtocolError. */
export declare function readUploadTarget(data: unknown): UploadTarget;
