/** What is to be done later, in virtual time. */
/** Deeds by key; a key that is set again forgets what it was set to before. */
export class Timers {
    #deeds = new Map();
    #heap = [];
    #count = 0;
    /** Do something at a moment. */
    set(key, at, deed) {
        this.#count += 1;
        this.#deeds.set(key, { number: this.#count, deed });
        this.#push({ at, number: this.#count, key });
    }
    /** Do nothing after all; harmless when nothing was to be done. */
    clear(key) {
        this.#deeds.delete(key);
    }
    /** Forget everything. */
    clearAll() {
        this.#deeds.clear();
        this.#heap.length = 0;
    }
    /** Tell when the next deed is due; null when there is none. */
    nextAt() {
        let first = this.#heap[0];
        while (first !== undefined && this.#deeds.get(first.key)?.number !== first.number) {
            this.#pop();
            first = this.#heap[0];
        }
        return first?.at ?? null;
    }
    /** Do what is due, in the order of its moments. */
    run(now) {
        for (let at = this.nextAt(); at !== null && at <= now; at = this.nextAt()) {
            const { key } = this.#pop();
            const { deed } = this.#deeds.get(key);
            this.#deeds.delete(key);
            deed(now);
        }
    }
    #push(entry) {
        const heap = this.#heap;
        let index = heap.length;
        while (index > 0) {
            const above = (index - 1) >> 1;
            if (!isBefore(entry, heap[above]))
                break;
            heap[index] = heap[above];
            index = above;
        }
        heap[index] = entry;
    }
    #pop() {
        const heap = this.#heap;
        const first = heap[0];
        const last = heap.pop();
        if (last === undefined || last === first)
            return first;
        let index = 0;
        for (let below = 1; below < heap.length; below = 2 * index + 1) {
            if (below + 1 < heap.length && isBefore(heap[below + 1], heap[below]))
                below += 1;
            if (!isBefore(heap[below], last))
                break;
            heap[index] = heap[below];
            index = below;
        }
        heap[index] = last;
        return first;
    }
}
function isBefore(one, other) {
    return one.at < other.at || (one.at === other.at && one.number < other.number);
}
