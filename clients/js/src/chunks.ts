/** Parts of what an attempt puts out: read from messages, put in order. */

import { type Document, Malformed, readCount, readObject, readObjects } from './wire.js';

/** How far ahead of a hole chunks are kept: what is further away is asked for again. */
const HELD = 1_000;

/** A part of what an attempt puts out. One of a later `attempt` replaces all before it. */
export interface Chunk<C = unknown> {
  readonly kind: 'chunk';
  readonly attempt: number;
  readonly index: number;
  readonly data: C;
}

/** What one message tells of chunks: some of them, and how many there are. */
export interface Pieces {
  /** 0 when the message does not say. */
  readonly attempt: number;
  readonly chunks: readonly Chunk[];
  readonly count: number;
}

/** The chunks of a request, in order and each once. */
export class Stream {
  attempt = 0;
  /** The index that is due. */
  next = 0;
  count = 0;
  readonly #held = new Map<number, Chunk>();

  /** Whether nothing is known to be missing. */
  get isWhole(): boolean {
    return this.next >= this.count;
  }

  /** Tell whether there is something new since an earlier place. */
  isBeyond(attempt: number, next: number): boolean {
    return this.attempt > attempt || (this.attempt === attempt && this.next > next);
  }

  /** Take what a message tells, and give the chunks whose turn it is. */
  take(pieces: Pieces): readonly Chunk[] {
    if (pieces.attempt > 0 && pieces.attempt < this.attempt) return [];
    if (pieces.attempt > this.attempt) {
      this.attempt = pieces.attempt;
      this.next = this.count = 0;
      this.#held.clear();
    }
    const told = pieces.chunks.map((chunk) => chunk.index + 1);
    this.count = Math.max(this.count, pieces.count, ...told);
    const due: Chunk[] = [];
    for (const chunk of pieces.chunks) {
      if (chunk.index < this.next || chunk.index >= this.next + HELD) continue;
      this.#held.set(chunk.index, chunk);
      this.#release(due);
    }
    return due;
  }

  #release(due: Chunk[]): void {
    let chunk = this.#held.get(this.next);
    while (chunk !== undefined) {
      due.push(chunk);
      this.#held.delete(this.next);
      this.next += 1;
      chunk = this.#held.get(this.next);
    }
  }
}

/** Read what a message tells of chunks; throws Malformed. */
export function readPieces(document: Document): Pieces | null {
  if (!('attempt' in document || 'chunks' in document)) return null;
  const attempt = 'attempt' in document ? readCount(document, 'attempt') : 0;
  if (document['type'] === 'chunk') {
    return { attempt, chunks: [readChunk(document, attempt)], count: 0 };
  }
  const count = 'chunks' in document ? readCount(document, 'chunks') : 0;
  if (!('chunk_page' in document)) return { attempt, chunks: [], count };
  const page = readObject(document, 'chunk_page');
  const owner = readCount(page, 'attempt');
  const chunks = readObjects(page, 'chunks').map((chunk) => readChunk(chunk, owner));
  return { attempt: owner, chunks, count: owner === attempt ? count : 0 };
}

function readChunk(document: Document, attempt: number): Chunk {
  if (!('data' in document)) throw new Malformed('a chunk has no data');
  const index = readCount(document, 'chunk_index');
  return { kind: 'chunk', attempt, index, data: document['data'] };
}
