import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { localSink } from '../../src/sinks/local.ts';
import { isTemporaryName, sweepTemporary, temporaryNameOf } from '../../src/sinks/temporary-name.ts';
import { sinkSuite } from '../conformance/sink.suite.ts';

const root = mkdtempSync(join(tmpdir(), 'sqlextract-sink-'));
let made = 0;

function newFolder(): string {
  made += 1;
  return join(root, `place-${made}`, 'public.users', 'run');
}

afterAll(() => rmSync(root, { recursive: true, force: true }));

sinkSuite('the local sink', async () => {
  const folder = newFolder();
  return {
    open: (mayReplace) => localSink({ folder, mayReplace }),
    read: (name) => readFile(join(folder, name)).catch(() => null),
    names: () =>
      readdir(folder).then(
        (names) => names.toSorted((a, b) => (a < b ? -1 : 1)),
        () => [],
      ),
    putForeign: async (name, bytes) => {
      mkdirSync(folder, { recursive: true });
      await writeFile(join(folder, name), bytes);
    },
  };
});

describe('the local sink', () => {
  it('makes folders 0700 and files 0600 whatever the umask', async () => {
    const folder = newFolder();
    const before = process.umask(0);
    try {
      await using writer = await localSink({ folder }).begin('part-000001.csv');
      expect(readdirSync(folder).map((name) => modeOf(join(folder, name)))).toEqual([0o600]);
      await writer.seal();
      await writer.publish();
    } finally {
      process.umask(before);
    }
    expect(modeOf(join(folder, 'part-000001.csv'))).toBe(0o600);
    for (const made of [folder, join(folder, '..'), join(folder, '..', '..')]) expect(modeOf(made)).toBe(0o700);
  });

  it('leaves the mode of a folder that is there', async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    await using writer = await localSink({ folder }).begin('part-000001.csv');
    await writer.seal();
    expect(modeOf(folder)).toBe(0o755);
  });

  it('follows no symbolic link under a final name', async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    const target = join(root, 'target');
    writeFileSync(target, 'untouched');
    symlinkSync(target, join(folder, 'part-000001.csv'));
    const begun = localSink({ folder, mayReplace: () => true }).begin('part-000001.csv');
    await expect(begun).rejects.toMatchObject({ problem: { code: 'FILE_IN_THE_WAY' } });
    expect(readFileSync(target, 'utf8')).toBe('untouched');
  });

  it('says which folder cannot be written', async () => {
    mkdirSync(root, { recursive: true });
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    const begun = localSink({ folder: join(file, 'below') }).begin('part-000001.csv');
    await expect(begun).rejects.toMatchObject({
      problem: { code: 'OUTPUT_NOT_WRITABLE', fault: 'disk', message: expect.stringContaining('a-file') },
    });
  });

  it('notices at the seal that the file has another size than what was written', async () => {
    const folder = newFolder();
    await using writer = await localSink({ folder }).begin('part-000001.csv');
    await writer.write(Buffer.from('12345'));
    const [temporary = ''] = readdirSync(folder);
    writeFileSync(join(folder, temporary), 'short');
    writeFileSync(join(folder, temporary), '');
    await expect(writer.seal()).rejects.toMatchObject({
      problem: { code: 'DISK_ERROR', causes: [expect.stringContaining('5 bytes')] },
    });
    await expect(writer.publish()).rejects.toMatchObject({ problem: { code: 'DISK_ERROR' } });
  });
});

describe('sweepTemporary', () => {
  it('deletes what killed writers left and nothing else', async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    const ours = [temporaryNameOf('part-000001.parquet'), temporaryNameOf('manifest.json')];
    const others = [
      '.hidden',
      '.x.tmp',
      'part-000001.parquet',
      'a.0123456789abcdef.tmp',
      '.part.0123456789ABCDEF.tmp',
      '.part-1.0123.tmp',
    ];
    for (const name of [...ours, ...others]) writeFileSync(join(folder, name), name);
    const folderOfOurName = temporaryNameOf('folder');
    mkdirSync(join(folder, folderOfOurName));
    expect(await sweepTemporary(folder)).toEqual([...ours].sort());
    expect(readdirSync(folder).sort()).toEqual([...others, folderOfOurName].sort());
    expect(await sweepTemporary(join(folder, 'not there'))).toEqual([]);
  });

  it('knows the names the sink uses', async () => {
    const folder = newFolder();
    await using writer = await localSink({ folder }).begin('part-000001-0002.csv.gz');
    expect(readdirSync(folder).every(isTemporaryName)).toBe(true);
    expect(await sweepTemporary(folder)).toHaveLength(1);
    await writer.write(Buffer.from('x'));
  });
});

describe('the write lock', () => {
  it('lets one thread write at a time, and loses nothing', async () => {
    const folder = newFolder();
    const shared = new SharedArrayBuffer(12);
    const child = new URL('./children/write-under-lock.ts', import.meta.url);
    const ended = await Promise.all(
      [1, 2, 3].map(async (ordinal) => {
        const workerData = { folder, shared, name: `part-00000${ordinal}.csv`, writes: 40 };
        return (await once(new Worker(child, { workerData }), 'exit')) as unknown[];
      }),
    );
    expect(ended).toEqual([[0], [0], [0]]);
    // Each thread took the lock for 40 steps of its own, and no step saw another one.
    const [lock, overlaps, writes] = new Int32Array(shared);
    expect({ lock, overlaps, writes }).toEqual({ lock: 0, overlaps: 0, writes: 120 });
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).size)).toEqual(Array(3).fill(40 * 65_536));
  });

  it('waits while another thread holds it, and goes on when it is free', async () => {
    const folder = newFolder();
    const lock = new Int32Array(new SharedArrayBuffer(4));
    Atomics.store(lock, 0, 1);
    await using writer = await localSink({ folder, writeLock: lock }).begin('part-000001.csv');
    let written = false;
    const writing = writer.write(Buffer.from('x')).then(() => (written = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(written).toBe(false);
    Atomics.store(lock, 0, 0);
    Atomics.notify(lock, 0, 1);
    await writing;
    await writer.seal();
    expect(Atomics.load(lock, 0)).toBe(0);
  });
});

function modeOf(path: string): number {
  expect(existsSync(path)).toBe(true);
  return statSync(path).mode & 0o777;
}
