import { storageOf, type Storage } from '../model/column-type.ts';
import { SqlextractError } from '../model/problem.ts';
import type { ColumnVector, RowBatch } from '../model/row-batch.ts';
import { displayName, type ColumnSchema, type TableSchema } from '../model/table.ts';

/**
 * Throws when a batch is not laid out as the table's columns say. A batch of another shape must never be encoded as something
 * else, and a wrong NULL count would go into the manifest and be believed.
 */
export function checkBatch(table: TableSchema, batch: RowBatch): void {
  if (batch.columns.length !== table.columns.length) {
    throw mismatch(table, `a batch has ${batch.columns.length} columns instead of ${table.columns.length}`);
  }
  for (const [index, column] of table.columns.entries()) {
    const vector = batch.columns[index];
    const wrong = vector === undefined ? 'is missing' : wrongIn(vector, column, batch.rowCount);
    if (wrong !== null) throw mismatch(table, `column "${column.name}" of a batch ${wrong}`);
  }
}

function mismatch(table: TableSchema, what: string): SqlextractError {
  return new SqlextractError({
    code: 'BATCH_MISMATCH',
    message: `${displayName(table)}: ${what}`,
    hint: 'this is a bug in the source: please report it with the types of the columns (sqlextract inspect)',
    fault: 'bug',
  });
}

function wrongIn(vector: ColumnVector, column: ColumnSchema, rows: number): string | null {
  const storage = storageOf(column.type);
  const shape = wrongShape(vector, storage, rows);
  if (shape !== null) return shape;
  if (vector.validity === null) return vector.nullCount === 0 ? null : 'counts NULLs but has no validity bitmap';
  if (vector.validity.length * 8 < rows) return 'has a validity bitmap that is too short';
  const valid = countBits(vector.validity, rows);
  return rows - valid === vector.nullCount ? null : `counts ${vector.nullCount} NULLs but marks ${rows - valid}`;
}

function wrongShape(vector: ColumnVector, storage: Storage, rows: number): string | null {
  const { values, offsets } = vector;
  switch (storage) {
    case 'bits':
      return values instanceof Uint8Array && values.length * 8 >= rows ? null : `is no bitmap of ${rows} rows`;
    case 'words1':
    case 'words2':
    case 'words4': {
      const words = Number(storage.slice(5));
      return values instanceof Int32Array && values.length >= rows * words ? null : `has not ${words} words a row`;
    }
    case 'float32':
      return values instanceof Float32Array && values.length >= rows ? null : `has not ${rows} 32-bit floats`;
    case 'float64':
      return values instanceof Float64Array && values.length >= rows ? null : `has not ${rows} 64-bit floats`;
    case 'bytes':
      return values instanceof Uint8Array ? wrongOffsets(offsets, values, rows) : 'holds no bytes';
    default:
      return storage satisfies never;
  }
}

function wrongOffsets(offsets: Int32Array | null, values: Uint8Array, rows: number): string | null {
  if (offsets === null || offsets.length <= rows) return `has not ${rows + 1} offsets`;
  let last = offsets[0] ?? 0;
  if (last < 0) return 'has a negative offset';
  for (let row = 1; row <= rows; row++) {
    const end = offsets[row] ?? 0;
    if (end < last) return `has an offset that goes back at row ${row}`;
    last = end;
  }
  return last <= values.length ? null : 'has offsets beyond its bytes';
}

/** Ones among the first `count` bits. */
export function countBits(bits: Uint8Array, count: number): number {
  let ones = 0;
  const whole = count >> 3;
  for (let at = 0; at < whole; at++) ones += BITS_OF_BYTE[bits[at] ?? 0] ?? 0;
  const rest = count & 7;
  return rest === 0 ? ones : ones + (BITS_OF_BYTE[(bits[whole] ?? 0) & ((1 << rest) - 1)] ?? 0);
}

const BITS_OF_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);
