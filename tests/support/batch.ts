import { storageOf, type ColumnType } from '../../src/model/column-type.ts';
import type { ColumnVector, RowBatch } from '../../src/model/row-batch.ts';
import type { TableSchema } from '../../src/model/table.ts';

/**
 * A value in tests: boolean; number for int32, date (days) and floats; bigint for int64, time and timestamp (µs) and decimal
 * (unscaled); string; bytes for binary; null.
 */
export type Cell = boolean | number | bigint | string | Uint8Array | null;

export interface TestColumn {
  readonly name: string;
  readonly type: ColumnType;
}

export function testTable(columns: readonly TestColumn[]): TableSchema {
  return {
    schema: 'test',
    name: 'values',
    kind: 'table',
    estimatedRows: null,
    estimatedBytes: null,
    objectId: '1',
    columns: columns.map(({ name, type }) => ({ name, type, nativeType: type.kind, nullable: true })),
    primaryKey: [],
    candidateKeys: [],
    physicalParts: [],
    remarks: [],
  };
}

/** Elements that every array is longer than its rows need; filled with noise that no encoder may look at. */
const SLACK = 3;

export function buildBatch(types: readonly ColumnType[], rows: readonly (readonly Cell[])[]): RowBatch {
  return {
    rowCount: rows.length,
    columns: types.map((type, index) =>
      buildVector(
        type,
        rows.map((row) => row[index] ?? null),
      ),
    ),
  };
}

export function buildVector(type: ColumnType, cells: readonly Cell[]): ColumnVector {
  const nullCount = cells.filter((cell) => cell === null).length;
  const validity = nullCount === 0 ? null : bitmap(cells.map((cell) => cell !== null));
  const plain = (values: ColumnVector['values']) => ({ nullCount, validity, values, offsets: null });
  const storage = storageOf(type);
  switch (storage) {
    case 'bits':
      return plain(bitmap(cells.map((cell) => cell === true)));
    case 'words1':
      return plain(Int32Array.from([...cells.map((cell) => Number(cell ?? 0)), ...noise()]));
    case 'words2':
      return plain(words(cells, 2));
    case 'words4':
      return plain(words(cells, 4));
    case 'float32':
      return plain(Float32Array.from([...cells.map((cell) => Number(cell ?? 0)), ...noise()]));
    case 'float64':
      return plain(Float64Array.from([...cells.map((cell) => Number(cell ?? 0)), ...noise()]));
    case 'bytes':
      return { nullCount, validity, ...byteValues(cells) };
    default:
      return storage satisfies never;
  }
}

const noise = () => Array.from({ length: SLACK }, () => 0x22222222);

function bitmap(bits: readonly boolean[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(((bits.length + 7) >> 3) + SLACK).fill(0xa5);
  for (const [index, bit] of bits.entries()) {
    const mask = 1 << (index & 7);
    bytes[index >> 3] = bit ? (bytes[index >> 3] ?? 0) | mask : (bytes[index >> 3] ?? 0) & ~mask;
  }
  return bytes;
}

function words(cells: readonly Cell[], each: 2 | 4): Int32Array<ArrayBuffer> {
  const out = new Int32Array((cells.length + SLACK) * each).fill(0x22222222);
  for (const [row, cell] of cells.entries()) {
    const value = BigInt.asUintN(each * 32, (cell ?? 0n) as bigint);
    for (let word = 0; word < each; word++) {
      out[row * each + word] = Number(BigInt.asIntN(32, value >> BigInt(word * 32)));
    }
  }
  return out;
}

function byteValues(cells: readonly Cell[]) {
  const parts = cells.map((cell) =>
    typeof cell === 'string' ? Buffer.from(cell, 'utf8') : ((cell ?? []) as Uint8Array),
  );
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  // The first value need not begin at byte 0.
  const values = new Uint8Array(length + 2 * SLACK).fill(0x22);
  const offsets = new Int32Array(cells.length + 1 + SLACK).fill(-1);
  let end = SLACK;
  offsets[0] = end;
  for (const [row, part] of parts.entries()) {
    values.set(part, end);
    end += part.length;
    offsets[row + 1] = end;
  }
  return { values, offsets };
}

/** Overwrites everything a batch holds, as a source does that uses its buffers again. */
export function scribbleOver(batch: RowBatch): void {
  for (const { values, validity, offsets } of batch.columns) {
    values.fill(0x33);
    validity?.fill(0x33);
    offsets?.fill(0x33);
  }
}
