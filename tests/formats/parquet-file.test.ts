import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import * as fc from 'fast-check';
import { readParquet as readWithArrowRs } from 'parquet-wasm';
import parquetjs from 'parquetjs-lite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkFooter } from '../../src/formats/parquet-footer-check.ts';
import { parquetFormat } from '../../src/formats/parquet.ts';
import { firstDifference, rowsOfAllKinds } from '../conformance/format.suite.ts';
import type { ColumnType } from '../../src/model/column-type.ts';
import type { Cell, TestColumn } from '../support/batch.ts';
import { openDuckDb, quoteText, readParquet } from '../support/duckdb.ts';
import { EDGE_VALUES } from '../support/edge-values.ts';
import { DEFAULT_OPTIONS, encodeRows, encodeToFile } from '../support/encode.ts';
import { randomTable } from '../support/random-cells.ts';

const COLUMNS = EDGE_VALUES.map(({ type }, index): TestColumn => ({ name: `c${index}`, type }));
const INT: TestColumn = { name: 'n', type: { kind: 'int32' } };
const TEXT: TestColumn = { name: 't', type: { kind: 'string' } };

/** parquetjs-lite brings no types. */
interface ParquetJs {
  readonly ParquetReader: {
    openBuffer(bytes: Buffer): Promise<{ getCursor(): { next(): Promise<Readonly<Record<string, Cell>> | null> } }>;
  };
}
const { ParquetReader } = parquetjs as ParquetJs;

let folder: string;
let duckdb: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sqlextract-parquet-'));
  duckdb = await openDuckDb();
});
afterAll(async () => {
  duckdb.closeSync();
  await rm(folder, { recursive: true });
});

async function query(sql: string): Promise<Record<string, unknown>[]> {
  return (await duckdb.runAndReadAll(sql)).getRowObjectsJson();
}

describe('schema', () => {
  test('is byte for byte the same in empty, full and all-NULL files', async () => {
    const files = [[], rowsOfAllKinds(200), [COLUMNS.map(() => null)]];
    const schemas = [];
    for (const [index, rows] of files.entries()) {
      const path = join(folder, `schema${index}.parquet`);
      await encodeToFile(path, parquetFormat, COLUMNS, rows);
      schemas.push(await query(`SELECT * EXCLUDE (file_name) FROM parquet_schema(${quoteText(path)})`));
    }
    expect(schemas[1]).toEqual(schemas[0]);
    expect(schemas[2]).toEqual(schemas[0]);
    expect(schemas[0]).toHaveLength(COLUMNS.length + 1);
    const leaves = (schemas[0] ?? []).slice(1);
    expect(leaves.every((leaf) => leaf['repetition_type'] === 'OPTIONAL')).toBe(true);
  });

  test('times are local, zoned timestamps are UTC', async () => {
    const path = join(folder, 'logical.parquet');
    const columns: TestColumn[] = [
      { name: 'time', type: { kind: 'time' } },
      { name: 'local', type: { kind: 'timestamp', zoned: false } },
      { name: 'utc', type: { kind: 'timestamp', zoned: true } },
    ];
    await encodeToFile(path, parquetFormat, columns, []);
    const leaves = await query(`SELECT name, logical_type FROM parquet_schema(${quoteText(path)}) OFFSET 1`);
    expect(leaves.map((leaf) => String(leaf['logical_type']).match(/isAdjustedToUTC=(\w+)/)?.[1])).toEqual([
      '0',
      '0',
      '1',
    ]);
  });
});

