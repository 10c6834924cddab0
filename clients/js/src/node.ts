/** The same client for Node, with a WebSocket that tells why a connection was refused. */

import { StreamerClient as UniversalClient } from './client.js';
import { connectNode } from './node/socket.js';
import type { ClientOptions } from './options.js';

export * from './index.js';

/** Talks to one API. It connects when it is first used, and again whenever it must. */
export class StreamerClient extends UniversalClient {
  constructor(url: string | URL, options: ClientOptions) {
    super(url, { ...options, connect: options.connect ?? connectNode });
  }
}
