/** Chromium, without a head, which asks for the scenarios of page/page.ts that it is to run. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';

import type { Json } from './fake_server.js';

const PATIENCE_MS = 60_000;
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const HTML = `<!doctype html><title>test</title>
<script type="importmap">{"imports":{"cdk-streamer-client":"/dist/index.js"}}</script>
<script type="module" src="/page/page.js"></script>`;
const FOLDERS: Readonly<Record<string, URL>> = {
  dist: new URL('../dist/', import.meta.url),
  page: new URL('./page/', import.meta.url),
};

/** Give the browser's path; null when there is none. */
export function findChromium(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const places = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [process.env['CHROMIUM'] ?? '', ...places].find((place) => existsSync(place)) ?? null;
}

/** Say why tests that need the browser are left out; false when they are not. CI leaves none out. */
export function skipWithoutChromium(): string | false {
  if (findChromium() !== null || process.env['CI']) return false;
  return 'there is no chromium; install it, or name it by CHROMIUM=';
}

/** Where a page is that is not on this machine, as far as its browser knows. */
export interface Site {
  readonly host: string;
  /** A file with its key and its certificate, which nobody need trust. */
  readonly certificate: string;
}

/** One page in one browser. */
export class Browser {
  readonly #site: Site | undefined;
  readonly #server: Server;
  readonly #profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  readonly #words: string[] = [];
  #process: ChildProcess | null = null;
  #next: ServerResponse | null = null;
  #task: Json | null = null;
  #settle: ((report: Json) => void) | null = null;

  private constructor(site: Site | undefined) {
    this.#site = site;
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response);
    const pem = site && readFileSync(site.certificate);
    this.#server = pem ? createSecureServer({ key: pem, cert: pem }, answer) : createServer(answer);
  }

  /** Start it; the page is on localhost unless it has a site of its own. */
  static async start(site?: Site): Promise<Browser> {
    const path = findChromium();
    if (path === null) throw new Error('there is no chromium: CI must install it');
    const browser = new Browser(site);
    await new Promise<void>((resolve) => browser.#server.listen(0, '127.0.0.1', resolve));
    const rule = `--host-resolver-rules=MAP ${site?.host} 127.0.0.1:${browser.#port}`;
    browser.#spawn(path, site ? ['--ignore-certificate-errors', rule] : []);
    return browser;
  }

  /** Where the page is, for CORS. */
  get origin(): string {
    return this.#site ? `https://${this.#site.host}` : `http://localhost:${this.#port}`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Let the page run a scenario, and give what it returned; throws what it threw. */
  async run(name: string, url: string, argument: Json = {}): Promise<any> {
    const report = await this.#report({ name, url, argument });
    if (report['error'] === undefined) return report['value'];
    const said = new Error(`the browser said:\n${this.#said()}`);
    throw Object.assign(new Error(report['error'].message, { cause: said }), report['error']);
  }

  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process!;
    if (pid !== undefined && exitCode === null && signalCode === null) {
      const gone = new Promise((resolve) => this.#process!.once('exit', resolve));
      process.kill(-pid, 'SIGKILL'); // the whole group: renderers outlive their browser
      await gone;
    }
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #report(task: Json): Promise<Json> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`the browser says nothing; before:\n${this.#said()}`));
      const limit = setTimeout(late, PATIENCE_MS);
      this.#settle = (report) => {
        clearTimeout(limit);
        resolve(report);
      };
      this.#task = task;
      this.#hand();
    });
  }

  #spawn(path: string, flags: string[]): void {
    this.#process = spawn(
      path,
      [
        '--headless=new',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--disable-background-networking',
        '--no-first-run',
        '--enable-logging=stderr',
        `--user-data-dir=${this.#profile}`,
        // The sandbox needs what root, and most containers, do not have.
        ...(process.getuid?.() === 0 || process.env['CI'] ? ['--no-sandbox'] : []),
        ...flags,
        this.origin,
      ],
      { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#process.stderr!.on('data', (words: Buffer) => this.#words.push(String(words)));
    this.#process.on('exit', (code, signal) => {
      const message = `chromium ended with ${code ?? signal}`;
      this.#settle?.({ error: { name: 'Error', message } });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (path === '/next') {
      this.#next = response;
      this.#hand();
    } else if (path === '/report') {
      const parts = await request.toArray();
      response.end();
      this.#settle?.(JSON.parse(Buffer.concat(parts).toString()) as Json);
    } else if (path === '/') {
      response.setHeader('content-type', 'text/html').end(HTML);
    } else {
      this.#serveFile(path, response);
    }
  }

  #hand(): void {
    if (this.#task === null || this.#next === null) return;
    this.#next.end(JSON.stringify(this.#task));
    this.#task = this.#next = null;
  }

  #serveFile(path: string, response: ServerResponse): void {
    const [, folder = '', ...rest] = path.split('/');
    const root = FOLDERS[folder];
    const file = root && new URL(rest.join('/'), root);
    if (file === undefined || !file.href.startsWith(root!.href) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', 'text/javascript').end(readFileSync(file));
  }

  #said(): string {
    return this.#words.join('').slice(-4_000);
  }
}
