import type { ColumnSchema } from '../../model/table.ts';
import { BitsBuilder, BytesBuilder, FloatBuilder, WordsBuilder } from '../../model/vector-builder.ts';
import { unscaledDecimal } from './decimal-cell.ts';
import { type ColumnFiller, filler } from './column-filler.ts';
import { textFiller } from './decode-text.ts';
import type { Row } from './query.ts';

/** Every integer up to here is a double. */
const DOUBLE_INTEGERS = 2n ** 53n;

export function columnFiller(column: ColumnSchema): ColumnFiller {
  const { type } = column;
  switch (type.kind) {
    case 'boolean':
      return booleanFiller();
    case 'int64':
      return integerFiller();
    case 'float64':
      return realFiller();
    case 'decimal':
      return decimalFiller(type.precision, type.scale);
    case 'binary':
      return blobFiller();
    case 'string':
    case 'json':
    case 'uuid':
      return textFiller(column);
    default:
      throw new Error(`an SQLite column is never planned as ${type.kind}`);
  }
}

function never(): boolean {
  return false;
}

function integerFiller(): ColumnFiller {
  const builder = new WordsBuilder(2);
  let view = new BigInt64Array(builder.values.buffer);
  const fill = (rows: readonly Row[], count: number, index: number): number => {
    builder.reserve(count);
    if (view.buffer !== builder.values.buffer) view = new BigInt64Array(builder.values.buffer);
    for (let i = 0; i < count; i++) {
      const cell = (rows[i] as Row)[index];
      if (typeof cell === 'bigint') view[builder.rows++] = cell;
      else if (cell === null) builder.appendNull();
      else return i;
    }
    return -1;
  };
  return filler(builder, fill, never);
}

function realFiller(): ColumnFiller {
  const builder = new FloatBuilder(8);
  const fill = (rows: readonly Row[], count: number, index: number): number => {
    builder.reserve(count);
    const { values } = builder;
    for (let i = 0; i < count; i++) {
      const cell = (rows[i] as Row)[index];
      if (typeof cell === 'number') values[builder.rows++] = cell;
      else if (cell === null) builder.appendNull();
      else if (typeof cell === 'bigint' && cell >= -DOUBLE_INTEGERS && cell <= DOUBLE_INTEGERS)
        values[builder.rows++] = Number(cell);
      else return i;
    }
    return -1;
  };
  return filler(builder, fill, never);
}

function booleanFiller(): ColumnFiller {
  const builder = new BitsBuilder();
  const fill = (rows: readonly Row[], count: number, index: number): number => {
    for (let i = 0; i < count; i++) {
      const cell = (rows[i] as Row)[index];
      if (cell === 0n || cell === 1n) builder.appendBit(cell === 1n);
      else if (cell === null) builder.appendNull();
      else return i;
    }
    return -1;
  };
  return filler(builder, fill, never);
}

const TWO_32 = 2 ** 32;

function decimalFiller(precision: number, scale: number): ColumnFiller {
  const builder = new WordsBuilder(4);
  const fill = (rows: readonly Row[], count: number, index: number): number => {
    builder.reserve(count);
    const { values } = builder;
    for (let i = 0; i < count; i++) {
      const cell = (rows[i] as Row)[index];
      if (cell === null || cell === undefined) {
        builder.appendNull();
        continue;
      }
      const unscaled = cell instanceof Uint8Array ? null : unscaledDecimal(cell, precision, scale);
      if (unscaled === null) return i;
      const at = builder.rows++ * 4;
      const high = Math.floor(unscaled / TWO_32);
      values[at] = unscaled - high * TWO_32;
      values[at + 1] = high;
      values[at + 2] = values[at + 3] = high < 0 ? -1 : 0;
    }
    return -1;
  };
  return filler(builder, fill, never);
}

function blobFiller(): ColumnFiller {
  const builder = new BytesBuilder();
  const fill = (rows: readonly Row[], count: number, index: number): number => {
    for (let i = 0; i < count; i++) {
      const cell = (rows[i] as Row)[index];
      if (cell instanceof Uint8Array) builder.appendBytes(cell, 0, cell.length);
      else if (cell === null) builder.appendNull();
      else return i;
    }
    return -1;
  };
  return filler(builder, fill, never);
}
