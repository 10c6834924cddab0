/** The package as its users get it: what it exports, needs and weighs, and what its pages say. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import * as node from 'cdk-streamer-client';

import { acknowledgment, complete, FakeServer, progress } from './fake_server.js';

const ROOT = new URL('../', import.meta.url);
const DIST = new URL('dist/', ROOT);
const PACKAGE = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
const FILE_LINES = 300;
/** Of what a browser loads, as tsc writes it: a minifier takes a third of it. */
const BROWSER_GZIP_BYTES = 22_000;

/** Give every module that one imports, itself included. */
function reached(entry: URL, found = new Set<string>()): Set<string> {
  if (found.has(entry.href)) return found;
  found.add(entry.href);
  const source = readFileSync(entry, 'utf8');
  for (const [, name = ''] of source.matchAll(/from '([^']+)'/g)) {
    if (name.startsWith('.')) reached(new URL(name, entry), found);
    else found.add(name);
  }
  return found;
}

function sources(folder: URL): URL[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? sources(new URL(`${entry.name}/`, folder))
      : [new URL(entry.name, folder)],
  );
}

test('Node and browsers get the same names', async () => {
  const browser = await import(new URL('index.js', DIST).href);
  assert.deepEqual(Object.keys(node).sort(), Object.keys(browser).sort());
  assert.notEqual(node.StreamerClient, browser.StreamerClient);
});

test('the package needs no other', () => {
  assert.equal(PACKAGE.dependencies, undefined);
  assert.equal(PACKAGE.peerDependencies, undefined);
  const browser = [...reached(new URL('index.js', DIST))];
  assert.deepEqual(browser.filter((name) => !name.startsWith('file:')), []);
  const strangers = [...reached(new URL('node.js', DIST))];
  assert.deepEqual(strangers.filter((name) => !/^(file|node):/.test(name)), []);
});

test('the session has neither I/O nor a clock', () => {
  const modules = [...reached(new URL('session/index.js', DIST))];
  const outside = /\b(Date\.now|performance|setTimeout|Math\.random|await fetch|WebSocket|crypto)\b/;
  const users = modules.filter((name) => outside.test(code(readFileSync(new URL(name), 'utf8'))));
  assert.deepEqual(users, []);
});

test('what a browser loads is small', () => {
  const modules = [...reached(new URL('index.js', DIST))];
  const text = modules.map((name) => code(readFileSync(new URL(name), 'utf8'))).join('');
  const { length } = gzipSync(text);
  assert.ok(length < BROWSER_GZIP_BYTES, `it has ${length} bytes`);
});

test('each error has the name of its class, which a minifier would change', () => {
  const errors = Object.entries(node).filter(([, value]) => isErrorClass(value));
  for (const [name, type] of errors) {
    const error = new (type as new (...words: unknown[]) => Error)('CODE', 'text');
    assert.equal(error.name, name);
  }
  assert.ok(errors.length > 20);
});

test('the lock has no address', () => {
  const lock = readFileSync(new URL('package-lock.json', ROOT), 'utf8');
  assert.doesNotMatch(lock, /:\/\//);
  assert.match(lock, /"integrity": "sha512-/);
});

test('files are short', () => {
  const long = [...sources(new URL('src/', ROOT)), ...sources(new URL('test/', ROOT))].filter(
    (file) => readFileSync(file, 'utf8').split('\n').length > FILE_LINES + 1,
  );
  assert.deepEqual(long, []);
});

test('the example shows progress and prints the result', async () => {
  const server = await FakeServer.start();
  try {
    const example = new URL('examples/report.mjs', ROOT);
    const words = run(example, server.url, 't1', 'report', '{"month": 11}');
    const peer = await server.accept();
    const { id, payload } = await peer.expect('report');
    assert.deepEqual(payload, { month: 11 });
    peer.send(acknowledgment(id), progress(id, 1, 40, { message: 'Reading' }));
    peer.send(complete(id, 2, { rows: 3 }));
    assert.deepEqual(await words, { code: 0, out: '{"rows":3}\n', err: '40% Reading\n' });
  } finally {
    server.stop();
  }
});

test('the example names what went wrong', async () => {
  const server = await FakeServer.start();
  server.refusals.push(404);
  const words = await run(new URL('examples/report.mjs', ROOT), server.url, 't1', 'report');
  server.stop();
  assert.equal(words.code, 1);
  assert.match(words.err, /^HANDSHAKE_REFUSED: there is no such WebSocket API .*HTTP 404/);
});

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && value.prototype instanceof Error;
}

function code(source: string): string {
  return source.replaceAll(/\/\*.*?\*\/|^\s*\/\/.*$/gms, '');
}

function run(file: URL, ...words: string[]) {
  const child = spawn(process.execPath, [file.pathname, ...words], { timeout: 30_000 });
  const said = { out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => (said.out += String(text)));
  child.stderr.on('data', (text: Buffer) => (said.err += String(text)));
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (exit) => resolve({ code: exit, ...said }));
  });
}
