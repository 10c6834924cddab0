/** Puts what was built for browsers where the console of `cdk-streamer local` has its copy. */

import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../dist', import.meta.url));
const copy = fileURLToPath(
  new URL('../../../local/cdk_streamer_local/console/page/client', import.meta.url),
);

rmSync(copy, { recursive: true, force: true });
cpSync(built, copy, {
  recursive: true,
  filter: (path) => !path.endsWith('.d.ts') && !/[/\\]node(\.js)?$/.test(path.slice(built.length)),
});