describe('layout', () => {
  test('row groups hold at most the bytes asked for', async () => {
    const rows = Array.from({ length: 5000 }, (_, row): Cell[] => [row, `${row} `.repeat(10 + (row % 90))]);
    const path = join(folder, 'groups.parquet');
    const rowGroupBytes = 100_000;
    await encodeToFile(path, parquetFormat, [INT, TEXT], rows, { rowGroupBytes }, [700, 13]);
    const groups = await query(
      `SELECT DISTINCT row_group_id, row_group_num_rows AS rows, row_group_bytes AS bytes FROM parquet_metadata(${quoteText(path)}) ORDER BY 1`,
    );
    expect(groups.length).toBeGreaterThan(10);
    expect(groups.reduce((sum, group) => sum + Number(group['rows']), 0)).toBe(5000);
    for (const group of groups) expect(Number(group['bytes'])).toBeLessThan(rowGroupBytes * 1.05);
    for (const group of groups.slice(0, -1)) expect(Number(group['bytes'])).toBeGreaterThan(rowGroupBytes * 0.8);
  });

  test('a row wider than a row group gets one of its own', async () => {
    const rows = ['a', 'b'.repeat(5000), 'c'].map((text): Cell[] => [1, text]);
    const path = join(folder, 'wide.parquet');
    await encodeToFile(path, parquetFormat, [INT, TEXT], rows, { rowGroupBytes: 1000 });
    expect(firstDifference(await readParquet(duckdb, path, [INT, TEXT]), rows)).toBeNull();
    expect(await query(`SELECT num_row_groups FROM parquet_file_metadata(${quoteText(path)})`)).toEqual([
      { num_row_groups: '3' },
    ]);
  });

  test('dictionaries where values repeat, plain where they do not, and only encodings that V1 readers know', async () => {
    const rows = Array.from({ length: 30_000 }, (_, row): Cell[] => [row, ['new', 'paid', 'sent'][row % 3] ?? '']);
    const path = join(folder, 'encodings.parquet');
    await encodeToFile(path, parquetFormat, [INT, TEXT], rows, {}, [10_000]);
    const chunks = await query(
      `SELECT path_in_schema AS name, encodings FROM parquet_metadata(${quoteText(path)}) ORDER BY column_id`,
    );
    expect(chunks).toEqual([
      { name: 'n', encodings: 'PLAIN, RLE' },
      { name: 't', encodings: 'PLAIN_DICTIONARY, RLE' },
    ]);
  });

  test('metadata of the file', async () => {
    const path = join(folder, 'metadata.parquet');
    await encodeToFile(path, parquetFormat, [INT], [[1]]);
    const pairs = await query(
      `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata(${quoteText(path)})`,
    );
    expect(Object.fromEntries(pairs.map(({ key, value }) => [key, value]))).toEqual(DEFAULT_OPTIONS.metadata);
  });
});

