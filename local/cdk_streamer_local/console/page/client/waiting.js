/** Bounds of waiting: a caller's signal and timeout. */
import { WaitTimeout } from './errors.js';
/** Wait for a promise until the signal aborts; throws its reason then. */
export async function until(promise, signal) {
    if (signal === undefined)
        return promise;
    signal.throwIfAborted();
    let onAbort = () => { };
    const aborted = new Promise((_, reject) => {
        onAbort = () => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
        return await Promise.race([promise, aborted]);
    }
    finally {
        signal.removeEventListener('abort', onAbort);
    }
}
/** Wait for a promise for so many milliseconds; throws WaitTimeout with the text then. */
export async function within(promise, limit, text) {
    if (limit === undefined)
        return promise;
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new WaitTimeout(text)), limit);
    });
    try {
        return await Promise.race([promise, late]);
    }
    finally {
        clearTimeout(timer);
    }
}
/** Let so many milliseconds pass; throws the signal's reason when it aborts. */
export function pause(wait, signal) {
    let timer;
    const passed = new Promise((resolve) => {
        timer = setTimeout(resolve, wait);
    });
    return until(passed, signal).finally(() => clearTimeout(timer));
}
