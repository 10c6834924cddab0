/** Parts of what an attempt puts out: read from messages, put in order. */
import { type Document } from './wire.js';
/** A part of what an attempt puts out. One of a later `attempt` replaces all before it. */
export interface Chunk<C = unknown> {
    readonly kind: 'chunk';
    readonly attempt: number;
    readonly index: number;
    readonly data: C;
}
/** What one message tells of chunks: some of them, and how many there are. */
export interface Pieces {
    readonly attempt: number;
    readonly chunks: readonly Chunk[];
    readonly count: number;
}
/** The chunks of a request, in order and each once. */
export declare class Stream {
    #private;
    attempt: number;
    /** The index that is due. */
    next: number;
    count: number;
    /** Whether nothing is known to be missing. */
    get isWhole(): boolean;
    /** Tell whether there is something new since an earlier place. */
    isBeyond(attempt: number, next: number): boolean;
    /** Take what a message tells, and give the chunks whose turn it is. */
    take(pieces: Pieces): readonly Chunk[];
}
/** Read what a message tells of chunks; throws Malformed. */
export declare function readPieces(document: Document): Pieces | null;
