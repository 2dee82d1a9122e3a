import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/model/manifest.ts';
import { finish, newCase, readManifestOf, removeFolders } from '../engine/extract-case.ts';
import { duckType, openDuckDb, quoteText } from '../support/duckdb.ts';
import { compareRows, countMismatches, firstMismatches, loadFiles, loadServerTexts } from './compare-files.ts';
import type { TypeValues } from './type-values.ts';
import type { ValueColumn } from './value-column.ts';

/*
 * Random values of every type of a source, through the real program into files, read by DuckDB, and compared with the server's own text
 * of every value.
 *
 *   ROUND_TRIP_ROWS=100000 npm test -- tests/properties/      so many values a type instead of a few thousand, in rounds of 5000
 *   SEED=7 …                                                  other values
 */
const SEED = Number(process.env['SEED'] ?? 20_261);
const ROWS_OF_A_ROUND = 5000;

export interface Way {
  readonly way: string;
  readonly flags: readonly string[];
  /** Of the source, as its URL has them: `?copy=off`. */
  readonly options: string;
}

/** A database for the values, written and asked through a connection that is none of the program's. */
export interface ValueTables extends AsyncDisposable {
  readonly url: string;
  /** Those of `types` that this server has; named `c<index in types>`. */
  readonly columns: readonly ValueColumn[];
  /** Makes and fills a table (`valueRows`). */
  fill(table: string, rows: number, seed: number): Promise<void>;
  /**
   * What the server itself says of every value, as a CSV file without header: the id, then a cell a column; text as the lower-case hex of
   * its UTF-8, so that no rule of quoting can hide a difference; NULL is `\N`.
   */
  writeServerTexts(table: string, path: string): Promise<void>;
  /** The folder of a table below the output. */
  folderOf(table: string): string;
}

export interface ValueSuite {
  readonly types: readonly TypeValues[];
  /** Values a type when ROUND_TRIP_ROWS does not say. */
  readonly rows: number;
  readonly ways: readonly Way[];
  open(): Promise<ValueTables>;
}

export const PARQUET_AND_CSV: readonly Way[] = ['parquet', 'csv'].map((format) => ({
  way: format,
  flags: ['--format', format],
  options: '',
}));

function roundsOf(rows: number): readonly { seed: number; rows: number }[] {
  return Array.from({ length: Math.ceil(rows / ROWS_OF_A_ROUND) }, (_, round) => ({
    seed: SEED + round,
    rows: Math.min(ROWS_OF_A_ROUND, rows - round * ROWS_OF_A_ROUND),
  }));
}

export function valuesSuite({ types, rows: usualRows, ways, open }: ValueSuite): void {
  let tables: ValueTables;

  beforeAll(async () => {
    tables = await open();
  });

  afterAll(async () => {
    await tables?.[Symbol.asyncDispose]();
    removeFolders();
  });

  describe.each(roundsOf(Number(process.env['ROUND_TRIP_ROWS'] ?? usualRows)))(
    '$rows values of every type, seed $seed',
    ({ seed, rows }) => {
      const table = `values_${seed}`;
      let serverTexts: string;
      let folder: string;

      beforeAll(async () => {
        await tables.fill(table, rows, seed);
        folder = newCase('').folder;
        serverTexts = join(folder, 'server.csv');
        await tables.writeServerTexts(table, serverTexts);
      });

      describe.each(ways)('$way', ({ flags, options }) => {
        let connection: DuckDBConnection;
        let manifest: Manifest;
        let manifestPath: string;
        let mismatches: readonly number[];
        let columns: readonly ValueColumn[];

        beforeAll(async () => {
          const test = newCase(tables.url + options);
          const report = await finish(test, [
            ...['--table', table, '--workers', '2', '--chunk-size', '500KB', '--batch-size', '700'],
            ...flags,
          ]);
          expect(report.rows).toBe(rows);
          ({ columns } = tables);
          ({ manifest, path: manifestPath } = readManifestOf(test, tables.folderOf(table)));
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

        it.each(types.map(({ type, kind }, index) => [type, kind, `c${index}`] as const))(
          '%s as %s',
          async (_, kind, name) => {
            const index = columns.findIndex((column) => column.name === name);
            const column = columns[index];
            // Of a newer server, or of an extension that is not installed.
            if (column === undefined) return expect(types[Number(name.slice(1))]?.since).toBeDefined();
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
    },
  );
}
