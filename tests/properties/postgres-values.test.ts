import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/model/manifest.ts';
import { TYPE_RULES } from '../../src/sources/postgres/types.ts';
import { finish, newCase, readManifestOf, removeFolders } from '../engine/extract-case.ts';
import { duckType, openDuckDb, quoteText } from '../support/duckdb.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';
import { compareRows, countMismatches, firstMismatches, loadFiles, loadServerTexts } from './compare-files.ts';
import { ALL_TYPES, fillTable, pinOracle, prepareTypes, type ValueColumn, writeServerTexts } from './value-table.ts';

/*
 * Random values of every type that PostgreSQL has, through the real program into files, read by DuckDB, and compared with the server's own
 * text of every value.
 *
 *   VALUES=100000 npx vitest run tests/properties/postgres-values.test.ts     so many rows a type instead of 2500, in rounds of 5000
 *   SEED=7 …                                                                  other values
 */
const ROWS = Number(process.env['VALUES'] ?? 2500);
const SEED = Number(process.env['SEED'] ?? 20_261);
const ROWS_OF_A_ROUND = 5000;

const ROUNDS = Array.from({ length: Math.ceil(ROWS / ROWS_OF_A_ROUND) }, (_, round) => ({
  seed: SEED + round,
  rows: Math.min(ROWS_OF_A_ROUND, ROWS - round * ROWS_OF_A_ROUND),
}));
const WAYS = [
  { way: 'parquet', flags: ['--format', 'parquet'], options: '' },
  { way: 'csv', flags: ['--format', 'csv'], options: '' },
  { way: 'parquet by a cursor', flags: ['--format', 'parquet', '--compression', 'snappy'], options: '?copy=off' },
];

let database: FreshDatabase;
let columns: readonly ValueColumn[];

beforeAll(async () => {
  database = await freshDatabase('random_values');
  columns = await prepareTypes(database.client);
  await pinOracle(database.client);
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

describe.each(ROUNDS)('$rows values of every type, seed $seed', ({ seed, rows }) => {
  const table = `values_${seed}`;
  let serverTexts: string;
  let folder: string;

  beforeAll(async () => {
    await fillTable(database.client, table, columns, rows, seed);
    folder = newCase('').folder;
    serverTexts = join(folder, 'server.csv');
    // The names of other schemas are part of what the server says of a reg… value.
    await database.client.query("SET search_path = ''");
    await writeServerTexts(database.client, `public.${table}`, columns, serverTexts);
    await database.client.query('RESET search_path');
  });

  describe.each(WAYS)('$way', ({ flags, options }) => {
    let connection: DuckDBConnection;
    let manifest: Manifest;
    let manifestPath: string;
    let mismatches: readonly number[];

    beforeAll(async () => {
      const test = newCase(database.url + options);
      const report = await finish(test, [
        ...['--table', table, '--workers', '2', '--chunk-size', '1MB', '--batch-size', '700'],
        ...flags,
      ]);
      expect(report.rows).toBe(rows);
      ({ manifest, path: manifestPath } = readManifestOf(test, `public.${table}`));
      connection = await openDuckDb();
      await loadServerTexts(connection, serverTexts, columns);
      await loadFiles(connection, manifestPath, manifest);
      mismatches = await countMismatches(connection, columns);
    });
    afterAll(() => connection?.closeSync());

    it('has every row once, over several files', async () => {
      expect(await compareRows(connection)).toEqual({ onlyServer: 0, onlyFiles: 0, doubled: 0 });
      expect(manifest.totals.rows).toBe(rows);
      expect(manifest.files.length).toBeGreaterThan(1);
    });

    it.each(ALL_TYPES.map(({ type, kind }, index) => [type, kind, `c${index}`] as const))(
      '%s as %s',
      async (_, kind, name) => {
        const index = columns.findIndex((column) => column.name === name);
        const column = columns[index];
        // Of a newer server, or of an extension that is not installed.
        if (column === undefined) return expect(ALL_TYPES[Number(name.slice(1))]?.since).toBeDefined();
        expect(manifest.schema.columns.find((one) => one.name === name)?.type.kind).toBe(kind);
        const shown = mismatches[index] === 0 ? [] : await firstMismatches(connection, column);
        expect({ different: mismatches[index], shown }).toEqual({ different: 0, shown: [] });
      },
    );

    it('would be noticed if one value were different, in any column', async () => {
      const altered = columns.map(
        ({ name }) =>
          `CASE WHEN id = 1 + 3 * (hash('${name}') % ${rows}) THEN coalesce(${name} || '0', '') ELSE ${name} END AS ${name}`,
      );
      await connection.run(`CREATE OR REPLACE VIEW altered AS SELECT id, ${altered.join(', ')} FROM expected`);
      expect(await countMismatches(connection, columns, 'altered')).toEqual(columns.map(() => 1));
    });

    it('would be noticed if a row were lost or doubled', async () => {
      await connection.run('CREATE TABLE kept AS FROM actual WHERE id = 4; DELETE FROM actual WHERE id = 4');
      expect(await compareRows(connection)).toEqual({ onlyServer: 1, onlyFiles: 0, doubled: 0 });
      await connection.run('INSERT INTO actual FROM kept; INSERT INTO actual FROM kept');
      expect(await compareRows(connection)).toEqual({ onlyServer: 0, onlyFiles: 0, doubled: 1 });
    });

    it('is written in the types that the manifest names', async () => {
      if (manifest.format.name !== 'parquet') return expect(readFileSync(serverTexts).length).toBeGreaterThan(rows);
      const [file] = manifest.files;
      const path = join(dirname(manifestPath), file?.path ?? '');
      const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`);
      expect(described.getRows().map(([name, type]) => `${String(name)} ${String(type)}`)).toEqual(
        manifest.schema.columns.map(({ name, type }) => `${name} ${duckType(type)}`),
      );
    });
  });
});

describe('no type is left out', () => {
  const generated = new Set(ALL_TYPES.map(({ name }) => name));

  it('of those that the source has a rule for', () => {
    expect([...Object.keys(TYPE_RULES), 'numeric'].filter((name) => !generated.has(name))).toEqual([]);
  });

  it('of those that the server knows, but for those that it takes no values of', async () => {
    const { rows } = await database.client.query<{ name: string }>(
      `SELECT typname AS name FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
        AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = pg_type.oid) ORDER BY 1`,
    );
    const missing = rows.map(({ name }) => name).filter((name) => !generated.has(name));
    for (const name of missing) {
      await expect(database.client.query(`SELECT '1'::pg_catalog."${name}"`), name).rejects.toMatchObject({
        code: '0A000',
      });
    }
  });
});
