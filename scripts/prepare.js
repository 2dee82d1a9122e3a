// Runs after `npm ci`: builds dist. Exits 0 where the bundler is not installed (npx before the first `npm ci`,
// production installs), because a failing `prepare` leaves npm's cache in a state that a later `npm ci` trips over.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// npm may run on a Node that the bundler does not.
const own = join(root, 'node_modules', 'node', 'bin', 'node');
if (existsSync(join(root, 'node_modules', 'rolldown')) && existsSync(join(root, 'src'))) {
  const node = existsSync(own) ? own : process.execPath;
  const run = spawnSync(node, [join(root, 'scripts', 'build.js')], { stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
} else {
  console.log('sqlextract: the bundler is not installed yet, nothing was built');
}
