import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';
import { makeSqlite, POSTGRES_TABLE } from './all-kinds.ts';
import { type Extracted, extractTable, freshFolder, verifyAll } from './extracted.ts';
import { DEFAULT_POLICIES } from '../../src/model/value-policies.ts';

const TABLE = 'All kinds';

describe('against SQLite', () => {
  const folder = freshFolder();
  const url = join(folder.path, 'source.sqlite');
  let extracted: Extracted;

  beforeAll(async () => {
    makeSqlite(url);
    extracted = await extractTable({ url, folder: folder.path, table: TABLE });
  });
  afterAll(() => folder[Symbol.dispose]());

  function inSource(...statements: readonly string[]): void {
    using database = new DatabaseSync(url);
    for (const statement of statements) database.exec(statement);
  }

  test.each([
    ['flag', '1 - flag'],
    ['big', 'big + 1'],
    ['amount', 'amount + 0.01'],
    ['unit', '0.9999'],
    ['score', '-score'],
    ['day', "'2024-03-01'"],
    ['at', "'1969-12-31 23:59:59.999998'"],
    ['the ""text""', "'\\n'"],
    ['doc', "doc || ' '"],
    ['token', "replace(token, '7d2e', '7d2f')"],
    ['raw', "x'00'"],
    ['raw', 'NULL'],
  ])('one changed cell of %s is seen', async (column, value) => {
    inSource(`ALTER TABLE "All kinds" RENAME TO kept`, 'CREATE TABLE copied AS SELECT * FROM kept WHERE id = 2');
    inSource('ALTER TABLE kept RENAME TO "All kinds"');
    inSource(`UPDATE "All kinds" SET "${column}" = ${value} WHERE id = 2`);
    const report = await verifyAll(extracted, true);
    inSource(`UPDATE "All kinds" SET "${column}" = (SELECT "${column}" FROM copied) WHERE id = 2`, 'DROP TABLE copied');
    expect(report.tables[0]?.differences).toEqual([expect.objectContaining({ kind: 'source hash', file: null })]);
    expect(report.problem).toMatchObject({ code: 'VERIFY_SOURCE_MOVED_OR_DIFFERENT', fault: 'data' });
    expect(report.tables[0]?.source?.sentence).toContain('may have changed since');
    expect((await verifyAll(extracted, true)).status).toBe('equal');
  });

  test('a deleted and a doubled row are seen', async () => {
    inSource('CREATE TABLE kept AS SELECT * FROM "All kinds" WHERE id = 2', 'DELETE FROM "All kinds" WHERE id = 2');
    const report = await verifyAll(extracted, true);
    inSource('INSERT INTO "All kinds" SELECT * FROM kept', 'DROP TABLE kept');
    expect(report.tables[0]?.differences.map(({ kind }) => kind)).toEqual(['source rows', 'source hash']);
  });

  test('a lost and an added column are drift', async () => {
    inSource('ALTER TABLE "All kinds" RENAME COLUMN day TO date');
    const renamed = await verifyAll(extracted, true);
    inSource('ALTER TABLE "All kinds" RENAME COLUMN date TO day', 'ALTER TABLE "All kinds" ADD COLUMN extra TEXT');
    const added = await verifyAll(extracted, true);
    inSource('ALTER TABLE "All kinds" DROP COLUMN extra');
    expect(renamed.tables[0]?.differences).toEqual([expect.objectContaining({ kind: 'source schema', column: 'day' })]);
    expect(added.tables[0]?.remarks).toEqual(['the source has a column extra now, which the files do not have']);
    expect(added.status).toBe('equal');
  });

  test('a dropped table is the source’s fault, and the files are still judged', async () => {
    inSource('ALTER TABLE "All kinds" RENAME TO gone');
    const report = await verifyAll(extracted, true);
    inSource('ALTER TABLE gone RENAME TO "All kinds"');
    expect(report.status).toBe('incomplete');
    expect(report.problem?.code).toBe('TABLE_NOT_FOUND');
    expect(report.tables[0]?.status).toBe('equal');
  });

  test.each([
    {
      name: 'columns and where',
      selection: { include: ['raw', 'id', 'score'], exclude: [], asText: [], policies: DEFAULT_POLICIES },
      where: 'id % 3 = 0',
    },
    {
      name: 'excluded and as text',
      selection: { include: null, exclude: ['doc'], asText: ['big', 'raw', 'amount'], policies: DEFAULT_POLICIES },
      where: null,
    },
  ])('a selection is compared as it was selected: $name', async ({ selection, where }) => {
    using other = freshFolder();
    const wish = {
      url,
      folder: other.path,
      table: TABLE,
      settings: { selection, where, format: 'csv', compression: 'none' },
    } as const;
    const report = await verifyAll(await extractTable(wish), true);
    expect(report).toMatchObject({ status: 'equal', problem: null });
    expect(report.tables[0]?.source?.verdict).toBe('equal');
  });

  test('with --limit there is nothing to compare with', async () => {
    using other = freshFolder();
    const report = await verifyAll(
      await extractTable({ url, folder: other.path, table: TABLE, settings: { limit: 10 } }),
      true,
    );
    expect(report.problem).toMatchObject({ code: 'VERIFY_NOT_COMPARABLE', fault: 'usage' });
    expect(report.tables[0]).toMatchObject({ status: 'equal', source: { verdict: 'impossible' } });
  });

  test('a folder whose name DuckDB would take for a pattern or a partition', async () => {
    using other = freshFolder();
    const folder = join(other.path, "day=1 [a]*? it's");
    for (const format of ['csv', 'parquet'] as const) {
      const wish = { url, folder, table: TABLE, settings: { format, compression: 'zstd' } } as const;
      expect(await verifyAll(await extractTable(wish), true)).toMatchObject({ status: 'equal', problem: null });
    }
  });

  test('an empty table is equal', async () => {
    using other = freshFolder();
    inSource('CREATE TABLE empty (a INTEGER, b TEXT)');
    for (const format of ['csv', 'parquet'] as const) {
      const wish = { url, folder: other.path, table: 'empty', settings: { format, compression: 'none' } } as const;
      const report = await verifyAll(await extractTable(wish), true);
      expect(report).toMatchObject({ status: 'equal', problem: null, rows: 0, files: 1 });
      expect(report.tables[0]?.source).toMatchObject({ verdict: 'equal', source: { rows: 0n, sum: 0n } });
    }
  });

  test('a file that proves itself unchanged makes the difference certain', async () => {
    using other = freshFolder();
    const still = join(other.path, 'still.sqlite');
    makeSqlite(still);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    const run = await extractTable({ url: still, folder: other.path, table: TABLE });
    const forged = { ...run, driver: { ...run.driver, open: openWithAnotherSum(run) } };
    const report = await verifyAll(forged, true);
    expect(report.tables[0]?.source).toMatchObject({ verdict: 'different', when: 'unchanged' });
    expect(report.problem?.code).toBe('VERIFY_DIFFERENT');
  });
});

