// Runs after `npm ci`: builds dist. Exits 0 where the bundler is not installed (npx before the first `npm ci`,
// production installs), because a failing `prepare` leaves npm's cache in a state that a later `npm ci` trips over.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (existsSync(join(root, 'node_modules', 'rolldown')) && existsSync(join(root, 'src'))) {
  await import('./build.js');
} else {
  console.log('sqlextract: the bundler is not installed yet, nothing was built');
}
