import { type BitsBuilder, type BytesBuilder, createVectorBuilder } from '../../model/vector-builder.ts';
import type { FloatBuilder, VectorBuilder, WordsBuilder } from '../../model/vector-builder.ts';
import type { ValuePolicies } from '../../model/value-policies.ts';
import { bitsDecoder, decodeBytes, decodeHex, decodeText } from './decode-bytes.ts';
import { decodeDates, decodeTimestamps } from './decode-dates.ts';
import { decodeFloat32Text, decodeFloats } from './decode-floats.ts';
import { decimalDecoder, decodeBoolean, decodeInt32, decodeInt64 } from './decode-numbers.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import type { ColumnPlan } from './types.ts';

/** One column of a batch under construction. */
export interface ColumnReader {
  readonly builder: VectorBuilder;
  /** Appends column `column` of all scanned rows; returns how many cells a policy made NULL. Throws Misfit, ProtocolBreach. */
  decode(rows: ScannedRows, column: number): number;
}

/** Chosen once per column. */
export function columnReader(plan: ColumnPlan, policies: ValuePolicies): ColumnReader {
  const builder = createVectorBuilder(plan.type);
  const decode = decoderOf(plan, policies) as (rows: ScannedRows, column: number, out: VectorBuilder) => number | void;
  return { builder, decode: (rows, column) => decode(rows, column, builder) ?? 0 };
}

type Decode<B> = (rows: ScannedRows, column: number, out: B) => number | void;

function decoderOf(
  plan: ColumnPlan,
  policies: ValuePolicies,
): Decode<WordsBuilder> | Decode<FloatBuilder> | Decode<BitsBuilder> | Decode<BytesBuilder> {
  const refuse = policies.zeroDates !== 'null';
  switch (plan.decoder) {
    case 'boolean':
      return decodeBoolean;
    case 'int32':
      return decodeInt32;
    case 'int64':
      return decodeInt64;
    case 'decimal':
      return plan.type.kind === 'decimal' ? decimalDecoder(plan.type.precision, plan.type.scale) : decodeText;
    case 'float32':
    case 'float64':
      return decodeFloats;
    case 'float32-text':
      return decodeFloat32Text;
    case 'date':
      return (rows: ScannedRows, column: number, out: WordsBuilder) => decodeDates(rows, column, out, refuse);
    case 'timestamp':
      return (rows: ScannedRows, column: number, out: WordsBuilder) => decodeTimestamps(rows, column, out, refuse);
    case 'bits':
      return bitsDecoder(plan.bits ?? 1);
    case 'text':
      return decodeText;
    case 'bytes':
      return decodeBytes;
    case 'hex':
      return decodeHex;
    default:
      return plan.decoder satisfies never;
  }
}
