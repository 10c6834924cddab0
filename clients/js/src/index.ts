/** The client of an API that cdk-streamer deployed: requests, live progress, channels. */

export { StreamerClient } from './client.js';
export type { Chunk } from './chunks.js';
export type { Connect, Connection, Credential, Watcher } from './connection.js';
export type { Access } from './credentials.js';
export * from './errors.js';
export type { ConnectionState } from './exchange.js';
export type { Asking, Listeners } from './listeners.js';
export type {
  Acknowledged,
  Completed,
  Ending,
  Failed,
  InputRequired,
  Message,
  Progress,
  Retrying,
} from './messages.js';
export type { Behavior, ClientOptions, RequestOptions, SubmitOptions } from './options.js';
export type { RequestHandle } from './request.js';
export type { Entry, Page, Question, Snapshot, State } from './snapshots.js';
export { fetchTicket } from './tickets.js';
export type { Timing } from './timing.js';
export type { Bounds } from './waiting.js';
