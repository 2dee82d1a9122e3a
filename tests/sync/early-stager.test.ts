import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { LoadFile } from '../../src/ingest/ingest-plan.ts';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { loadTable } from '../../src/load/load-table.ts';
import { EarlyStager } from '../../src/sync/early-stager.ts';
import { exampleManifest } from '../checkpoint/manifest-example.ts';
import { planned, planOf } from '../ingest/load-example.ts';
import { FakeSession } from '../load/fake-session.ts';

const load = planned();
const other = planned({ ...exampleManifest(), run: 'other', table: { ...exampleManifest().table, name: 'orders' } });

function fileOf(name: string, sha256 = name): LoadFile {
  return { number: 1, name, path: `/f/${name}`, rows: 1, bytes: 10, sha256 };
}

const PLACE = { displayUrl: 'target', identity: () => Promise.resolve(null) };

function stagerOf(session: FakeSession, parallel = 2) {
  const remarks: string[] = [];
  const plan = planOf();
  const stager = new EarlyStager({
    ...{ session, target: duckdbTarget, place: PLACE, evolve: 'fail' },
    plan: { ...plan, options: { ...plan.options, parallel } },
    onRemark: (table, text) => remarks.push(`${table}: ${text}`),
  });
  return { stager, remarks };
}

/** Until nothing is on its way any more. */
async function settled(session: FakeSession, calls: number): Promise<void> {
  for (let tries = 0; session.calls.length < calls && tries < 200; tries += 1) await sleep(5);
}

describe('files that arrive while a run goes on', () => {
  test('are staged, each table prepared once, no more at a time than asked', async () => {
    const session = new FakeSession();
    session.stageMs = 5;
    const { stager, remarks } = stagerOf(session);
    stager.begin('users', load);
    for (let number = 1; number <= 6; number += 1) stager.add('users', [fileOf(`f${number}`)]);
    await settled(session, 7);
    await stager.end('complete');
    expect(session.calls.toSorted()).toEqual([
      'prepare users',
      ...[1, 2, 3, 4, 5, 6].map((number) => `stage f${number}`),
    ]);
    expect(session.mostAtOnce).toBe(2);
    expect(stager.staged).toBe(6);
    expect(session.closed).toBe(true);
    expect(remarks).toEqual([]);
  });

  test('of a window that is not the next one of its table wait for the load', async () => {
    const session = new FakeSession();
    const { stager, remarks } = stagerOf(session);
    const window = {
      previous: { run: 'r0', ledger: 'r0-0' },
      takesPlace: false,
      appends: false,
      keepsVersions: false,
      from: '1',
      to: '2',
    };
    stager.begin('users', { ...load, mode: 'merge', incremental: window });
    stager.add('users', [fileOf('f1')]);
    await stager.end('complete');
    expect(session.calls).toEqual([]);
    expect(remarks).toEqual([]);
  });

  test('of two tables never meet in the session', async () => {
    const session = new FakeSession();
    const { stager } = stagerOf(session);
    stager.begin('users', load);
    stager.begin('orders', other);
    stager.add('users', [fileOf('u1')]);
    stager.add('orders', [fileOf('o1')]);
    stager.add('users', [fileOf('u2')]);
    await settled(session, 5);
    await stager.end('complete');
    expect(session.files.get(load.tag)?.size).toBe(2);
    expect(session.files.get(other.tag)?.size).toBe(1);
  });

  test('of a table that nobody announced, or after the end, are left alone', async () => {
    const session = new FakeSession();
    const { stager } = stagerOf(session);
    stager.add('users', [fileOf('f1')]);
    stager.begin('users', load);
    await stager.end('complete');
    stager.add('users', [fileOf('f2')]);
    await sleep(10);
    expect(session.calls).toEqual([]);
  });
});

describe('trouble with the target', () => {
  test('is remarked, and leaves the table to the load after the run', async () => {
    const session = new FakeSession();
    session.fails = 'f2';
    const { stager, remarks } = stagerOf(session, 1);
    stager.begin('users', load);
    stager.add('users', [fileOf('f1'), fileOf('f2'), fileOf('f3')]);
    for (let tries = 0; remarks.length === 0 && tries < 200; tries += 1) await sleep(5);
    stager.add('users', [fileOf('f4')]);
    await stager.end('complete');
    expect(remarks).toEqual(['users: its files are staged after the run: the connection was lost']);
    expect(session.calls).toEqual(['prepare users', 'stage f1']);
  });

  test('a table that has drifted is not staged into, and is told of while there is time', async () => {
    const session = new FakeSession();
    session.existing = [{ name: 'id', type: 'BIGINT', nullable: false, filled: false }];
    const { stager, remarks } = stagerOf(session);
    stager.begin('users', load);
    stager.add('users', [fileOf('f1')]);
    for (let tries = 0; remarks.length === 0 && tries < 200; tries += 1) await sleep(5);
    await stager.end('complete');
    expect(remarks[0]).toContain('it lacks price, seen');
    expect(session.calls).toEqual([]);
  });

  test('a failed run does not wait for it', async () => {
    const session = new FakeSession();
    session.stageMs = 60_000;
    const { stager, remarks } = stagerOf(session);
    stager.begin('users', load);
    stager.add('users', [fileOf('f1')]);
    await settled(session, 1);
    const began = performance.now();
    await stager.end('failed');
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(session.closed).toBe(true);
    expect(remarks).toEqual([]);
  });
});

describe('the load after the run', () => {
  async function loaded(session: FakeSession) {
    const callbacks = { onBytes: () => undefined, onRemark: () => undefined };
    const stop = new AbortController().signal;
    session.closed = false;
    const fit = { session, target: duckdbTarget, place: PLACE, plan: planOf(load), evolve: 'fail' } as const;
    const context = { ...fit, counts: true, stop };
    return loadTable({ ...context, ...callbacks }, load);
  }

  const [first, second] = load.files;

  test('stages only what is missing', async () => {
    const session = new FakeSession();
    const { stager } = stagerOf(session);
    stager.begin('users', load);
    stager.add('users', first === undefined ? [] : [first]);
    await settled(session, 2);
    await stager.end('complete');
    session.calls.length = 0;
    expect(await loaded(session)).toMatchObject({
      kind: 'loaded',
      resumedFiles: 1,
      counted: { before: null, after: 30 },
    });
    expect(session.calls).toEqual(['prepare users', `stage ${second?.name}`, 'publish users', 'discard users']);
  });

  test('throws all of it away when one was read again in another snapshot', async () => {
    const session = new FakeSession();
    const { stager } = stagerOf(session);
    stager.begin('users', load);
    stager.add('users', first === undefined ? [] : [{ ...first, sha256: 'cd'.repeat(32) }]);
    await settled(session, 2);
    await stager.end('complete');
    expect(await loaded(session)).toMatchObject({ kind: 'loaded', resumedFiles: 0 });
    expect(session.calls.filter((call) => call.startsWith('stage'))).toHaveLength(3);
    expect(session.calls).toContain('discard users');
  });

  test('of a run that is in the ledger takes away what was staged, and does nothing else', async () => {
    const session = new FakeSession();
    await session.prepare(load);
    await session.publish(load);
    session.calls.length = 0;
    expect(await loaded(session)).toMatchObject({ kind: 'already-loaded', counted: { before: null, after: 30 } });
    expect(session.calls).toEqual(['discard users']);
    expect(session.files.size).toBe(0);
  });
});
