import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** A package of its own whose bin/ asks for Node 99, so that the Node of the tests is the one that is too old. */
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hand-over-'));
  await mkdir(join(root, 'bin'));
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await copyFile('bin/run.js', join(root, 'bin/run.js'));
  const handOver = await readFile('bin/hand-over.js', 'utf8');
  if (!handOver.includes('const NEEDED = 24;')) throw new Error('bin/hand-over.js needs another Node now');
  await writeFile(join(root, 'bin/hand-over.js'), handOver.replace('const NEEDED = 24;', 'const NEEDED = 99;'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

/** The project's own Node, played by a shell script. */
async function installNode(folder: string, script: string): Promise<void> {
  const bin = join(folder, 'node_modules/node/bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'node'), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, 'node'), 0o755);
}

function run(args: readonly string[]): {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/run.js'), ...args], {
    cwd: tmpdir(),
    encoding: 'utf8',
  });
  return { status, signal, stdout, stderr };
}

describe('on a Node that is too old', () => {
  test('without a Node of its own: says what to do, exit code 3', () => {
    const result = run(['--help']);
    expect(result).toMatchObject({ status: 3, stdout: '' });
    expect(result.stderr).toContain('needs Node 99 or newer; this is v');
    expect(result.stderr).toContain('npm install node@99');
  });

  test('arguments, output and exit code are those of its own Node', async () => {
    await installNode(root, 'echo "[$1] [$2] [$3]"; exit 7');
    expect(run(['extract', "it's a"])).toMatchObject({
      status: 7,
      stdout: `[${join(root, 'bin/run.js')}] [extract] [it's a]\n`,
      stderr: '',
    });
  });

  test('a signal that ends it ends the launcher', async () => {
    await installNode(root, 'kill -9 $$');
    expect(run([])).toMatchObject({ status: null, signal: 'SIGKILL' });
  });

  test('its own Node may be installed further up', async () => {
    const deeper = join(root, 'node_modules/sqlextract');
    await mkdir(join(deeper, 'bin'), { recursive: true });
    for (const file of ['package.json', 'bin/run.js', 'bin/hand-over.js'])
      await copyFile(join(root, file), join(deeper, file));
    await installNode(root, 'exit 9');
    expect(spawnSync(process.execPath, [join(deeper, 'bin/run.js')]).status).toBe(9);
  });

  test('handed over once only: an own Node that is too old as well ends it', async () => {
    await installNode(root, `exec ${process.execPath} "$@"`);
    expect(run([])).toMatchObject({ status: 3 });
  });

  test('SIGTERM is passed on', async () => {
    await installNode(root, 'trap "echo got it; exit 143" TERM; echo ready; while :; do sleep 0.05; done');
    const child = spawn(process.execPath, [join(root, 'bin/run.js')], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (text.includes('ready')) child.kill('SIGTERM');
    });
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, output }).toEqual({ code: 143, output: 'ready\ngot it\n' });
  });
});

test('kill -9 of the launcher ends what it launched', async () => {
  // here the launched Node is new enough, and its program (dist/program/main.js) runs for ever
  const handOver = await readFile('bin/hand-over.js', 'utf8');
  const versions = 'process.env.AS_VERSION || process.versions.node';
  await writeFile(join(root, 'bin/hand-over.js'), handOver.replace('process.versions.node', `(${versions})`));
  await installNode(root, `AS_VERSION= exec ${process.execPath} "$@"`);
  await mkdir(join(root, 'dist/program'), { recursive: true });
  await writeFile(
    join(root, 'dist/program/main.js'),
    'export function main() { console.log(process.pid); setInterval(() => {}, 1000); }',
  );
  const launcher = spawn(process.execPath, [join(root, 'bin/run.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, AS_VERSION: '12.22.0' },
  });
  const [pid] = (await once(launcher.stdout.setEncoding('utf8'), 'data')) as [string];
  expect(Number(pid)).not.toBe(launcher.pid);
  launcher.kill('SIGKILL');
  // the other one has the pipe too: it closes when both are gone
  await once(launcher, 'close');
});

test.runIf(process.platform === 'linux')(
  'what moves rows begins again in its own place with the settings of the allocator',
  async () => {
    await copyFile('bin/hand-over.js', join(root, 'bin/hand-over.js'));
    await mkdir(join(root, 'dist/program'), { recursive: true });
    await writeFile(
      join(root, 'dist/program/main.js'),
      'export function main(argv) { console.log(JSON.stringify([process.pid, process.env.MALLOC_MMAP_THRESHOLD_ ?? null, argv])); process.exitCode = 0; }',
    );
    const { MALLOC_MMAP_THRESHOLD_: _, ...env } = process.env;
    const begin = (...args: readonly string[]): unknown => {
      const { pid, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/run.js'), ...args], {
        encoding: 'utf8',
        env,
      });
      const [own, setting, argv] = JSON.parse(stdout) as [number, string | null, string[]];
      return { same: own === pid, setting, argv, stderr };
    };
    expect(begin('extract', '--help')).toMatchObject({ same: true, setting: null });
    expect(begin('extract', "it's", '')).toEqual({
      same: true,
      setting: '262144',
      argv: ['extract', "it's", ''],
      stderr: '',
    });
    expect(begin('status')).toEqual({ same: true, setting: null, argv: ['status'], stderr: '' });
  },
);

test('not built yet: says so', async () => {
  await copyFile('bin/hand-over.js', join(root, 'bin/hand-over.js'));
  const result = run([]);
  expect(result.status).toBe(3);
  expect(result.stderr).toContain('npm run build');
});

test.each(['run.js', 'dev.js', 'hand-over.js'])('%s is in syntax that Node 12 reads', async (name) => {
  const text = (await readFile(join('bin', name), 'utf8')).replaceAll(/^\s*\/\/.*$|\/\*[^]*?\*\//gm, '');
  expect(text).not.toMatch(/\?\.|\?\?|\|\|=|&&=|from 'node:|^await |#[a-z]|replaceAll|\.at\(/m);
});