/** As if the source had had another row than the file when it was extracted. */
function openWithAnotherSum(run: Extracted): Extracted['driver']['open'] {
  return async (config, role) => {
    const session = await run.driver.open(config, role);
    const checksum = session.checksum.bind(session);
    session.checksum = async (request) => ({ ...(await checksum(request)), sum: 1n });
    return session;
  };
}

describe('against PostgreSQL', () => {
  const folder = freshFolder();
  let database: FreshDatabase;
  let extracted: Extracted;

  beforeAll(async () => {
    database = await freshDatabase('verify');
    await database.client.query(POSTGRES_TABLE);
    extracted = await extractTable({ url: database.url, folder: folder.path, table: TABLE });
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test.each(['parquet', 'csv'] as const)('every kind is equal, in %s', async (format) => {
    using other = freshFolder();
    const wish = {
      url: database.url,
      folder: other.path,
      table: TABLE,
      settings: { format, compression: 'zstd' },
    } as const;
    const report = await verifyAll(await extractTable(wish), true);
    expect(report).toMatchObject({ status: 'equal', problem: null, rows: 2100 });
    expect(report.tables[0]?.source).toMatchObject({ verdict: 'equal', source: { rows: 2100n } });
  });

  test('one changed cell of any column is seen', async () => {
    const { rows } = await database.client.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = '"All kinds"'::regclass AND attnum > 1 AND NOT attisdropped`,
    );
    expect(rows).toHaveLength(21);
    for (const { name } of rows) {
      const column = `"${name.replaceAll('"', '""')}"`;
      await database.client.query('CREATE TABLE kept AS SELECT * FROM "All kinds" WHERE id = 5');
      await database.client
        .query(
          `UPDATE "All kinds" SET ${column} = (SELECT o.${column} FROM "All kinds" o WHERE o.${column}::text <> "All kinds".${column}::text LIMIT 1) WHERE id = 5`,
        )
        .catch((error: unknown) => {
          throw new Error(name, { cause: error });
        });
      const report = await verifyAll(extracted, true);
      await database.client.query(`UPDATE "All kinds" SET ${column} = (SELECT ${column} FROM kept) WHERE id = 5`);
      await database.client.query('DROP TABLE kept');
      const kinds = report.tables[0]?.differences.map(({ kind }) => kind);
      expect({ name, kinds }).toEqual({ name, kinds: ['source hash'] });
    }
    expect((await verifyAll(extracted, true)).status).toBe('equal');
  });

  test('nothing of verify is left on the server', async () => {
    await verifyAll(extracted, true);
    const sessions = async () =>
      (
        await database.client.query(
          'SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
        )
      ).rows;
    await expect.poll(sessions, { timeout: 10_000 }).toEqual([]);
  });
});
