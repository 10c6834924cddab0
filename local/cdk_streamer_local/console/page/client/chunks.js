/** Parts of what an attempt puts out: read from messages, put in order. */
import { Malformed, readCount, readObject, readObjects } from './wire.js';
/** How far ahead of a hole chunks are kept: what is further away is asked for again. */
const HELD = 1_000;
/** The chunks of a request, in order and each once. */
export class Stream {
    attempt = 0;
    /** The index that is due. */
    next = 0;
    count = 0;
    #held = new Map();
    /** Whether nothing is known to be missing. */
    get isWhole() {
        return this.next >= this.count;
    }
    /** Tell whether there is something new since an earlier place. */
    isBeyond(attempt, next) {
        return this.attempt > attempt || (this.attempt === attempt && this.next > next);
    }
    /** Take what a message tells, and give the chunks whose turn it is. */
    take(pieces) {
        if (pieces.attempt > 0 && pieces.attempt < this.attempt)
            return [];
        if (pieces.attempt > this.attempt) {
            this.attempt = pieces.attempt;
            this.next = this.count = 0;
            this.#held.clear();
        }
        const told = pieces.chunks.map((chunk) => chunk.index + 1);
        this.count = Math.max(this.count, pieces.count, ...told);
        const due = [];
        for (const chunk of pieces.chunks) {
            if (chunk.index < this.next || chunk.index >= this.next + HELD)
                continue;
            this.#held.set(chunk.index, chunk);
            this.#release(due);
        }
        return due;
    }
    #release(due) {
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
export function readPieces(document) {
    if (!('attempt' in document || 'chunks' in document))
        return null;
    const attempt = 'attempt' in document ? readCount(document, 'attempt') : 0;
    if (document['type'] === 'chunk') {
        return { attempt, chunks: [readChunk(document, attempt)], count: 0 };
    }
    const count = 'chunks' in document ? readCount(document, 'chunks') : 0;
    if (!('chunk_page' in document))
        return { attempt, chunks: [], count };
    const page = readObject(document, 'chunk_page');
    const owner = readCount(page, 'attempt');
    const chunks = readObjects(page, 'chunks').map((chunk) => readChunk(chunk, owner));
    return { attempt: owner, chunks, count: owner === attempt ? count : 0 };
}
function readChunk(document, attempt) {
    if (!('data' in document))
        throw new Malformed('a chunk has no data');
    const index = readCount(document, 'chunk_index');
    return { kind: 'chunk', attempt, index, data: document['data'] };
}
