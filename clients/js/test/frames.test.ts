/** What Node's WebSocket makes of frames, and of a server that does not behave. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';

import { StreamerClient } from 'cdk-streamer-client';

import { hello } from './fake_server.js';
import { SOON, useWorld } from './world.js';

const world = useWorld();

test('fragments and bytes are joined to messages, however they are cut', async () => {
    const peer = await world.connected();
  const handle = world.client.submit('echo', null, { id: 'r1' });
  await peer.expect('echo');
  const result = 'ä\u{1F600}'.repeat(20_000);
  const text = Buffer.from(
    JSON.stringify({ type: 'response', id: 'r1', success: true, data: result }),
  );
  peer.say(text.subarray(0, 7), { fin: false });
  peer.say(text.subarray(7, 70_001), { fin: false });
  peer.say(text.subarray(70_001), { fin: true });
  assert.equal(await handle.result(), result);
});

test('a ping of the server is answered', async () => {
  const peer = await world.connected();
  await peer.ping();
});

test('a goodbye of the server is returned, and its words are told', async () => {
  const peer = await world.connected();
  peer.close(1001, 'Going away');
  assert.equal(await peer.gone, 1001);
  await world.server.accept();
  assert.deepEqual(world.warnings, ['the connection was lost: 1001 Going away']);
});

test('a message that is larger than any of the platform ends the connection', async () => {
  const peer = await world.connected();
  peer.say('x'.repeat(257 * 1024));
  assert.equal(await peer.gone, 1009);
  await world.server.accept();
});

/** Answer handshakes with these bytes, and after them say what follows. */
async function rude(answer: (key: string) => string, frames: Buffer[] = []): Promise<Server> {
  const raw = createServer((socket: Socket) => {
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(String(request))?.[1] ?? '';
      socket.write(answer(key));
      for (const frame of frames) socket.write(frame);
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  return raw;
}

function accepting(key: string, protocol = 'streamer.v1'): string {
  const hash = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${hash.digest('base64')}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`
  );
}

async function outcome(raw: Server): Promise<string[]> {
  const warnings: string[] = [];
  const { port } = raw.address() as AddressInfo;
  const timing = { ...SOON, openingAttempts: 2 };
  const onWarning = (text: string) => warnings.push(text);
  const url = `ws://127.0.0.1:${port}`;
  const client = new StreamerClient(url, { token: 't1', timing, onWarning });
  const error: unknown = await client.connect().catch((refused: unknown) => refused);
  client.close();
  raw.close();
  return [...warnings, String(error)];
}

for (const [what, reason, frame] of [
  ['a masked frame', 'a frame of the server is masked', [0x81, 0x80, 0, 0, 0, 0]],
  ['reserved bits', 'a frame has reserved bits', [0xc1, 0x00]],
  ['an unknown opcode', 'a frame has the unknown opcode 3', [0x83, 0x00]],
  ['a control frame in fragments', 'a control frame is too large', [0x09, 0x00]],
  ['a large control frame', 'a control frame is too large', [0x89, 0x7e, 0x00, 0x7e]],
  ['a stray fragment', 'a fragment belongs to no message', [0x80, 0x00]],
  ['a message in a message', 'a fragment belongs to no message', [0x01, 0x00, 0x81, 0x00]],
  ['an absurd length', 'a message is too large', [0x82, 0x7f, 0x7f, 0, 0, 0, 0, 0, 0, 0]],
] as const) {
  test(`${what} ends the connection`, async () => {
    const raw = await rude((key) => accepting(key), [Buffer.from(frame)]);
    assert.match((await outcome(raw))[0]!, new RegExp(reason));
  });
}

test('frames that come with the handshake are read', async () => {
  const text = Buffer.from(JSON.stringify(hello()));
  const head = Buffer.from([0x81, 126, text.length >> 8, text.length & 0xff]);
  const raw = await rude((key) => accepting(key), []);
  raw.removeAllListeners('connection');
  raw.on('connection', (socket: Socket) => {
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(String(request))![1]!;
      socket.write(Buffer.concat([Buffer.from(accepting(key)), head, text]));
    });
    socket.on('error', () => {});
  });
  const { port } = raw.address() as AddressInfo;
  const client = new StreamerClient(`ws://127.0.0.1:${port}`, { token: 't1' });
  await client.connect();
  client.close();
  raw.close();
});

test('a handshake that was not computed for it is refused', async () => {
  const raw = await rude(() => accepting('another key'));
  assert.match((await outcome(raw))[0]!, /gave a wrong Sec-WebSocket-Accept/);
});

test('another protocol is refused', async () => {
  const raw = await rude((key) => accepting(key, 'mqtt'));
  assert.match((await outcome(raw))[0]!, /speaks mqtt, not streamer\.v1/);
});

test('what is no HTTP is refused', async () => {
  const raw = await rude(() => 'SSH-2.0-OpenSSH_9.2\r\n\r\n');
  assert.match((await outcome(raw))[0]!, /cannot be reached: Parse Error/);
});
