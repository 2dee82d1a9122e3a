import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listJobs, openForReading } from '../../src/checkpoint/list-jobs.ts';
import { openJob } from '../../src/checkpoint/open-job.ts';
import { chunk, COMPLETE, FACTS, newRun, report } from '../conformance/checkpoint.suite.ts';
import { jobOver, requestFor } from './job-example.ts';

const root = mkdtempSync(join(tmpdir(), 'sqlextract-list-'));

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('listJobs', () => {
  it('knows nothing where nothing is', () => {
    expect(listJobs(join(root, 'not there'))).toEqual([]);
  });

  it('says what each job is, how far it got, and who works on it', () => {
    const stateDir = join(root, 'state');
    using job = openJob(requestFor(stateDir, 'users'));
    job.store.beginRun(newRun('r1'));
    job.store.beginEpoch('r1', FACTS, null);
    job.store.savePlan('r1', COMPLETE, [chunk(1), chunk(2), chunk(3)]);
    job.store.started('r1', 1, 1);
    job.store.done('r1', report(1));
    job.store.started('r1', 2, 1);
    openJob(requestFor(stateDir, 'orders'))[Symbol.dispose]();

    const [orders, users] = listJobs(stateDir);
    expect(orders).toMatchObject({ kind: 'readable', identity: jobOver('orders'), runs: [], lockedBy: null });
    expect(users).toMatchObject({
      kind: 'readable',
      jobId: job.jobId,
      stateFile: job.files.state,
      identity: jobOver('users'),
      lockedBy: { pid: process.pid, command: 'sqlextract extract --table users' },
      runs: [
        {
          runId: 'r1',
          status: 'running',
          epochs: [{ epoch: 1, facts: FACTS, lease: null }],
          totals: { chunks: { planned: 1, started: 1, done: 1 }, rows: 10, files: 2, bytes: 2 ** 41 + 10 },
        },
      ],
    });
    // Looking on changed nothing: the chunk in hand is still in hand.
    expect(job.store.chunks('r1')[1]?.status).toBe('started');
  });

  it('lists a damaged, a newer and an unborn state beside the sound ones', () => {
    const stateDir = join(root, 'mixed');
    openJob(requestFor(stateDir, 'sound'))[Symbol.dispose]();
    const newer = openJob(requestFor(stateDir, 'newer'));
    newer[Symbol.dispose]();
    const database = new DatabaseSync(newer.files.state);
    database.exec('PRAGMA user_version = 99');
    database.close();
    mkdirSync(join(stateDir, 'jobs'), { recursive: true });
    writeFileSync(join(stateDir, 'jobs', 'damaged-1.sqlite'), 'no database '.repeat(200));
    writeFileSync(join(stateDir, 'jobs', 'unborn-1.sqlite'), '');
    const listed = listJobs(stateDir).map((job) =>
      job.kind === 'readable' ? job.identity.table.name : job.problem.code,
    );
    expect(listed.sort()).toEqual(['STATE_NEWER', 'STATE_UNREADABLE', 'STATE_UNREADABLE', 'sound']);
    expect(() => openForReading(join(stateDir, 'jobs', 'missing.sqlite'))).toThrow(/does not exist/);
    expect(() => openJob(requestFor(stateDir, 'newer'))).toThrow(/newer sqlextract/);
    // The refused start let go of the lock.
    expect(() => openJob(requestFor(stateDir, 'newer'))).toThrow(/newer sqlextract/);
  });
});