describe('statistics', () => {
  test('filters that are pushed down lose no row', async () => {
    const rows = rowsOfAllKinds(4000);
    const path = join(folder, 'pushdown.parquet');
    await encodeToFile(path, parquetFormat, COLUMNS, rows, { rowGroupBytes: 30_000 }, [64]);
    await duckdb.run(`CREATE OR REPLACE TABLE copy AS SELECT * FROM read_parquet(${quoteText(path)})`);
    for (const { name } of COLUMNS) {
      const values = await query(`SELECT DISTINCT ${name}::VARCHAR AS v FROM copy WHERE ${name} IS NOT NULL`);
      expect(values.length).toBeGreaterThan(1);
      for (const comparison of ['=', '<', '<=', '>', '>=']) {
        const counts = (table: string) =>
          query(
            `SELECT v.x::VARCHAR AS value, (SELECT count(*) FROM ${table} WHERE ${name} ${comparison} v.x) AS n FROM (SELECT DISTINCT ${name} AS x FROM copy) v ORDER BY 1, 2`,
          );
        expect(await counts(`read_parquet(${quoteText(path)})`)).toEqual(await counts('copy'));
      }
    }
  });

  test('a filter with a literal on every edge value, so that row groups are really skipped', async () => {
    const columns: TestColumn[] = [INT, TEXT, { name: 'f', type: { kind: 'float64' } }];
    const floats = [Number.NaN, -0, 0, 1.5, -Infinity, Infinity];
    const rows = Array.from({ length: 60 }, (_, row): Cell[] => [
      row,
      `${'p'.repeat(70)}${row}`,
      floats[row % 6] ?? null,
    ]);
    const path = join(folder, 'literal.parquet');
    await encodeToFile(path, parquetFormat, columns, rows, { rowGroupBytes: 1 });
    const count = async (where: string) =>
      Number((await query(`SELECT count(*) AS n FROM read_parquet(${quoteText(path)}) WHERE ${where}`))[0]?.['n']);
    for (const [row, [n, t]] of rows.entries()) {
      expect(await count(`n = ${String(n)}`)).toBe(1);
      expect(await count(`t = ${quoteText(String(t))}`), `row ${row}`).toBe(1);
    }
    expect(await count("f = 'nan'::DOUBLE")).toBe(10);
    expect(await count("f >= 'inf'::DOUBLE")).toBe(20);
    expect(await count('f = 0')).toBe(20);
    expect(await count("f <= '-inf'::DOUBLE")).toBe(10);
  });

  test('a row group with NaN among numbers is not skipped by any comparison', async () => {
    const column: TestColumn = { name: 'f', type: { kind: 'float64' } };
    const rows = Array.from({ length: 120 }, (_, row): Cell[] => [row % 12 === 5 ? Number.NaN : (row % 12) - 4]);
    const path = join(folder, 'nan.parquet');
    await encodeToFile(path, parquetFormat, [column], rows, { rowGroupBytes: 96 });
    const [groups] = await query(`SELECT num_row_groups AS n FROM parquet_file_metadata(${quoteText(path)})`);
    expect(groups).toEqual({ n: '10' });
    // DuckDB sorts NaN above everything.
    const [above] = await query(`SELECT count(*) AS n FROM read_parquet(${quoteText(path)}) WHERE f > 100`);
    expect(above).toEqual({ n: '10' });
  });

  test('bounds are the smallest and largest values, long texts cut to bounds that still hold', async () => {
    const rows = ['b', 'ä', `a${'z'.repeat(100)}`, `ü${'\u{10ffff}'.repeat(40)}`].map((text, row): Cell[] => [
      row - 2,
      text,
    ]);
    const path = join(folder, 'bounds.parquet');
    await encodeToFile(path, parquetFormat, [INT, TEXT], [...rows, [null, null]]);
    const [ints, texts] = await query(
      `SELECT stats_min_value AS min, stats_max_value AS max, stats_null_count AS nulls FROM parquet_metadata(${quoteText(path)}) ORDER BY column_id`,
    );
    expect(ints).toEqual({ min: '-2', max: '1', nulls: '1' });
    expect(texts).toEqual({ min: `a${'z'.repeat(63)}`, max: 'ý', nulls: '1' });
  });
});

