import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDuckDb } from '../support/duckdb.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { freshDatabase, type FreshDatabase } from '../support/postgres-server.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

let database: FreshDatabase;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'measure-'));
  database = await freshDatabase('measure');
  await database.client.query(`
    CREATE TABLE prices (id int PRIMARY KEY, amount numeric, wide numeric(60,10), odd numeric, rounded numeric(4,-2), none numeric);
    INSERT INTO prices SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE (i - 500) * 1.05 END, i * 1e35 + 0.0000000001, i, i * 100, NULL
    FROM generate_series(1, 1000) AS i;
    UPDATE prices SET amount = '-0012.50' WHERE id = 1;
    UPDATE prices SET amount = 7 WHERE id = 2;
    UPDATE prices SET amount = 0.0001 WHERE id = 3;
    UPDATE prices SET odd = 'NaN' WHERE id = 1000;
  `);
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: readonly string[]): Promise<CliRun> {
  const result = await runCli(args, { cwd: folder });
  expect({ code: result.code, stderr: result.code === 0 ? '' : result.stderr + result.stdout }).toEqual({
    code: 0,
    stderr: '',
  });
  return result;
}

describe.each(['csv', 'parquet'])('numerics of PostgreSQL that are texts in files of %s', (format) => {
  beforeAll(async () => {
    const source = ['--source', database.url, '--table', 'prices'];
    await run('extract', ...source, '--out', format, '--format', format, '--chunk-size', '8kB', '--workers', '2');
  });

  test('become numerics of PostgreSQL with --measure, equal in value', async () => {
    const { stderr } = await run('load', '--target', database.url, '--schema', format, '--out', format, '--measure');
    expect(stderr).toContain('column odd stays text: one of its values is no plain number');
    expect(stderr).toContain('column amount is decimal(7,4) by its values');
    const types = await database.client.query<{ type: string }>(
      `SELECT attname || ' ' || format_type(atttypid, atttypmod) AS type FROM pg_attribute
       WHERE attrelid = '${format}.prices'::regclass AND attnum > 1 ORDER BY attnum`,
    );
    expect(types.rows.map(({ type }) => type)).toEqual([
      'amount numeric(7,4)',
      'wide numeric(49,10)',
      'odd text',
      'rounded numeric(6,0)',
      'none numeric(1,0)',
    ]);
    const compared = await database.client.query(
      `SELECT count(*)::int AS rows, count(*) FILTER (WHERE a.amount IS DISTINCT FROM b.amount OR a.wide IS DISTINCT FROM b.wide
        OR a.rounded IS DISTINCT FROM b.rounded OR b.none IS NOT NULL OR a.odd::text IS DISTINCT FROM b.odd)::int AS unlike
       FROM public.prices a JOIN ${format}.prices b USING (id)`,
    );
    expect(compared.rows).toEqual([{ rows: 1000, unlike: 0 }]);
  });

  test('become decimals of DuckDB where they fit, and stay texts where not', async () => {
    const { stderr } = await run('load', '--target', `${format}.duckdb`, '--out', format, '--measure');
    expect(stderr).toContain('column wide stays text: its values have 39 digits before the point and 10 after it');
    const connection = await openDuckDb();
    await connection.run(`ATTACH '${join(folder, `${format}.duckdb`)}' AS w (READ_ONLY)`);
    const types = await connection.runAndReadAll(
      "SELECT column_name || ' ' || data_type FROM duckdb_columns() WHERE database_name = 'w' AND table_name = 'prices'",
    );
    expect(types.getRows().flat()).toEqual([
      'id INTEGER',
      'amount DECIMAL(7,4)',
      'wide VARCHAR',
      'odd VARCHAR',
      'rounded DECIMAL(6,0)',
      'none DECIMAL(1,0)',
    ]);
    const found = await connection.runAndReadAll(
      'SELECT id, amount::VARCHAR, wide, odd, rounded::VARCHAR FROM w.prices ORDER BY id',
    );
    const { rows } = await database.client.query<unknown[]>({
      text: 'SELECT id, round(amount, 4)::text, wide::text, odd::text, rounded::text FROM prices ORDER BY id',
      rowMode: 'array',
    });
    expect(found.getRows().map((row) => row.map(String))).toEqual(rows.map((row) => row.map(String)));
    connection.closeSync();
  });
});

test('wide decimals of MariaDB become its decimals again', async () => {
  await using there = await freshMariadb('measure');
  await there.client.query(`CREATE TABLE amounts (id int PRIMARY KEY, a decimal(65,30), b decimal(40,2))`);
  await there.client.query(`INSERT INTO amounts VALUES (1, 12345.000000000000000000000000000001, -7), (2, NULL, 0.05)`);
  await run('extract', '--source', there.url, '--table', 'amounts', '--out', 'maria');
  await using target = await freshMariadb('measured');
  await run('load', '--target', target.url, '--out', 'maria', '--measure');
  const [types] = await target.client.query(
    `SELECT column_type AS type FROM information_schema.columns WHERE table_schema = database() AND table_name = 'amounts' AND column_name <> 'id' ORDER BY ordinal_position`,
  );
  expect(types).toEqual([{ type: 'decimal(35,30)' }, { type: 'decimal(3,2)' }]);
  const [unlike] = await target.client.query(
    `SELECT count(*) AS rows_, sum(NOT (s.a <=> t.a AND s.b <=> t.b)) AS unlike FROM ${there.name}.amounts s JOIN amounts t USING (id)`,
  );
  expect(unlike).toEqual([{ rows_: '2', unlike: '0' }]);
});

test('a later run with wider values is refused, whole', async () => {
  const load = ['load', '--target', 'csv.duckdb', '--out', 'csv', '--measure'];
  await database.client.query('UPDATE prices SET amount = 1234567.00001 WHERE id = 4');
  await run('extract', '--source', database.url, '--table', 'prices', '--out', 'csv', '--format', 'csv');
  const { code, stdout } = await runCli(load, { cwd: folder });
  expect({ code: code === 0 ? 0 : 'not 0', said: stdout }).toEqual({
    code: 'not 0',
    said: expect.stringContaining('whose types would change values') as string,
  });
});
