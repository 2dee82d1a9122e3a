// Runs after `npm ci`: builds dist. Exits 0 where TypeScript is not installed (npx before the first `npm ci`,
// production installs), because a failing `prepare` leaves npm's cache in a state that a later `npm ci` trips over.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
if (existsSync(tsc) && existsSync(join(root, 'src'))) {
  const run = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
} else {
  console.log('sqlextract: TypeScript is not installed yet, nothing was built');
}
