import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from 'pg';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { Digest, ExtractCase } from './extract-case.ts';
import {
  ACCOUNT_COLUMNS,
  backendsOfProgram,
  createAccounts,
  die,
  digestOfPostgres,
  expectFiles,
  finish,
  holderPid,
  inSnapshot,
  isAlive,
  killHolder,
  newCase,
  readManifestOf,
  refuse,
  removeFolders,
  SMALL_CHUNKS,
  statusOf,
  sumOfFiles,
  until,
} from './extract-case.ts';

const ROWS = 12_000;
/** The server lists a session a moment longer than its client has it; a holder that is left behind is there for its whole hold, 30 s. */
const SOON_MS = 20_000;

let database: FreshDatabase;
let client: Client;
let test: ExtractCase;

beforeAll(async () => {
  database = await freshDatabase('consistency');
  client = database.client;
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

/** A new table of its own; the flags that read it. */
async function accounts(name: string, key?: string): Promise<readonly string[]> {
  await createAccounts(client, name, ROWS, key);
  await client.query(`INSERT INTO ${name} VALUES (1, 0, 'what the deleted had', 0)`);
  await settled();
  test = newCase(database.url);
  return ['--table', name, ...SMALL_CHUNKS];
}

/** Other databases of the server may have open transactions, older than our rows: then nothing could be proven of them. */
async function settled(): Promise<void> {
  const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
  await until('no transaction is as old as the rows', async () => {
    const now = await client.query<{ xmin: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin');
    return BigInt(now.rows[0]?.xmin ?? 0) > BigInt(rows[0]?.xid ?? 0);
  });
}

async function digest(table: string, on: Client = client): Promise<Digest> {
  return digestOfPostgres(on, table, ACCOUNT_COLUMNS);
}

async function digestInSnapshot(table: string, label: string): Promise<Digest> {
  return inSnapshot(client, label, async () => digest(table));
}

/** Of all balances; every transaction of the writer leaves it as it is. */
const TOTAL = ROWS * 100;

/** Inserts, updates, moves of keys and deletes, each transaction keeping the sum of balances; until told to stop. */
async function withWriter<T>(table: string, work: () => Promise<T>): Promise<T> {
  const writer = new Client({ connectionString: database.url });
  await writer.connect();
  const control = { stopped: false };
  let transactions = 0;
  const writing = (async () => {
    for (let seed = 1; !control.stopped; seed += 1) {
      const [a, b, c] = [101, 7919, 104_729].map((prime) => 2 * (1 + ((seed * prime) % ROWS)));
      await writer.query(`BEGIN;
        UPDATE ${table} SET balance = balance - 1, version = version + 1 WHERE id = ${a};
        INSERT INTO ${table} SELECT id + 1, version, 'inserted ${seed}', 1 FROM ${table} WHERE id = ${a} ON CONFLICT (id) DO UPDATE SET balance = ${table}.balance + 1;
        UPDATE ${table} SET id = -${b} - ${seed} * 100000 WHERE id = ${b} AND ${seed} % 3 = 0;
        WITH gone AS (DELETE FROM ${table} WHERE id = ${c} RETURNING balance)
          UPDATE ${table} SET balance = ${table}.balance + gone.balance FROM gone WHERE id = 1;
        COMMIT`);
      transactions += 1;
    }
  })();
  try {
    await until('the writer writes', () => transactions > 3);
    const before = transactions;
    const result = await work();
    expect(transactions, 'the writer wrote').toBeGreaterThan(before);
    return result;
  } finally {
    control.stopped = true;
    await writing;
    await writer.end();
  }
}

describe('while others write', () => {
  it.each(['csv', 'parquet'])('the %s files are the table as it was at the snapshot', async (format) => {
    const table = `moving_${format}`;
    await accounts(table);
    const flags = ['--table', table, '--workers', '3', '--chunk-size', '40KB', '--format', format, '--keep-snapshot'];
    const { level } = await withWriter(table, async () => finish(test, flags));
    expect(level).toBe('snapshot');
    const { manifest } = readManifestOf(test, `public.${table}`);
    const [epoch, ...others] = manifest.consistency.epochs;
    expect(others).toEqual([]);
    expect(manifest.files.length).toBeGreaterThan(4);
    const truth = await digestInSnapshot(table, epoch?.label ?? '');
    expect(truth).not.toEqual(await digest(table));
    await expectFiles(test, `public.${table}`, truth);
    expect(await sumOfFiles(test, `public.${table}`, 'balance')).toBe(TOTAL);
    await killHolder(test, client);
  });

  it('a run killed and run again within the hold is the state of the one snapshot', async () => {
    const flags = await accounts('moving');
    await withWriter('moving', async () => {
      await die(test, flags, 'mid-read:3');
      const epoch = (await statusOf(test)).jobs[0]?.runs[0]?.epochs.at(-1);
      const truth = await digestInSnapshot('moving', epoch?.label ?? '');
      await die(test, flags, 'before-rename:3');
      const report = await finish(test, flags);
      expect(report.tables[0]).toMatchObject({ level: 'snapshot', status: 'complete' });
      expect(report.tables[0]?.resumedRows).toBeGreaterThan(0);
      const manifest = await expectFiles(test, 'public.moving', truth);
      expect(manifest.consistency.epochs).toHaveLength(1);
      expect(manifest.consistency).toMatchObject({ level: 'snapshot', epochs: [{ label: epoch?.label }] });
    });
    expect(await sumOfFiles(test, 'public.moving', 'balance')).toBe(TOTAL);
  });
});

describe('when the snapshot is gone', () => {
  it('says mixed, with both times, when rows of a range that was read have changed', async () => {
    const flags = await accounts('mixed');
    const before = await digest('mixed');
    await die(test, flags, 'mid-read:3');
    await killHolder(test, client);
    await client.query("UPDATE mixed SET note = 'changed' WHERE id = 2");
    const refused = await refuse(test, [...flags, '--consistency', 'require'], 'SNAPSHOT_GONE', 4);
    expect(refused.stderr).toMatch(/hint: .*--fresh/);
    await until('a refused run leaves no holder', async () => (await backendsOfProgram(client)) === 0, SOON_MS);
    const report = await finish(test, flags);
    expect(report).toMatchObject({ level: 'mixed', status: 'complete' });
    expect(report.tables[0]?.consistency).toMatch(/^mixed: /);
    // The change was in a range read before it: the files are the table as it was then.
    const manifest = await expectFiles(test, 'public.mixed', before);
    expect(manifest.consistency.level).toBe('mixed');
    expect(manifest.consistency.epochs.map(({ files }) => files > 0)).toEqual([true, true]);
    for (const { takenAt } of manifest.consistency.epochs) expect(report.tables[0]?.consistency).toContain(takenAt);
  });

  it.each([
    ['inserted', 'INSERT INTO TABLE_NAME VALUES (3, 0, NULL, 1)'],
    ['deleted', 'DELETE FROM TABLE_NAME WHERE id = 2'],
    ['moved to a range not yet read', 'UPDATE TABLE_NAME SET id = 1000001 WHERE id = 2'],
  ])('says mixed when a row of a read range was %s', async (what, statement) => {
    const table = `mixed_${what.split(' ')[0]}`;
    const flags = await accounts(table);
    await die(test, flags, 'mid-read:3');
    await killHolder(test, client);
    await client.query(statement.replace('TABLE_NAME', table));
    expect(await finish(test, flags)).toMatchObject({ level: 'mixed' });
  });

  it('proves unchanged when nothing was written', async () => {
    const flags = await accounts('still');
    await die(test, flags, 'mid-read:3');
    await killHolder(test, client);
    expect(await finish(test, flags)).toMatchObject({ level: 'unchanged' });
    const manifest = await expectFiles(test, 'public.still', await digest('still'));
    expect(manifest.consistency).toMatchObject({ level: 'unchanged', epochs: [{}, {}] });
  });

  it('proves unchanged when only ranges not yet read were written to', async () => {
    const flags = await accounts('ahead');
    await die(test, flags, 'mid-read:3');
    await killHolder(test, client);
    await client.query(`UPDATE ahead SET note = 'changed' WHERE id = ${ROWS * 2}`);
    await client.query(`INSERT INTO ahead VALUES (${ROWS * 2 + 1}, 1, 'new', 0)`);
    await settled();
    expect(await finish(test, flags)).toMatchObject({ level: 'unchanged' });
    await expectFiles(test, 'public.ahead', await digest('ahead'));
  });

  it('--consistency require begins anew with --fresh, and goes on without it when nothing was read', async () => {
    const flags = [...(await accounts('required')), '--consistency', 'require'];
    await die(test, flags, 'before-read:1');
    await killHolder(test, client);
    expect(await finish(test, flags)).toMatchObject({ level: 'snapshot' });
    await die(test, flags, 'mid-read:3');
    await killHolder(test, client);
    await refuse(test, flags, 'SNAPSHOT_GONE', 4);
    expect(await finish(test, [...flags, '--fresh'])).toMatchObject({ level: 'snapshot' });
    await expectFiles(test, 'public.required', await digest('required'));
  });
});

describe('a table without a key, read by blocks', () => {
  it('goes on in its snapshot while the holder lives', async () => {
    const flags = await accounts('heap', '');
    const truth = await digest('heap');
    await die(test, flags, 'mid-read:3');
    // A full rewrite of what is there: only the snapshot's blocks still show the old rows.
    await client.query('UPDATE heap SET version = version + 1');
    const report = await finish(test, flags);
    expect(report).toMatchObject({ level: 'snapshot' });
    expect(report.tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'public.heap', truth);
  });

  it('is read again from the start when the snapshot is gone', async () => {
    const flags = await accounts('heap_lost', '');
    await die(test, flags, 'mid-read:3');
    await killHolder(test, client);
    await client.query('UPDATE heap_lost SET version = version + 1');
    await client.query("INSERT INTO heap_lost SELECT 1, 2, repeat('x', 200), 3 FROM generate_series(1, 2000)");
    const report = await finish(test, flags);
    expect(report).toMatchObject({ level: 'snapshot' });
    await expectFiles(test, 'public.heap_lost', await digest('heap_lost'));
  });
});

describe('locks and what is left behind', () => {
  it('a TRUNCATE waits for the run, killed and run again, and empties no file', async () => {
    const flags = await accounts('emptied');
    const truth = await digest('emptied');
    await die(test, flags, 'mid-read:3');
    await expect(client.query("SET lock_timeout = '300ms'; TRUNCATE emptied")).rejects.toMatchObject({ code: '55P03' });
    await client.query('SET lock_timeout = 0');
    expect(await finish(test, flags)).toMatchObject({ level: 'snapshot' });
    await expectFiles(test, 'public.emptied', truth);
    await client.query('TRUNCATE emptied');
    expect(await finish(test, flags)).toMatchObject({ level: 'snapshot', rows: 0, files: 1 });
  });

  it('a TRUNCATE that waits in the queue neither stops a run of several tables nor comes before its end', async () => {
    await accounts('queue_a');
    await createAccounts(client, 'queue_b', ROWS);
    const truth = await digest('queue_b');
    const other = new Client({ connectionString: database.url });
    await other.connect();
    const flags = ['--table', 'queue_a', '--table', 'queue_b', ...SMALL_CHUNKS];
    const running = finish(test, flags);
    // A TRUNCATE that comes before the readers have joined goes first, and the snapshot is taken after it.
    await until('the holder, the coordinator and the reader have locked the tables', async () => {
      const { rows } = await client.query(
        "SELECT 1 FROM pg_locks WHERE relation = 'queue_b'::regclass AND mode = 'AccessShareLock' AND granted",
      );
      return rows.length >= 3;
    });
    const truncated = other.query('TRUNCATE queue_b');
    const report = await running;
    await truncated;
    await other.end();
    expect(report).toMatchObject({ level: 'snapshot' });
    await expectFiles(test, 'public.queue_b', truth);
  });

  it('chunk says chunk and holds nothing', async () => {
    const flags = [...(await accounts('by_chunk')), '--consistency', 'chunk'];
    await die(test, flags, 'mid-read:3');
    await until('its sessions are gone', async () => (await backendsOfProgram(client)) === 0, SOON_MS);
    const report = await finish(test, flags);
    expect(report).toMatchObject({ level: 'chunk' });
    expect((await expectFiles(test, 'public.by_chunk', await digest('by_chunk'))).consistency.level).toBe('chunk');
  });

  it('after a run no session and no holder is left; --keep-snapshot keeps one for --hold', async () => {
    const flags = await accounts('held');
    await finish(test, flags);
    const first = await holderPid(test);
    await until('nothing is left', async () => !isAlive(first) && (await backendsOfProgram(client)) === 0, SOON_MS);
    await finish(test, [...flags, '--keep-snapshot', '--hold', '8s']);
    const pid = await holderPid(test);
    expect(isAlive(pid)).toBe(true);
    await until('it is the only one', async () => (await backendsOfProgram(client)) === 1, 4000);
    await until('the hold is over', async () => !isAlive(pid) && (await backendsOfProgram(client)) === 0, 30_000);
  });

  it('--hold 0 leaves nothing after a kill', async () => {
    const flags = [...(await accounts('unheld')), '--hold', '0'];
    await die(test, flags, 'mid-read:3');
    await until('the holder is gone', async () => (await backendsOfProgram(client)) === 0, SOON_MS);
    expect(await finish(test, flags)).toMatchObject({ level: 'unchanged' });
    await expectFiles(test, 'public.unheld', await digest('unheld'));
  });
});