describe('other readers', () => {
  test('arrow-rs (parquet-wasm) reads the same values as DuckDB', async () => {
    const rows = rowsOfAllKinds(3000);
    for (const compression of parquetFormat.compressions) {
      const { bytes } = await encodeRows(
        parquetFormat,
        COLUMNS,
        rows,
        { compression, rowGroupBytes: 150_000 },
        [500, 3],
      );
      const table = tableFromIPC(readWithArrowRs(bytes).intoIPCStream());
      expect(table.numRows).toBe(rows.length);
      for (const [index, { type, name }] of COLUMNS.entries()) {
        const column = table.getChild(name);
        expect(column?.nullCount).toBe(rows.filter((row) => row[index] === null).length);
        if (
          !['int32', 'int64', 'boolean', 'string', 'json', 'uuid', 'float32', 'float64', 'binary'].includes(type.kind)
        )
          continue;
        const wrong = rows.findIndex((cells, row) => {
          const [seen, cell] = [column?.get(row), cells[index] ?? null];
          if (cell instanceof Uint8Array) return Buffer.compare(cell, seen) !== 0;
          // arrow-js drops a byte order mark at a text's beginning.
          return cell !== '\ufeff' && !Object.is(seen, cell);
        });
        expect({ name, wrong }).toEqual({ name, wrong: -1 });
      }
    }
  });

  test.each(['none', 'gzip', 'snappy'] as const)('parquetjs-lite, with %s', async (compression) => {
    const kinds: readonly ColumnType[] = [
      { kind: 'boolean' },
      { kind: 'int32' },
      { kind: 'float64' },
      { kind: 'string' },
      { kind: 'binary' },
    ];
    const columns = kinds.map((type): TestColumn => ({ name: type.kind, type }));
    // It turns the entries of a dictionary into text: only the text column may repeat its values.
    const texts = EDGE_VALUES.find(({ type }) => type.kind === 'string')?.cells ?? [];
    const rows = Array.from({ length: 500 }, (_, row): Cell[] => [
      row % 3 === 0,
      row % 7 === 0 ? null : row * 7919 - 1_000_000,
      row % 5 === 0 ? null : row / 7,
      texts[row % texts.length] ?? null,
      Uint8Array.of(row & 255, 255, 0, row >> 8),
    ]);
    const { bytes } = await encodeRows(parquetFormat, columns, rows, { compression }, [100]);
    const reader = await ParquetReader.openBuffer(bytes);
    const cursor = reader.getCursor();
    const read: Cell[][] = [];
    for (let row = await cursor.next(); row !== null; row = await cursor.next()) {
      const values = row;
      read.push(columns.map(({ name }) => values[name] ?? null));
    }
    expect(firstDifference(read, rows)).toBeNull();
  });

  test('random tables through DuckDB', async () => {
    // A path of its own each time: DuckDB keeps what it read of a file, and tells a new one of equal size by its age alone.
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        randomTable(),
        fc.constantFrom(...parquetFormat.compressions),
        async ({ columns, rows, batchSizes, rowGroupBytes }, compression) => {
          const path = join(folder, `random${++runs}.parquet`);
          await encodeToFile(path, parquetFormat, columns, rows, { rowGroupBytes, compression }, batchSizes);
          expect(firstDifference(await readParquet(duckdb, path, columns), rows)).toBeNull();
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('what must not pass', () => {
  test.each([
    [9, 2, 10n ** 9n],
    [18, 0, -(10n ** 18n)],
    [20, 5, 10n ** 20n],
    [5, 0, 1n << 32n],
  ])('a value too wide for decimal(%i,%i)', async (precision, scale, value) => {
    const columns: TestColumn[] = [{ name: 'price', type: { kind: 'decimal', precision, scale } }];
    await expect(encodeRows(parquetFormat, columns, [[1n], [value], [null]])).rejects.toMatchObject({
      problem: { code: 'VALUE_OUT_OF_RANGE', fault: 'data', message: expect.stringContaining('column "price"') },
    });
  });

  test('a file whose end is not what was written', async () => {
    const { bytes } = await encodeRows(parquetFormat, [INT, TEXT], rowsOfAllKinds(0), {});
    const full = (
      await encodeRows(
        parquetFormat,
        [INT, TEXT],
        [
          [1, 'a'],
          [2, 'b'],
          [3, null],
        ],
      )
    ).bytes;
    const check =
      (tail: Uint8Array, size: number, rows: number, columns = 2) =>
      () =>
        checkFooter(tail, size, rows, columns, 't');
    expect(check(bytes, bytes.length, 0)).not.toThrow();
    expect(check(full, full.length, 3)).not.toThrow();
    expect(check(full, full.length, 4)).toThrow('3 rows instead of 4');
    expect(check(full, full.length + 1, 3)).toThrow('columns end at byte');
    expect(check(full, full.length, 3, 1)).toThrow('2 columns instead of 1');
    expect(check(full.subarray(0, -1), full.length - 1, 3)).toThrow('does not end in a footer');
  });

  test('DuckDB refuses a file that lost a byte', async () => {
    const { bytes } = await encodeRows(parquetFormat, [INT, TEXT], [[1, 'a']]);
    const path = join(folder, 'short.parquet');
    await writeFile(path, bytes.subarray(0, -1));
    await expect(readParquet(duckdb, path, [INT, TEXT])).rejects.toThrow('magic bytes');
  });
});
