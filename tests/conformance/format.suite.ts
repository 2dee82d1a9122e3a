import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileFormat, FormatOptions } from '../../src/formats/format.ts';
import { describeColumnType } from '../../src/model/column-type.ts';
import { testTable, type Cell, type TestColumn } from '../support/batch.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { EDGE_VALUES } from '../support/edge-values.ts';
import { encodeToFile } from '../support/encode.ts';
import { formatFailures } from './format-failures.suite.ts';

/** Reads a file of the format with DuckDB, as values; throws when a column's name or type is not what it should be. */
export type Reader = (connection: DuckDBConnection, path: string, columns: readonly TestColumn[]) => Promise<Cell[][]>;

const ALL_KINDS: readonly TestColumn[] = EDGE_VALUES.map(({ type }, index) => ({
  name: `c${index} ${type.kind}`,
  type,
}));

/** Rows over all kinds; every column runs through its edge values at its own pace. */
export function rowsOfAllKinds(count: number): Cell[][] {
  return Array.from({ length: count }, (_, row) =>
    EDGE_VALUES.map(({ cells }, column) => cells[(row + (row >> 5) * column) % cells.length] ?? null),
  );
}

/** What every format must do. One call per format; `reader` is the only thing that knows the format. */
export function formatSuite(format: FileFormat, reader: Reader): void {
  let folder: string;
  let duckdb: DuckDBConnection;
  let files = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sqlextract-format-'));
    duckdb = await openDuckDb();
  });
  afterAll(async () => {
    duckdb.closeSync();
    await rm(folder, { recursive: true });
  });

  async function roundTrip(
    columns: readonly TestColumn[],
    rows: readonly (readonly Cell[])[],
    options: Partial<FormatOptions> = {},
    batchSizes?: readonly number[],
  ) {
    const path = join(folder, `${++files}.${format.extension(options.compression ?? 'none')}`);
    const encoded = await encodeToFile(path, format, columns, rows, options, batchSizes);
    return { path, ...encoded, read: await reader(duckdb, path, columns) };
  }

  describe('round trip through DuckDB', () => {
    test.each(EDGE_VALUES.map(({ type, cells }) => [describeColumnType(type), type, cells] as const))(
      'edge values of %s',
      async (_, type, cells) => {
        const { read, summary } = await roundTrip(
          [{ name: 'value', type }],
          cells.map((cell) => [cell]),
        );
        expect(
          firstDifference(
            read,
            cells.map((cell) => [cell]),
          ),
        ).toBeNull();
        expect(summary.nullCounts).toEqual([cells.filter((cell) => cell === null).length]);
      },
    );

    test.each(format.compressions)('all kinds in batches of uneven sizes, compressed with %s', async (compression) => {
      const rows = rowsOfAllKinds(2500);
      const { read, summary } = await roundTrip(ALL_KINDS, rows, { compression }, [1, 7, 8, 9, 64, 500, 1]);
      expect(firstDifference(read, rows)).toBeNull();
      expect(summary.rows).toBe(2500);
    });

    test('several row groups', async () => {
      const rows = rowsOfAllKinds(2000);
      const { read } = await roundTrip(ALL_KINDS, rows, { rowGroupBytes: 200_000 }, [333, 90]);
      expect(firstDifference(read, rows)).toBeNull();
    });

    test.each([0, 1])('%i rows', async (count) => {
      const rows = rowsOfAllKinds(count);
      const { read, summary } = await roundTrip(ALL_KINDS, rows);
      expect(firstDifference(read, rows)).toBeNull();
      expect(summary.rows).toBe(count);
    });

    test('a batch without rows changes nothing', async () => {
      const path = join(folder, `${++files}.${format.extension('none')}`);
      const { bytes } = await encodeToFile(path, format, ALL_KINDS, rowsOfAllKinds(3), {}, [2, 0, 1]);
      const { bytes: same } = await roundTrip(ALL_KINDS, rowsOfAllKinds(3), {}, [2, 1]);
      expect(bytes.equals(same)).toBe(true);
    });

    test('NULL in every cell', async () => {
      const rows = Array.from({ length: 300 }, () => EDGE_VALUES.map(() => null));
      const { read, summary } = await roundTrip(ALL_KINDS, rows, {}, [100]);
      expect(firstDifference(read, rows)).toBeNull();
      expect(summary.nullCounts).toEqual(EDGE_VALUES.map(() => 300));
    });

    test('NULLs that begin late, end early, and fill whole batches', async () => {
      const rows = rowsOfAllKinds(700).map((row, index) =>
        row.map((cell, column) => (((index >> 3) + column) % 3 === 0 && index > 100 ? null : cell)),
      );
      const { read } = await roundTrip(ALL_KINDS, rows, {}, [101, 8, 16, 3]);
      expect(firstDifference(read, rows)).toBeNull();
    });

    test('a field of 3 MB between short ones', async () => {
      const columns: TestColumn[] = [
        { name: 'id', type: { kind: 'int32' } },
        { name: 'text', type: { kind: 'string' } },
      ];
      const long = `${'0123456789"\n,'.repeat(240_000)}end`;
      const rows: Cell[][] = [
        [1, 'short'],
        [2, long],
        [3, null],
        [4, ''],
        [5, 'last'],
      ];
      const { read, summary } = await roundTrip(columns, rows);
      expect(firstDifference(read, rows)).toBeNull();
      expect(summary.maxBytes).toEqual([0, long.length]);
    });

    test('names with blanks, quotes, commas, capitals, line ends and reserved words', async () => {
      const names = ['select', 'Two Words', 'a"b', 'a,b', 'ümlaut', '__proto__', 'a.b', 'x\ny'];
      const columns = names.map((name): TestColumn => ({ name, type: { kind: 'int32' } }));
      const { read } = await roundTrip(columns, [names.map((_, index) => index)]);
      expect(firstDifference(read, [names.map((_, index) => index)])).toBeNull();
    });

    test('columns with few, some and only distinct values', async () => {
      const columns: TestColumn[] = [
        { name: 'few', type: { kind: 'string' } },
        { name: 'some', type: { kind: 'int32' } },
        { name: 'unique', type: { kind: 'int64' } },
        { name: 'grows', type: { kind: 'string' } },
        { name: 'one', type: { kind: 'float64' } },
        { name: 'wide', type: { kind: 'decimal', precision: 30, scale: 2 } },
      ];
      const rows = Array.from({ length: 50_000 }, (_, row): Cell[] => [
        ['open', 'closed', null, 'wait'][row % 4] ?? null,
        row % 5 === 0 ? null : (row * 7) % 3001,
        BigInt(row) * 10_000_000_019n,
        row < 12_000 ? `key ${row % 200}` : `other ${row}`,
        2.5,
        BigInt(row % 400) * 10n ** 25n,
      ]);
      const { read } = await roundTrip(columns, rows, {}, [20_000]);
      expect(firstDifference(read, rows)).toBeNull();
    });
  });

  describe('the comparison itself', () => {
    test.each([
      ['a lost row', (rows: Cell[][]) => rows.slice(1)],
      ['a doubled row', (rows: Cell[][]) => [...rows, rows[0] ?? []]],
      ['two rows changed round', (rows: Cell[][]) => [rows[1] ?? [], rows[0] ?? [], ...rows.slice(2)]],
      ['NULL for an empty text', (rows: Cell[][]) => rows.map((row) => row.map((cell) => (cell === '' ? null : cell)))],
      ['0 for −0', (rows: Cell[][]) => rows.map((row) => row.map((cell) => (Object.is(cell, -0) ? 0 : cell)))],
    ])('sees %s', async (_, doctor) => {
      const rows = rowsOfAllKinds(60);
      const { read } = await roundTrip(ALL_KINDS, doctor(rows));
      expect(firstDifference(read, rows)).not.toBeNull();
    });
  });

  formatFailures(format);

  describe('refusals', () => {
    const table = (...names: string[]) => testTable(names.map((name) => ({ name, type: { kind: 'int32' } })));
    test('names that differ by case only', () => {
      expect(format.refusesTable(table('id', 'other', 'ID'))).toMatch(/"id" and "ID".*--exclude-columns/);
      expect(format.refusesTable(table('Straße', 'STRASSE'))).toBeNull();
    });
    test('no name, no column, the same name twice', () => {
      expect(format.refusesTable(table('id', ''))).toMatch(/without a name/);
      expect(format.refusesTable(table())).toMatch(/no column/);
      expect(format.refusesTable(table('a', 'a'))).toMatch(/two columns called "a"/);
    });
    test('an ordinary table is not refused, and every kind has a description', () => {
      expect(format.refusesTable(testTable(ALL_KINDS))).toBeNull();
      for (const column of testTable(ALL_KINDS).columns) {
        expect(format.refuses(column)).toBeNull();
        expect(format.describe(column)).not.toBe('');
      }
    });
  });
}

/** Compares cell by cell, with −0 and NaN told apart from what they resemble. Null when all is equal, else what differs first. */
export function firstDifference(
  read: readonly (readonly Cell[])[],
  rows: readonly (readonly Cell[])[],
): { readonly row: number; readonly read: readonly Cell[] | null; readonly expected: readonly Cell[] | null } | null {
  const count = Math.max(read.length, rows.length);
  for (let row = 0; row < count; row++) {
    const [seen, expected] = [read[row] ?? null, rows[row] ?? null];
    const same = seen !== null && expected !== null && seen.length === expected.length;
    if (same && seen.every((cell, column) => sameCell(cell, expected[column] ?? null))) continue;
    return { row, read: seen, expected };
  }
  return null;
}

function sameCell(a: Cell, b: Cell): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return Object.is(a, b);
}
