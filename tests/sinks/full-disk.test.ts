import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { localSink } from '../../src/sinks/local.ts';

const root = mkdtempSync(join(tmpdir(), 'sqlextract-full-'));
const small = join(root, 'small');
mkdirSync(small);
/** Only root may mount; the test under a file size limit below needs nobody's permission. */
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]).status === 0;

afterAll(() => {
  if (mounted) spawnSync('umount', [small]);
  rmSync(root, { recursive: true, force: true });
});

describe('a disk without space', () => {
  it.runIf(mounted)('is said to be full, leaves no file, and serves again when there is space', async () => {
    const sink = localSink({ folder: join(small, 'run') });
    {
      await using writer = await sink.begin('part-000001.parquet');
      // The kernel takes a part of the second write without an error, and only then says ENOSPC.
      await writer.write(Buffer.alloc(700_000));
      const failure = {
        problem: { code: 'DISK_FULL', fault: 'disk', hint: expect.stringContaining('run the same command again') },
      };
      await expect(writer.write(Buffer.alloc(700_000))).rejects.toMatchObject(failure);
      await expect(writer.write(Buffer.alloc(1))).rejects.toMatchObject(failure);
      await expect(writer.seal()).rejects.toMatchObject(failure);
    }
    expect(readdirSync(join(small, 'run'))).toEqual([]);
    await using again = await sink.begin('part-000001.parquet');
    await again.write(Buffer.alloc(700_000));
    await again.seal();
    await again.publish();
    expect(statSync(join(small, 'run', 'part-000001.parquet')).size).toBe(700_000);
  });

  it('is told from a file that may not get larger (ulimit -f)', () => {
    const child = join(import.meta.dirname, 'children', 'write-too-much.ts');
    const folder = join(root, 'limited');
    const command = 'ulimit -f 512 && exec "$0" "$1" "$2"';
    const result = spawnSync('bash', ['-c', command, process.execPath, child, folder], { encoding: 'utf8' });
    expect(result.stderr).toBe('');
    expect(JSON.parse(result.stdout)).toMatchObject({ first: 'written', second: 'FILE_TOO_LARGE', fault: 'disk' });
    expect(readdirSync(folder)).toEqual([]);
  });
});
