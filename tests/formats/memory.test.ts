import { expect, test } from 'vitest';
import { csvFormat } from '../../src/formats/csv.ts';
import type { FileFormat } from '../../src/formats/format.ts';
import { parquetFormat } from '../../src/formats/parquet.ts';
import type { RowBatch } from '../../src/model/row-batch.ts';
import { testTable, type TestColumn } from '../support/batch.ts';
import { DEFAULT_OPTIONS } from '../support/encode.ts';
import { MIXED_COLUMNS, mixedBatch, noise } from '../support/mixed-rows.ts';

const MB = 1_000_000;
const FORMATS = [
  ['Parquet', parquetFormat, 'zstd'],
  ['CSV', csvFormat, 'zstd'],
] as const;

/** The highest resident size seen at the sink, above what it was before. */
async function growth(work: (seen: () => void) => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  await work(() => {
    most = Math.max(most, process.memoryUsage.rss());
  });
  return (most - before) / MB;
}

async function encode(
  format: FileFormat,
  compression: 'zstd',
  columns: readonly TestColumn[],
  batches: Iterable<RowBatch>,
  seen: () => void,
): Promise<number> {
  const sink = { write: async () => seen() };
  const encoder = await format.open(testTable(columns), sink, { ...DEFAULT_OPTIONS, compression });
  for (const batch of batches) await encoder.write(batch);
  return (await encoder.finish()).rows;
}

test.each(FORMATS)('%s: 400 rows of 1 MB', async (_, format, compression) => {
  const next = noise(7);
  const values = new Uint8Array(4 * MB).map(() => 64 + (next() & 63));
  const batch: RowBatch = {
    rowCount: 4,
    columns: [{ nullCount: 0, validity: null, values, offsets: Int32Array.of(0, MB, 2 * MB, 3 * MB, 4 * MB) }],
  };
  const columns: TestColumn[] = [{ name: 'text', type: { kind: 'string' } }];
  const grown = await growth(async (seen) => {
    const batches = Array.from({ length: 100 }, () => batch);
    expect(await encode(format, compression, columns, batches, seen)).toBe(400);
  });
  expect(grown).toBeLessThan(250);
});

test.each(FORMATS)('%s: 50 files after each other', async (_, format, compression) => {
  const columns = MIXED_COLUMNS.map(([name, type]) => ({ name, type }));
  const batch = mixedBatch(0, 10_000);
  const files = async (count: number, seen: () => void) => {
    for (let file = 0; file < count; file++) await encode(format, compression, columns, [batch, batch], seen);
  };
  await files(15, () => undefined);
  expect(await growth((seen) => files(50, seen))).toBeLessThan(80);
});
