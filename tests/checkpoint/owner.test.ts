import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLivingOwner } from '../../src/checkpoint/owner.ts';

test.runIf(process.platform === 'linux')('a process that was killed and not yet reaped does not live', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'owner-'));
  // the shell's child is handed to a `sleep`, which never reaps it
  const parent = spawn('sh', ['-c', 'sleep 30 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const pid = Number(String((await once(parent.stdout, 'data'))[0]));
    const path = join(folder, 'owner.json');
    writeFileSync(path, JSON.stringify({ pid, host: hostname(), command: 'extract', since: '2026-01-01T00:00:00Z' }));
    expect(readLivingOwner(path)).toMatchObject({ pid });
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readLivingOwner(path), { timeout: 2000 }).toBeNull();
  } finally {
    parent.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
