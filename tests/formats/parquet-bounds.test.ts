import { describe, expect, it } from 'vitest';
import type { ColumnType } from '../../src/model/column-type.ts';
import type { ColumnVector } from '../../src/model/row-batch.ts';
import { parquetColumn } from '../../src/formats/parquet-schema.ts';
import type { BoundsCollector } from '../../src/formats/bounds-collector.ts';
import { boundsCollector } from '../../src/formats/parquet-statistics.ts';
import { noise } from '../support/mixed-rows.ts';

function collector(type: ColumnType): BoundsCollector {
  return boundsCollector(parquetColumn({ name: 'v', type, nativeType: '', nullable: true }), 't');
}

/** Numbers that are each other's neighbours, and those at which doubles, words and halves end. */
function numbers(bits: 64 | 128, count: number, next: () => number): bigint[] {
  const edges = [0, 31, 32, 52, 53, 54, 62, 63, 64, 65, 95, 96, 116, 117, 118, 125].filter((bit) => bit < bits - 1);
  return Array.from({ length: count }, () => {
    const edge = 1n << BigInt(edges[next() % edges.length] as number);
    return (next() % 2 === 0 ? edge : -edge) + BigInt(next() % 7) - 3n + (next() % 3 === 0 ? edge >> 53n : 0n);
  });
}

function words(values: readonly bigint[], bits: 64 | 128): ColumnVector {
  const longs = new BigInt64Array(values.flatMap((value) => (bits === 64 ? [value] : [value, value >> 64n])));
  return { nullCount: 0, validity: null, values: new Int32Array(longs.buffer), offsets: null };
}

function texts(values: readonly Uint8Array[]): ColumnVector {
  const offsets = new Int32Array(values.length + 1);
  values.forEach((value, row) => (offsets[row + 1] = (offsets[row] as number) + value.length));
  return { nullCount: 0, validity: null, values: new Uint8Array(Buffer.concat(values)), offsets };
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt.asIntN(
    64,
    bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
  );
}

function bigEndian(bytes: Uint8Array): bigint {
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return BigInt.asIntN(bytes.length * 8, value);
}

const least = (values: readonly bigint[]): bigint => values.reduce((best, each) => (each < best ? each : best));
const most = (values: readonly bigint[]): bigint => values.reduce((best, each) => (each > best ? each : best));

describe('bounds of numbers', () => {
  it('are exact for 64 bits, over several batches', () => {
    const next = noise(1);
    const bounds = collector({ kind: 'int64' });
    for (let round = 0; round < 3000; round++) {
      const values = numbers(64, 1 + (next() % 9), next);
      const cut = next() % (values.length + 1);
      bounds.observe(words(values, 64), 0, cut);
      bounds.observe(words(values, 64), cut, values.length);
      const found = bounds.take();
      expect(littleEndian(found?.min as Uint8Array)).toBe(least(values));
      expect(littleEndian(found?.max as Uint8Array)).toBe(most(values));
    }
  });

  it('are exact for 128 bits', () => {
    const next = noise(2);
    const bounds = collector({ kind: 'decimal', precision: 38, scale: 0 });
    for (let round = 0; round < 3000; round++) {
      const values = numbers(128, 1 + (next() % 9), next);
      bounds.observe(words(values, 128), 0, values.length);
      const found = bounds.take();
      expect(bigEndian(found?.min as Uint8Array)).toBe(least(values));
      expect(bigEndian(found?.max as Uint8Array)).toBe(most(values));
    }
  });
});

describe('bounds of bytes', () => {
  it('are exact up to 64 bytes, in columns that rise, fall, repeat or do neither', () => {
    const next = noise(3);
    const bounds = collector({ kind: 'binary' });
    for (let round = 0; round < 3000; round++) {
      const alphabet = 1 + (next() % 3);
      const shared = Buffer.alloc(next() % 12, 'x');
      const values = Array.from({ length: 1 + (next() % 40) }, () =>
        Buffer.concat([shared, Buffer.from(Array.from({ length: next() % 20 }, () => 127 + (next() % alphabet)))]),
      );
      if (round % 3 === 1) values.sort(Buffer.compare);
      if (round % 3 === 2) values.sort((one, other) => Buffer.compare(other, one));
      observeInPieces(bounds, values, next);
      const sorted = values.toSorted(Buffer.compare);
      const found = bounds.take();
      expect(found).toMatchObject({ minExact: true, maxExact: true });
      expect(Buffer.compare(found?.min as Uint8Array, sorted[0] as Buffer)).toBe(0);
      expect(Buffer.compare(found?.max as Uint8Array, sorted.at(-1) as Buffer)).toBe(0);
    }
  });

  it('of longer ones hold all of them', () => {
    const next = noise(4);
    const bounds = collector({ kind: 'binary' });
    for (let round = 0; round < 500; round++) {
      const values = Array.from({ length: 1 + (next() % 9) }, () =>
        Buffer.concat([Buffer.alloc(60, 'y'), Buffer.from(Array.from({ length: next() % 8 }, () => next() % 256))]),
      );
      observeInPieces(bounds, values, next);
      const found = bounds.take();
      for (const value of values) {
        expect(Buffer.compare(found?.min as Uint8Array, value)).toBeLessThanOrEqual(0);
        expect(Buffer.compare(found?.max as Uint8Array, value)).toBeGreaterThanOrEqual(0);
      }
      if (values.some((value) => value.length <= 64)) continue;
      expect(found).toMatchObject({ minExact: false, maxExact: false });
    }
  });
});

/** The memory of a batch is overwritten when it was observed. */
function observeInPieces(bounds: BoundsCollector, values: readonly Buffer[], next: () => number): void {
  for (let from = 0; from < values.length; ) {
    const piece = values.slice(from, from + 1 + (next() % 10));
    const vector = texts(piece);
    bounds.observe(vector, 0, piece.length);
    (vector.values as Uint8Array).fill(0);
    from += piece.length;
  }
}
