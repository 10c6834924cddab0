/**
 * A WebSocket over Node's own HTTP client.
 *
 * Node 20 has none, and that of later releases tells neither why a handshake was refused nor sends
 * a header: here the token travels in `Authorization`, which logs leave out, and a refusal has its
 * HTTP status.
 */
import { type Connect } from '../connection.js';
/** Open a connection over Node's HTTP client. */
export declare const connectNode: Connect;
