/** What the client needs of a WebSocket, so that each platform can bring its own. */
/** What lets a connection in. */
export type Credential = {
    readonly kind: 'token';
    readonly value: string;
} | {
    readonly kind: 'ticket';
    readonly value: string;
};
/** One connection on its way, or open. */
export interface Connection {
    /** Send a text frame. */
    send(text: string): void;
    /** Close it; nothing more is to be told of it. */
    close(): void;
}
/** Who is told what becomes of a connection: `failed`, or `opened` and at last `lost`. */
export interface Watcher {
    opened(): void;
    received(text: string): void;
    /** It could not be opened; `status` is HTTP's, if it is known. */
    failed(reason: string, status?: number): void;
    lost(reason: string): void;
}
/** Begins to open a connection; may throw in place of telling `failed`. */
export type Connect = (url: URL, credential: Credential, watcher: Watcher) => Connection;
/** How long a connection may take to open. */
export declare const OPEN_MS = 15000;
/** Open a connection by the platform's WebSocket, as every browser has it. */
export declare const connectWebSocket: Connect;
