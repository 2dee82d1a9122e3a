import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { DuckDBConnection } from '@duckdb/node-api';
import { stringify } from 'csv-stringify/sync';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CSV_DIALECT } from '../../src/formats/csv-dialect.ts';
import { csvFormat } from '../../src/formats/csv.ts';
import { describeColumnType, type ColumnType } from '../../src/model/column-type.ts';
import { rowsOfAllKinds } from '../conformance/format.suite.ts';
import type { Cell, TestColumn } from '../support/batch.ts';
import { csvText } from '../support/csv-text.ts';
import { openDuckDb, readCsvTexts } from '../support/duckdb.ts';
import { EDGE_VALUES } from '../support/edge-values.ts';
import { encodeRows, encodeToFile } from '../support/encode.ts';
import { randomTable } from '../support/random-cells.ts';

const column = (type: ColumnType, name = 'v'): TestColumn => ({ name, type });
const textOf = async (...args: Parameters<typeof encodeRows>) => (await encodeRows(...args)).bytes.toString('utf8');

describe('bytes', () => {
  test('kinds are quoted as the dialect says, NULL and empty text differ', async () => {
    const columns = [
      column({ kind: 'int32' }, 'id'),
      column({ kind: 'string' }, 'na"me'),
      column({ kind: 'boolean' }, 'ok'),
      column({ kind: 'binary' }, 'raw'),
      column({ kind: 'timestamp', zoned: true }, 'at'),
    ];
    const rows: Cell[][] = [
      [1, 'a "b", c', true, Uint8Array.of(0, 171), 1_706_704_496_123_456n],
      [-2, '', false, new Uint8Array(0), 1_706_704_496_000_000n],
      [null, null, null, null, null],
      [3, '\\N', true, Uint8Array.of(255), 0n],
    ];
    expect(await textOf(csvFormat, columns, rows)).toBe(
      '"id","na""me","ok","raw","at"\n' +
        '1,"a ""b"", c",true,"00ab",2024-01-31T12:34:56.123456+00:00\n' +
        '-2,"",false,"",2024-01-31T12:34:56+00:00\n' +
        '\\N,\\N,\\N,\\N,\\N\n' +
        '3,"\\N",true,"ff",1970-01-01T00:00:00+00:00\n',
    );
  });

  test('a NULL in the only column is a marker, not a blank line', async () => {
    expect(await textOf(csvFormat, [column({ kind: 'string' })], [[null], ['']])).toBe('"v"\n\\N\n""\n');
  });

  test('years outside 0001 to 9999', async () => {
    const rows = [[-719_163], [-719_529], [2_932_897], [2_147_483_647], [-2_147_483_648]];
    const lines = (await textOf(csvFormat, [column({ kind: 'date' })], rows)).split('\n');
    expect(lines.slice(1, 6)).toEqual(['0000-12-31', '-0001-12-31', '10000-01-01', '5881580-07-11', '-5877641-06-23']);
  });

  test('timestamps at the ends of 64 bits', async () => {
    const rows = [[(1n << 63n) - 1n], [-(1n << 63n)]];
    const lines = (await textOf(csvFormat, [column({ kind: 'timestamp', zoned: false })], rows)).split('\n');
    expect(lines.slice(1, 3)).toEqual(['294247-01-10T04:00:54.775807', '-290308-12-21T19:59:05.224192']);
  });

  test('pieces are large', async () => {
    const rows = Array.from({ length: 60_000 }, (_, row): Cell[] => [`some text that is longer than nothing ${row}`]);
    const { pieces } = await encodeRows(csvFormat, [column({ kind: 'string' })], rows);
    expect(pieces.length).toBeGreaterThan(3);
    expect(Math.min(...pieces.slice(0, -1))).toBeGreaterThanOrEqual(256 * 1024);
  });

  test('gzip and zstd files are one member with the same bytes', async () => {
    const columns = EDGE_VALUES.map(({ type }, index) => column(type, `c${index}`));
    const plain = await encodeRows(csvFormat, columns, rowsOfAllKinds(500));
    const gzip = await encodeRows(csvFormat, columns, rowsOfAllKinds(500), { compression: 'gzip' });
    const zstd = await encodeRows(csvFormat, columns, rowsOfAllKinds(500), { compression: 'zstd' });
    expect(gunzipSync(gzip.bytes).equals(plain.bytes)).toBe(true);
    expect(zstdDecompressSync(zstd.bytes).equals(plain.bytes)).toBe(true);
  });
});

