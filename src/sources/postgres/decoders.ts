import { createVectorBuilder, type VectorBuilder } from '../../model/vector-builder.ts';
import type { BitsBuilder, BytesBuilder, FloatBuilder, WordsBuilder } from '../../model/vector-builder.ts';
import { decodeBytes, decodeJsonb } from './decode-bytes.ts';
import {
  decodeBoolean,
  decodeDate,
  decodeFloat32,
  decodeFloat64,
  decodeInt16,
  decodeInt32,
  decodeInt64,
  decodeTimestamp,
  decodeUint32,
  decodeUuid,
} from './decode-fixed.ts';
import { numericDecoder } from './decode-numeric.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import type { ColumnPlan } from './types.ts';

/** One column of a batch under construction. */
export interface ColumnReader {
  readonly builder: VectorBuilder;
  /** Appends field `column` of all scanned rows. Throws Misfit, ProtocolBreach. */
  decode(rows: ScannedRows, column: number): void;
}

/** Chosen once per column. */
export function columnReader(plan: ColumnPlan): ColumnReader {
  const builder = createVectorBuilder(plan.type);
  const decode = decoderOf(plan) as (rows: ScannedRows, column: number, out: VectorBuilder) => void;
  return { builder, decode: (rows, column) => decode(rows, column, builder) };
}

type Decode<B> = (rows: ScannedRows, column: number, out: B) => void;

function decoderOf(
  plan: ColumnPlan,
): Decode<WordsBuilder> | Decode<FloatBuilder> | Decode<BitsBuilder> | Decode<BytesBuilder> {
  switch (plan.decoder) {
    case 'bool':
      return decodeBoolean;
    case 'int16':
      return decodeInt16;
    case 'int32':
      return decodeInt32;
    case 'int64':
      return decodeInt64;
    case 'uint32':
      return decodeUint32;
    case 'float32':
      return decodeFloat32;
    case 'float64':
      return decodeFloat64;
    case 'numeric':
      return plan.type.kind === 'decimal' ? numericDecoder(plan.type.precision, plan.type.scale) : decodeBytes;
    case 'date':
      return decodeDate;
    case 'timestamp':
      return decodeTimestamp;
    case 'uuid':
      return decodeUuid;
    case 'jsonb':
      return decodeJsonb;
    case 'text':
    case 'bytes':
      return decodeBytes;
    default:
      return plan.decoder satisfies never;
  }
}
