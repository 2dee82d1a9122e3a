import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvFormat } from '../../src/formats/csv.ts';
import { parquetFormat } from '../../src/formats/parquet.ts';
import { parquetAsCsv } from '../../src/load/parquet-as-csv.ts';
import { describeColumnType } from '../../src/model/column-type.ts';
import { testTable, type Cell, type TestColumn } from '../support/batch.ts';
import { EDGE_VALUES } from '../support/edge-values.ts';
import { encodeRows, encodeToFile } from '../support/encode.ts';
import { randomTable } from '../support/random-cells.ts';

/** What DuckDB writes of our Parquet file against what our own CSV writer writes of the same rows. */

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sqlextract-as-csv-'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function bothTexts(columns: readonly TestColumn[], rows: readonly (readonly Cell[])[]) {
  const path = join(folder, `${++files} [a]*?'".parquet`);
  await encodeToFile(path, parquetFormat, columns, rows, { compression: 'zstd', rowGroupBytes: 100_000 });
  const sources = testTable(columns).columns.map((source) => ({ source }));
  await using csv = await parquetAsCsv({ path }, sources, join(folder, 'scratch', 'deep'));
  const actual = await readFile(csv.path, 'utf8');
  const { bytes } = await encodeRows(csvFormat, columns, rows, { nullMarker: '\\N' });
  return { actual, expected: bytes.toString('utf8') };
}

async function expectSame(columns: readonly TestColumn[], rows: readonly (readonly Cell[])[]): Promise<void> {
  const { actual, expected } = await bothTexts(columns, rows);
  expect(actual).toBe(expected);
}

const column = (type: TestColumn['type']): TestColumn => ({ name: 'value', type });

describe('byte for byte our own CSV', () => {
  test.each(EDGE_VALUES.map(({ type, cells }) => [describeColumnType(type), type, cells] as const))(
    'edge values of %s',
    async (_, type, cells) => {
      await expectSame(
        [column(type)],
        cells.map((cell) => [cell]),
      );
    },
  );

  test('dates and timestamps before year 1 and after 9999', async () => {
    const days = [-719_163, -719_528, -719_529, -730_000, -1_000_000, -2_440_588, -4_371_222, 2_932_897, 100_000_000];
    await expectSame(
      [column({ kind: 'date' })],
      days.map((day) => [day]),
    );
    for (const zoned of [false, true]) {
      const micros = days
        .slice(0, 8)
        .flatMap((day) => [BigInt(day) * 86_400_000_000n, BigInt(day) * 86_400_000_000n + 1n]);
      await expectSame(
        [column({ kind: 'timestamp', zoned })],
        [...micros, 9_000_000_000_000_000_000n].map((value) => [value]),
      );
    }
  });

  test.each(['float32', 'float64'] as const)('%s of every size', async (kind) => {
    const numbers: number[] = [];
    for (let exponent = -45; exponent < 39; exponent++) {
      for (const digits of [1, 1.5, 9.87654321, 1.2345678901234567, 9007199254740993e-15]) {
        numbers.push(digits * 10 ** exponent, -digits * 10 ** exponent);
      }
    }
    const exact =
      kind === 'float32' ? numbers.map(Math.fround) : [...numbers, 2 ** 53, 2 ** 63, 1e20, 1e21, 1e-6, 1e-7];
    await expectSame(
      [column({ kind })],
      exact.map((value) => [value]),
    );
  });

  test('floats by their bits', async () => {
    const bits = new DataView(new ArrayBuffer(8));
    const double = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => {
      bits.setBigUint64(0, value);
      return [bits.getFloat64(0), bits.getFloat32(0)];
    });
    const rows = fc.sample(double, { numRuns: 20_000, seed: 4 });
    await expectSame(
      [
        { name: 'd', type: { kind: 'float64' } },
        { name: 'f', type: { kind: 'float32' } },
      ],
      rows,
    );
  });

  test('random tables', async () => {
    await fc.assert(
      fc.asyncProperty(randomTable(), async ({ columns, rows }) => expectSame(columns, rows)),
      { numRuns: 40, seed: 7 },
    );
  });

  test('all kinds in one table of many rows and row groups', async () => {
    const columns = EDGE_VALUES.map(({ type }, index): TestColumn => ({ name: `c"${index}, é\n`, type }));
    const rows = Array.from({ length: 20_000 }, (_, row) =>
      EDGE_VALUES.map(({ cells }, index) => cells[(row + (row >> 5) * index) % cells.length] ?? null),
    );
    await expectSame(columns, rows);
  });

  test.each([0, 1])('%i rows', async (count) => {
    await expectSame(
      [column({ kind: 'string' }), { name: 'n', type: { kind: 'int32' } }],
      [['a', 1] as Cell[]].slice(0, count),
    );
  });
});

describe('the file of the moment', () => {
  test('is private, and gone when it is disposed of', async () => {
    const path = join(folder, 'private.parquet');
    const columns = [column({ kind: 'int32' })];
    await encodeToFile(path, parquetFormat, columns, [[1]]);
    const scratch = join(folder, 'private');
    {
      await using csv = await parquetAsCsv({ path }, [{ source: testTable(columns).columns[0]! }], scratch);
      expect((await stat(join(csv.path, '..'))).mode & 0o777).toBe(0o700);
      expect(await readFile(csv.path, 'utf8')).toBe('"value"\n1\n');
    }
    expect(await readdir(scratch)).toEqual([]);
  });

  test('a file that is no Parquet is an error with its name, and leaves nothing', async () => {
    const path = join(folder, 'private.csv');
    const scratch = join(folder, 'broken');
    const broken = parquetAsCsv({ path }, [{ source: testTable([column({ kind: 'int32' })]).columns[0]! }], scratch);
    await expect(broken).rejects.toMatchObject({
      problem: { code: 'LOAD_PARQUET', message: expect.stringContaining(path) },
    });
    expect(await readdir(scratch)).toEqual([]);
  });
});
