// Makes sure that the rest runs on Node 24 or newer. Written in syntax and with imports that Node 12 reads, because that
// may be who reads it: no `??`, no `?.`, no top-level await, no `node:`.
import { spawn } from 'child_process';
import { existsSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

const NEEDED = 24;
const GUARD = 'SQLEXTRACT_NODE_HANDOVER';
/**
 * For glibc, which reads it when a process begins: memory of this size and more goes back to the system when it is freed. Left to itself it
 * soon keeps pieces of up to 32 MB, a hundred megabytes in all (docs/decisions/worker-pool.md).
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: '262144' };
const MOVES_ROWS = ['extract', 'sync'];
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The package's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Calls `start` when this Node is new enough; else starts `script` with the project's own Node (the npm package `node`) and
 * ends as that ends; else says what to do and exits 3.
 */
export function onNode24(script, start) {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
    beginAgain(script);
    dieWithLauncher();
    start();
    return;
  }
  const node = process.env[GUARD] === undefined ? findOwnNode(root) : null;
  if (node === null) sayWhatToDo();
  else handOver(node, script);
}

/** `node_modules/node/bin/node` here or further up, where npm puts what several packages share. */
function findOwnNode(folder) {
  const found = join(folder, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(found)) return found;
  const parent = dirname(folder);
  return parent === folder ? null : findOwnNode(parent);
}

function handOver(node, script) {
  // before the child begins: a signal that comes at once must not end this process alone
  const passOn = catchSignals();
  const child = spawn(node, [fileURLToPath(script)].concat(process.argv.slice(2)), {
    // the channel does nothing but close when this process dies, see dieWithLauncher
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: Object.assign({}, process.env, ALLOCATOR, { [GUARD]: String(process.pid) }),
  });
  passOn.to = child;
  // the arguments may hold a password, and this process shows them in `ps` too
  process.title = 'sqlextract';
  child.on('error', function (error) {
    process.stderr.write('Error: ' + node + ' cannot be started: ' + error.message + '\n');
    process.exit(3);
  });
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code);
    SIGNALS.forEach(function (name) {
      process.removeAllListeners(name);
    });
    process.kill(process.pid, signal);
  });
}

/**
 * Puts this process in the place of itself, with the allocator's settings: pid, terminal and pipes stay. Only where it is worth 40 ms, and
 * where it was not done yet; with a channel to a parent it cannot be done.
 */
function beginAgain(script) {
  const done = process.env[Object.keys(ALLOCATOR)[0]] !== undefined;
  const moves = MOVES_ROWS.indexOf(process.argv[2]) >= 0 && process.argv.indexOf('--help') < 0;
  if (done || !moves || process.platform !== 'linux' || process.channel || !process.execve) return;
  const args = [process.execPath].concat(process.execArgv, fileURLToPath(script), process.argv.slice(2));
  process.execve(process.execPath, args, Object.assign({}, process.env, ALLOCATOR));
}

/** A terminal's Ctrl-C reaches the child by itself; passed on once more it would count as the second one. */
function catchSignals() {
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const passOn = { to: null };
  SIGNALS.forEach(function (name) {
    process.on(name, function () {
      if (passOn.to !== null && !(name === 'SIGINT' && onTerminal)) passOn.to.kill(name);
    });
  });
  return passOn;
}

/** `kill -9` of the process that a person sees must end the run, not leave it running behind their back. */
function dieWithLauncher() {
  const launched = process.env[GUARD] !== undefined;
  delete process.env[GUARD];
  if (!launched || !process.channel) return;
  process.on('disconnect', function () {
    process.kill(process.pid, 'SIGKILL');
  });
  process.channel.unref();
}

function sayWhatToDo() {
  process.stderr.write(
    'Error: sqlextract needs Node ' +
      NEEDED +
      ' or newer; this is ' +
      process.version +
      ' (' +
      process.execPath +
      ')\n' +
      '    code: NODE_TOO_OLD\n' +
      '    hint: install Node ' +
      NEEDED +
      ' (https://nodejs.org), or bring it along in your project: npm install node@' +
      NEEDED +
      '\n',
  );
  process.exitCode = 3;
}
