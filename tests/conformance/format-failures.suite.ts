import { describe, expect, test } from 'vitest';
import type { FileFormat } from '../../src/formats/format.ts';
import type { RowBatch } from '../../src/model/row-batch.ts';
import { buildBatch, testTable, type Cell, type TestColumn } from '../support/batch.ts';
import { DEFAULT_OPTIONS } from '../support/encode.ts';

/** The part of the format suite in which something goes wrong: no failure may end in a file that looks whole. */
export function formatFailures(format: FileFormat): void {
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

    test('an abort in the middle of a write is final', async () => {
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const options = { ...DEFAULT_OPTIONS, rowGroupBytes: 1 << 20 };
      const encoder = await format.open(testTable(columns), { write: () => gate }, options);
      const feed = (async () => {
        for (let turn = 0; turn < 20; turn++) await encoder.write(randomBatch(50_000));
      })();
      const outcome = feed.then(() => 'written', String);
      await new Promise((resolve) => setTimeout(resolve, 200));
      encoder.abort();
      release();
      expect(await outcome).toContain('aborted');
      await expect(encoder.finish()).rejects.toThrow('aborted');
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
      await expect.poll(() => inSink, { timeout: 20_000 }).toBe(true);
      // What is under way when the sink begins to wait still ends.
      await expect.poll(() => unchangedFor(600, () => written), { timeout: 30_000 }).toBe(true);
      expect(written).toBeLessThan(40);
      encoder.abort();
      release();
    });
  });
}

async function unchangedFor(ms: number, value: () => number): Promise<boolean> {
  const before = value();
  await new Promise((resolve) => setTimeout(resolve, ms));
  return value() === before;
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