describe('NULL marker', () => {
  test('equal text is quoted and counted, in text-like columns only', async () => {
    const columns = [column({ kind: 'string' }, 'a'), column({ kind: 'json' }, 'b'), column({ kind: 'binary' }, 'c')];
    const rows: Cell[][] = [
      ['\\N', '\\N', Buffer.from('\\N')],
      [null, null, null],
      ['\\N ', 'x\\N', null],
      ['\\', '', null],
      ['\\N', null, null],
    ];
    const { summary } = await encodeRows(csvFormat, columns, rows);
    expect(summary.nullMarkerCells).toBe(3);
  });

  test('another one', async () => {
    const { bytes, summary } = await encodeRows(csvFormat, [column({ kind: 'string' })], [['NULL'], [null], ['\\N']], {
      nullMarker: 'NULL',
    });
    expect(bytes.toString()).toBe('"v"\n"NULL"\nNULL\n"\\N"\n');
    expect(summary.nullMarkerCells).toBe(1);
  });

  test.each(['"', 'a,b', '\n', 'true', '12', '-3.5', 'NaN', '2024-01-31'])('%j is refused', (nullMarker) => {
    expect(csvFormat.refusesMarker(nullMarker, 2)).toBe('it cannot be told from a value');
  });

  test('nothing at all is allowed but in a single column', async () => {
    const columns = [column({ kind: 'string' }, 'a'), column({ kind: 'string' }, 'b')];
    expect(await textOf(csvFormat, columns, [[null, '']], { nullMarker: '' })).toBe('"a","b"\n,""\n');
    await expect(encodeRows(csvFormat, columns.slice(1), [], { nullMarker: '' })).rejects.toThrow('blank lines');
  });
});

describe('texts read back by DuckDB', () => {
  let folder: string;
  let duckdb: DuckDBConnection;
  let files = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sqlextract-csv-'));
    duckdb = await openDuckDb();
  });
  afterAll(async () => {
    duckdb.closeSync();
    await rm(folder, { recursive: true });
  });

  async function texts(
    columns: readonly TestColumn[],
    rows: readonly (readonly Cell[])[],
    batchSizes?: readonly number[],
  ) {
    const path = join(folder, `texts${++files}.csv`);
    await encodeToFile(path, csvFormat, columns, rows, {}, batchSizes);
    return readCsvTexts(duckdb, path, columns);
  }
  const expected = (columns: readonly TestColumn[], rows: readonly (readonly Cell[])[]) =>
    rows.map((row) => row.map((cell, index) => csvText(columns[index]?.type ?? { kind: 'string' }, cell)));

  test.each(EDGE_VALUES.map(({ type, cells }) => [describeColumnType(type), type, cells] as const))(
    '%s',
    async (_, type, cells) => {
      const rows = cells.map((cell) => [cell]);
      expect(await texts([column(type)], rows)).toEqual(expected([column(type)], rows));
    },
  );

  test('random tables', async () => {
    await fc.assert(
      fc.asyncProperty(randomTable(), async ({ columns, rows, batchSizes }) => {
        expect(await texts(columns, rows, batchSizes)).toEqual(expected(columns, rows));
      }),
      { numRuns: 150 },
    );
  });
});

test('csv-stringify writes the same bytes where the dialects agree', async () => {
  const types = fc.constantFrom<ColumnType>(
    { kind: 'string' },
    { kind: 'int32' },
    { kind: 'int64' },
    { kind: 'float64' },
    { kind: 'boolean' },
  );
  // Its NULL is an empty unquoted cell, and so must the marker be; then the first column may not stand alone.
  const tables = randomTable(types).filter(({ columns }) => columns.length > 1);
  await fc.assert(
    fc.asyncProperty(tables, async ({ columns, rows, batchSizes }) => {
      const ours = await textOf(csvFormat, columns, rows, { nullMarker: '' }, batchSizes);
      const theirs = stringify([columns.map(({ name }) => name), ...rows], {
        quoted_string: true,
        cast: {
          boolean: (value) => String(value),
          bigint: (value) => value.toString(),
          number: (value) => (Object.is(value, -0) ? '-0' : String(value)),
        },
      });
      expect(ours).toBe(theirs);
    }),
    { numRuns: 200 },
  );
});

test('the published dialect is plain flat data', () => {
  expect(JSON.parse(JSON.stringify(CSV_DIALECT))).toEqual(CSV_DIALECT);
  expect(csvFormat.dialect).toBe(CSV_DIALECT);
  for (const value of Object.values(CSV_DIALECT)) expect(['string', 'boolean']).toContain(typeof value);
});
