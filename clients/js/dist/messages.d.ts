/** What is heard of a request or a channel. */
import { type Chunk, type Pieces } from './chunks.js';
import { type StreamerClientError } from './errors.js';
import { type Document } from './wire.js';
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
export type Message<T = unknown, C = unknown> = Acknowledged | Progress | Chunk<C> | InputRequired | Retrying | Ending<T>;
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
export declare function isEnding<T>(message: Message<T> | null | undefined): message is Ending<T>;
/** Read a message of the server about a request or channel; throws Malformed. */
export declare function readNews(document: Document): News;
/** Tell whether nothing follows a message or what it stands for. */
export declare function isLast({ message }: News): boolean;
/** Read the members of a report; throws Malformed. */
export declare function readProgress(report: Document, attempt: unknown, seq: number): Progress;
/** Read where a large result is; throws Malformed for an address that must not be asked. */
export declare function readStored(document: Document): Stored | null;
