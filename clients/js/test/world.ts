/** A server and a client for each test of a file. */

import { afterEach, beforeEach } from 'node:test';

import { StreamerClient } from 'cdk-streamer-client';

import { FakeServer, type Peer } from './fake_server.js';

/** Only what a test waits for is short, so that nothing else happens on a slow machine. */
export const SOON = { backoffLeast: 1, backoffMost: 2 };

export interface World {
  server: FakeServer;
  client: StreamerClient;
  warnings: string[];
  /** Connect, and give the server's end. */
  connected(): Promise<Peer>;
}

/** Begin each test with a server, and a client that nobody has used. */
export function useWorld(): World {
  const world = {
    async connected() {
      const [peer] = await Promise.all([world.server.accept(), world.client.connect()]);
      return peer;
    },
  } as World;

  beforeEach(async () => {
    world.server = await FakeServer.start();
    world.warnings = [];
    world.client = new StreamerClient(world.server.url, {
      token: 't1',
      timing: SOON,
      onWarning: (text) => world.warnings.push(text),
    });
  });

  afterEach(() => {
    world.client.close();
    world.server.stop();
  });

  return world;
}
