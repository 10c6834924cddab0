/** Writes the code of the pages as files, which the type checker then reads. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const FOLDER = new URL('../.build/blocks/', import.meta.url);
const PAGES = ['README.md', '../../README.md', '../../docs/javascript.md'];

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
for (const page of PAGES) {
  const text = readFileSync(new URL(`../${page}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n(.+?)^```$/gms)];
  if (blocks.length === 0) throw new Error(`${page} has no code`);
  const name = page.replaceAll(/\W+/g, '-');
  for (const [number, [, code = '']] of blocks.entries()) {
    // A block is a module of its own, whatever it imports.
    writeFileSync(new URL(`${name}-${number}.ts`, FOLDER), `${code}\nexport {};\n`);
  }
}
