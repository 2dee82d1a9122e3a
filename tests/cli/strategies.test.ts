import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliRun, runCli } from '../support/run-cli.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';
import { postgresRows, type StrategyTarget, strategyTargets } from './strategy-targets.ts';

/* Every strategy into every target that runs here, from one PostgreSQL source: extracted once, by the `sync` into the first target, and loaded into the others. */

const KEY = 'id bigint PRIMARY KEY';
/** Table, its first column, and its incremental job. */
const TABLES = [
  ['merged', KEY, 'merge', null],
  ['merged_again', KEY, 'merge', '1 hour'],
  ['appended', KEY, 'append', null],
  ['appended_again', KEY, 'append', '1 hour'],
  ['replaced', KEY, 'delete_insert', null],
  ['replaced_again', KEY, 'delete_insert', '1 hour'],
  ['windowed', 'id bigint NOT NULL', 'delete_insert', null],
  ['windowed_again', 'id bigint NOT NULL', 'delete_insert', '1 hour'],
] as const;

const folder = mkdtempSync(join(tmpdir(), 'sqlextract-strategies-'));
const stack = new AsyncDisposableStack();
let source: FreshDatabase;
let targets: readonly StrategyTarget[];

beforeAll(async () => {
  source = stack.use(await freshDatabase('strategies'));
  const target = stack.use(await freshDatabase('strategies_target'));
  targets = strategyTargets(folder, target, stack.use(await freshMariadb('strategies')));
  const blocks = TABLES.map(([name, , strategy, lookback]) => {
    const again = lookback === null ? '' : `      lookback: ${lookback}\n`;
    return `  public.${name}:\n    incremental:\n      by: updated_at\n      strategy: ${strategy}\n${again}`;
  });
  writeFileSync(join(folder, 'sqlextract.yaml'), `source: ${source.url}\ntables:\n${blocks.join('')}`);
  for (const [name, key] of TABLES) {
    await source.client.query(`CREATE TABLE ${name} (${key}, note text, updated_at timestamptz NOT NULL);
      CREATE TABLE ${name}_versions (id bigint, note text, updated_at timestamptz)`);
  }
});
afterAll(async () => {
  await stack.disposeAsync();
  rmSync(folder, { recursive: true, force: true });
});

/** In every table; `at` is the minute of the stamp. */
async function add(ids: readonly number[], note: string, at: number): Promise<void> {
  const rows = ids.map((id) => `(${id}, '${note}', ${stamp(at)})`).join(', ');
  for (const [name] of TABLES) await source.client.query(`INSERT INTO ${name} VALUES ${rows}`);
}

/** Where a key tells the old row from the new one. */
async function change(id: number, note: string, at: number): Promise<void> {
  for (const [name, key] of TABLES) {
    if (key !== KEY) continue;
    await source.client.query(`UPDATE ${name} SET note = '${note}', updated_at = ${stamp(at)} WHERE id = ${id}`);
  }
}

function stamp(minute: number): string {
  return `TIMESTAMPTZ '2026-03-01 00:00:00.000123Z' + INTERVAL '${minute} minutes'`;
}

async function call(command: 'sync' | 'load' | 'extract', target: StrategyTarget | null, fault = ''): Promise<CliRun> {
  return runCli([command, ...(target?.flags ?? []), '--quiet'], {
    cwd: folder,
    env: { ...(target === null ? {} : { SQLEXTRACT_TARGET: target.url }), SQLEXTRACT_FAULT: fault },
  });
}

async function keepVersions(): Promise<void> {
  for (const [name] of TABLES) {
    await source.client.query(
      `INSERT INTO ${name}_versions SELECT * FROM ${name} EXCEPT SELECT * FROM ${name}_versions`,
    );
  }
}

async function loadInto(into: readonly StrategyTarget[]): Promise<void> {
  for (const run of await Promise.all(into.map((target) => call('load', target)))) {
    expect(run, run.stderr + run.stdout).toMatchObject({ code: 0 });
  }
}

/** One window, in every target. */
async function step(): Promise<void> {
  await keepVersions();
  const [first, ...others] = targets as [StrategyTarget, ...StrategyTarget[]];
  const run = await call('sync', first);
  expect(run, run.stderr + run.stdout).toMatchObject({ code: 0 });
  await loadInto(others);
  await expectEqual();
}

async function expectEqual(): Promise<void> {
  for (const target of targets) {
    for (const [name, , strategy] of TABLES) {
      const truth = await postgresRows(source, strategy === 'append' ? `${name}_versions` : name);
      expect(await target.rows(name), `${name} in ${target.name}`).toEqual(truth);
    }
  }
}

describe('every strategy into every target', () => {
  it('the first window', async () => {
    await add([1, 2, 3, 4, 5], 'first', 0);
    await add([6, 7], 'at one moment', 100);
    await step();
  });

  it('a later window, with rows that changed', async () => {
    await add([8, 9], 'second', 200);
    await change(2, 'changed', 200);
    await change(6, 'changed', 201);
    await step();
  });

  it('a window without changes', async () => {
    const before = await Promise.all(targets.map((target) => target.rows('appended_again')));
    await step();
    expect(await Promise.all(targets.map((target) => target.rows('appended_again')))).toEqual(before);
  });

  it('rows that come late, within the lookback where there is one', async () => {
    const again = TABLES.filter(([, , , lookback]) => lookback !== null);
    for (const [name] of again) await source.client.query(`INSERT INTO ${name} VALUES (10, 'late', ${stamp(170)})`);
    await add([11], 'in time', 202);
    await step();
  });

  it('loads that failed, for three windows: one was killed, one found its table gone, one was never begun', async () => {
    await add([12, 13], 'not loaded', 300);
    await keepVersions();
    expect(await call('extract', null)).toMatchObject({ code: 0 });
    for (const run of await Promise.all(targets.map((target) => call('load', target, 'before-load-publish:2')))) {
      expect(run.signal, run.stderr).toBe('SIGKILL');
    }
    await change(12, 'changed before it was loaded', 400);
    await keepVersions();
    expect(await call('extract', null)).toMatchObject({ code: 0 });
    for (const target of targets) await target.execute('ALTER TABLE replaced RENAME TO hidden');
    for (const run of await Promise.all(targets.map((target) => call('load', target)))) {
      expect(run.code, run.stdout).not.toBe(0);
      expect(run.stdout + run.stderr).toMatch(/replaced is not there, though the ledger says/);
    }
    for (const target of targets) await target.execute('ALTER TABLE hidden RENAME TO replaced');
    await add([14], 'after that', 500);
    await keepVersions();
    expect(await call('extract', null)).toMatchObject({ code: 0 });
    await loadInto(targets);
    await expectEqual();
  });
});
