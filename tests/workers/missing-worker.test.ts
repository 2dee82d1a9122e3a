import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';

/* The program may be replaced while it runs (npm install): what it has not read yet is then not there. */

const ROOT = resolve(import.meta.dirname, '../..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'missing-worker-'));
  for (const name of ['bin', 'dist', 'package.json']) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const database = new DatabaseSync(join(folder, 'shop.sqlite'));
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2)');
  database.close();
});

afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['a thread', /^extract-chunk\.js$/, 'WORKER_START'],
  ['a part that is read when it is needed', /^sqlite-.*\.js$/, 'PROGRAM_INCOMPLETE'],
])('the file of %s is gone: the run ends, with what to do', async (_, name, error) => {
  const program = join(folder, 'dist/program');
  for (const file of readdirSync(program).filter((each) => name.test(each))) rmSync(join(program, file));
  const args = ['bin/run.js', 'extract', '--source', 'shop.sqlite', '--table', 't', '--quiet'];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(stderr).toContain(`code: ${error}\n`);
  expect(stderr).toContain('hint: was the program replaced while it ran?');
  expect(code).toBe(3);
});
