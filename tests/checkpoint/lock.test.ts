import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { jobIdOf } from '../../src/checkpoint/job.ts';
import { jobFilesOf } from '../../src/checkpoint/job-files.ts';
import { listJobs } from '../../src/checkpoint/list-jobs.ts';
import { openJob } from '../../src/checkpoint/open-job.ts';
import { prepareStateFolder } from '../../src/checkpoint/state-folder.ts';
import { jobOver, requestFor } from './job-example.ts';

const CHILD = join(import.meta.dirname, 'children', 'hold-job.ts');
const children: ChildProcess[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('the lock of a job', () => {
  it('refuses a second process and says who has it', async () => {
    const stateDir = newStateDir();
    const holder = await holdJob(stateDir, 'users');
    expect(holder.said).toBe(`held ${jobIdOf(jobOver('users'))}`);
    const second = await holdJob(stateDir, 'users');
    expect(JSON.parse(second.said)).toEqual({
      code: 'JOB_LOCKED',
      fault: 'state',
      message: expect.stringMatching(
        new RegExp(
          `^locked by process ${holder.child.pid} \\(sqlextract extract --table users\\) since \\d{4}-\\d\\d-\\d\\dT`,
        ),
      ),
    });
  });

  it('is free at once after SIGKILL of its holder', async () => {
    const stateDir = newStateDir();
    for (let round = 0; round < 3; round += 1) {
      const holder = await holdJob(stateDir, 'users');
      expect(holder.said).toMatch(/^held /);
      await kill(holder.child);
    }
    using job = openJob(requestFor(stateDir, 'users'));
    expect(job.store.currentRun()).toBeNull();
  });

  it('is free after its holder ended by itself, and names nobody then', async () => {
    const stateDir = newStateDir();
    const holder = await holdJob(stateDir, 'users');
    expect(listJobs(stateDir)).toMatchObject([{ lockedBy: { pid: holder.child.pid } }]);
    holder.child.stdin?.write('end\n');
    await once(holder.child, 'exit');
    expect(listJobs(stateDir)).toMatchObject([{ lockedBy: null }]);
    using job = openJob(requestFor(stateDir, 'users'));
    expect(job.identity).toEqual(jobOver('users'));
  });

  it('lets two jobs run side by side', async () => {
    const stateDir = newStateDir();
    const one = await holdJob(stateDir, 'users');
    const two = await holdJob(stateDir, 'orders');
    expect([one.said, two.said]).toEqual([`held ${jobIdOf(jobOver('users'))}`, `held ${jobIdOf(jobOver('orders'))}`]);
    expect(listJobs(stateDir).map((job) => job.kind === 'readable' && job.lockedBy?.pid)).toEqual([
      two.child.pid,
      one.child.pid,
    ]);
  });

  it('goes to exactly one of several that start together', async () => {
    for (let round = 0; round < 3; round += 1) {
      const stateDir = newStateDir();
      const all = await Promise.all([1, 2, 3].map(() => holdJob(stateDir, 'users')));
      expect(all.filter((one) => one.said.startsWith('held'))).toHaveLength(1);
      expect(all.filter((one) => one.said.includes('JOB_LOCKED'))).toHaveLength(2);
      for (const { child } of all) await kill(child);
    }
  });

  // A busy machine can keep the other one from letting go for longer than a start waits.
  it('is not refused for another start that has it for a moment only', { retry: 4 }, async () => {
    const stateDir = newStateDir();
    prepareStateFolder(stateDir);
    const { lock } = jobFilesOf(stateDir, jobIdOf(jobOver('users')));
    const other = spawn(process.execPath, [join(CHILD, '..', 'hold-briefly.ts'), lock], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(other);
    await once(other.stdout, 'data');
    using job = openJob(requestFor(stateDir, 'users'));
    expect(job.store.currentRun()).toBeNull();
  });

  it('stays with its holder when the holder reads, lists and asks about its own job', async () => {
    const stateDir = newStateDir();
    using job = openJob(requestFor(stateDir, 'users'));
    readFileSync(job.files.owner, 'utf8');
    statSync(job.files.lock);
    expect(listJobs(stateDir)).toMatchObject([{ kind: 'readable', lockedBy: { pid: process.pid } }]);
    expect(() => openJob(requestFor(stateDir, 'users'))).toThrow(/^locked by process \d+ /);
    const other = await holdJob(stateDir, 'users');
    expect(JSON.parse(other.said)).toMatchObject({
      code: 'JOB_LOCKED',
      message: expect.stringContaining(String(process.pid)),
    });
  });

  it('does not name a killed holder to one that is refused by the next', async () => {
    const stateDir = newStateDir();
    const killed = await holdJob(stateDir, 'users');
    await kill(killed.child);
    expect(listJobs(stateDir)).toMatchObject([{ lockedBy: null }]);
    using job = openJob(requestFor(stateDir, 'users'));
    const refused = await holdJob(stateDir, 'users');
    expect(refused.said).toContain(`locked by process ${process.pid} `);
    expect(job.store.currentRun()).toBeNull();
  });

  it('keeps every file of the state folder to its owner whatever the umask', () => {
    const stateDir = newStateDir();
    const before = process.umask(0);
    try {
      using job = openJob(requestFor(stateDir, 'users'));
      const files = jobFilesOf(stateDir, job.jobId);
      expect(job.files).toEqual(files);
      const jobs = readdirSync(join(stateDir, 'jobs'));
      expect(jobs.sort()).toEqual(
        ['.lock', '.owner.json', '.sqlite', '.sqlite-shm', '.sqlite-wal'].map((end) => job.jobId + end),
      );
      for (const name of jobs)
        expect([name, statSync(join(stateDir, 'jobs', name)).mode & 0o777]).toEqual([name, 0o600]);
      for (const folder of ['', 'jobs', 'runs']) expect(statSync(join(stateDir, folder)).mode & 0o777).toBe(0o700);
    } finally {
      process.umask(before);
    }
  });
});

function newStateDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sqlextract-lock-'));
  folders.push(folder);
  return join(folder, '.sqlextract');
}

async function holdJob(stateDir: string, table: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [CHILD, stateDir, table], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
