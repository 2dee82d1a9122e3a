import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileFormat, FormatOptions } from '../../src/formats/format.ts';
import { describeColumnType } from '../../src/model/column-type.ts';
import type { RowBatch } from '../../src/model/row-batch.ts';
import { buildBatch, testTable, type Cell, type TestColumn } from '../support/batch.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { EDGE_VALUES } from '../support/edge-values.ts';
import { DEFAULT_OPTIONS, encodeToFile } from '../support/encode.ts';

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
        expectSame(
          read,
          cells.map((cell) => [cell]),
        );
        expect(summary.nullCounts).toEqual([cells.filter((cell) => cell === null).length]);
      },
    );

    test.each(format.compressions)('all kinds in batches of uneven sizes, compressed with %s', async (compression) => {
      const rows = rowsOfAllKinds(2500);
      const { read, summary } = await roundTrip(ALL_KINDS, rows, { compression }, [1, 7, 8, 9, 64, 500, 1]);
      expectSame(read, rows);
      expect(summary.rows).toBe(2500);
    });

    test('several row groups', async () => {
      const rows = rowsOfAllKinds(2000);
      const { read } = await roundTrip(ALL_KINDS, rows, { rowGroupBytes: 200_000 }, [333, 90]);
      expectSame(read, rows);
    });

    test.each([0, 1])('%i rows', async (count) => {
      const rows = rowsOfAllKinds(count);
      const { read, summary } = await roundTrip(ALL_KINDS, rows);
      expectSame(read, rows);
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
      expectSame(read, rows);
      expect(summary.nullCounts).toEqual(EDGE_VALUES.map(() => 300));
    });

    test('NULLs that begin late, end early, and fill whole batches', async () => {
      const rows = rowsOfAllKinds(700).map((row, index) =>
        row.map((cell, column) => (((index >> 3) + column) % 3 === 0 && index > 100 ? null : cell)),
      );
      const { read } = await roundTrip(ALL_KINDS, rows, {}, [101, 8, 16, 3]);
      expectSame(read, rows);
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
      expectSame(read, rows);
      expect(summary.maxBytes).toEqual([0, long.length]);
    });

    test('names with blanks, quotes, commas, capitals, line ends and reserved words', async () => {
      const names = ['select', 'Two Words', 'a"b', 'a,b', 'ümlaut', '__proto__', 'a.b', 'x\ny'];
      const columns = names.map((name): TestColumn => ({ name, type: { kind: 'int32' } }));
      const { read } = await roundTrip(columns, [names.map((_, index) => index)]);
      expectSame(read, [names.map((_, index) => index)]);
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
      expectSame(read, rows);
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
      expect(() => expectSame(read, rows)).toThrow();
    });
  });

  describe('failures', () => {
    const columns: TestColumn[] = [
      { name: 'value', type: { kind: 'int64' } },
      { name: 'text', type: { kind: 'string' } },
    ];
    const open = (write: (bytes: Uint8Array) => Promise<void>, compression = format.defaultCompression) =>
      format.open(testTable(columns), { write }, { ...DEFAULT_OPTIONS, compression });
    const good = () =>
      buildBatch(
        columns.map(({ type }) => type),
        [
          [1n, 'a'],
          [null, 'b'],
        ],
      );

    const wrongBatches: readonly (readonly [string, (batch: RowBatch) => RowBatch])[] = [
      ['a column too few', (batch) => ({ ...batch, columns: batch.columns.slice(1) })],
      ['columns changed round', (batch) => ({ ...batch, columns: [...batch.columns].reverse() })],
      ['more rows than values', (batch) => ({ ...batch, rowCount: 100 })],
      [
        'a wrong NULL count',
        (batch) => ({ ...batch, columns: batch.columns.map((each) => ({ ...each, nullCount: 2 })) }),
      ],
      [
        'NULLs without a bitmap',
        (batch) => ({ ...batch, columns: batch.columns.map((each) => ({ ...each, nullCount: 1, validity: null })) }),
      ],
      [
        'offsets beyond the bytes',
        (batch) => ({
          ...batch,
          columns: batch.columns.map((each) =>
            each.offsets === null ? each : { ...each, offsets: Int32Array.of(0, 1, 999) },
          ),
        }),
      ],
      [
        'offsets that go back',
        (batch) => ({
          ...batch,
          columns: batch.columns.map((each) =>
            each.offsets === null ? each : { ...each, offsets: Int32Array.of(0, 2, 1) },
          ),
        }),
      ],
    ];
    test.each(wrongBatches)('a batch with %s is refused, and the file cannot be finished', async (_, spoil) => {
      const encoder = await open(async () => undefined);
      await encoder.write(good());
      await expect(encoder.write(spoil(good()))).rejects.toMatchObject({
        problem: { code: 'BATCH_MISMATCH', fault: 'bug' },
      });
      await expect(encoder.finish()).rejects.toThrow('failed');
    });

    test.each(format.compressions)('an error of the sink comes out, with %s', async (compression) => {
      const encoder = await open(async () => {
        throw new Error('disk full');
      }, compression);
      const feed = async () => {
        for (let turn = 0; turn < 20; turn++) await encoder.write(randomBatch(5000));
        await encoder.finish();
      };
      await expect(feed()).rejects.toThrow('disk full');
      await expect(encoder.finish()).rejects.toThrow('failed');
      encoder.abort();
    });

    test('an aborted encoder gives the sink nothing more and cannot be finished', async () => {
      let given = 0;
      const encoder = await open(async (bytes) => void (given += bytes.length));
      await encoder.write(randomBatch(50_000));
      encoder.abort();
      const before = given;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(given).toBe(before);
      await expect(encoder.finish()).rejects.toThrow('aborted');
      await expect(encoder.write(good())).rejects.toThrow('aborted');
    });

    test('write waits for a slow sink', async () => {
      let release = () => undefined as void;
      let inSink = false;
      const slow = () =>
        new Promise<void>((resolve) => {
          inSink = true;
          release = resolve;
        });
      const encoder = await format.open(
        testTable(columns),
        { write: slow },
        { ...DEFAULT_OPTIONS, rowGroupBytes: 1 << 20 },
      );
      let written = 0;
      const feed = (async () => {
        for (; written < 40; written++) await encoder.write(randomBatch(20_000));
      })();
      feed.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const before = written;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(inSink).toBe(true);
      expect(written).toBe(before);
      expect(written).toBeLessThan(40);
      encoder.abort();
      release();
    });
  });

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

let seed = 1;

/** Rows that do not compress, for (int64, text). */
function randomBatch(count: number): RowBatch {
  const rows = Array.from({ length: count }, (): Cell[] => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return [BigInt(seed) * 4_294_967_311n, `${seed.toString(36)}-${(seed * 7919).toString(36)}`];
  });
  return buildBatch([{ kind: 'int64' }, { kind: 'string' }], rows);
}

/** Cell by cell, with −0 and NaN told apart from what they resemble. One assertion a row: the matcher is slow on large arrays. */
export function expectSame(read: readonly (readonly Cell[])[], rows: readonly (readonly Cell[])[]): void {
  expect(read.length).toBe(rows.length);
  for (const [index, row] of rows.entries()) {
    const other = read[index] ?? [];
    if (row.length === other.length && row.every((cell, column) => sameCell(cell, other[column] ?? null))) continue;
    expect({ row: index, cells: other }).toStrictEqual({ row: index, cells: row });
    throw new Error(`row ${index} differs`);
  }
}

export function sameCell(a: Cell, b: Cell): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return Object.is(a, b);
}
