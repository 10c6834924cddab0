/** Bounds of waiting: a caller's signal and timeout. */

import { WaitTimeout } from './errors.js';

/** What bounds the waiting, not the work. */
export interface Bounds {
  /** Ends the waiting; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Wait for a promise until the signal aborts; throws its reason then. */
export async function until<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Wait for a promise for so many milliseconds; throws WaitTimeout with the text then. */
export async function within<T>(promise: Promise<T>, limit: number | undefined, text: string): Promise<T> {
  if (limit === undefined) return promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new WaitTimeout(text)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Let so many milliseconds pass; throws the signal's reason when it aborts. */
export function pause(wait: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, wait);
  });
  return until(passed, signal).finally(() => clearTimeout(timer));
}
