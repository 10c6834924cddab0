/** What is too large for a frame travels by HTTP, at addresses that soon end. */
import type { UploadTarget } from './snapshots.js';
/** Bytes did not arrive; another address may do. */
export declare class NotTransferred extends Error {
    readonly name = "NotTransferred";
}
/** Read the text at an address, which has so many bytes; throws NotTransferred. */
export declare function download(url: string, size: number, signal?: AbortSignal): Promise<string>;
/** Send bytes to an address; throws NotTransferred. */
export declare function sendBytes(target: UploadTarget, body: Blob, signal: AbortSignal | undefined): Promise<void>;
