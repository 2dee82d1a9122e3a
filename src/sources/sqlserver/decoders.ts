import { createVectorBuilder, type VectorBuilder } from '../../model/vector-builder.ts';
import type { BitsBuilder, BytesBuilder, FloatBuilder, WordsBuilder } from '../../model/vector-builder.ts';
import { asTextDecoder } from './decode-as-text.ts';
import { decodeBytes, decodeChars } from './decode-chars.ts';
import { decimalDecoder, decodeMoney } from './decode-decimal.ts';
import { decodeBit, decodeFloat, decodeGuid, decodeInt32, decodeInt64 } from './decode-fixed.ts';
import { datetime2Decoder, decodeDate, decodeDatetime, timeDecoder } from './decode-time.ts';
import { decodeVariant } from './decode-variant.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';
import type { ColumnPlan } from './types.ts';
import type { WireColumn } from './wire-column.ts';

/** One column of a batch under construction. */
export interface ColumnReader {
  readonly builder: VectorBuilder;
  /** Appends field `column` of all scanned rows. Throws Misfit, ProtocolBreach. */
  decode(rows: ScannedRows, column: number): void;
}

/** Chosen once per column, by what was planned and what the server says it sends. Throws ProtocolBreach when the two do not go together. */
export function columnReader(plan: ColumnPlan, wire: WireColumn): ColumnReader {
  const builder = createVectorBuilder(plan.type);
  const decode = decoderOf(plan, wire) as (rows: ScannedRows, column: number, out: VectorBuilder) => void;
  return { builder, decode: (rows, column) => decode(rows, column, builder) };
}

type Decode<B> = (rows: ScannedRows, column: number, out: B) => void;
type AnyDecode = Decode<WordsBuilder> | Decode<FloatBuilder> | Decode<BitsBuilder> | Decode<BytesBuilder>;

function decoderOf(plan: ColumnPlan, wire: WireColumn): AnyDecode {
  if (wire.family !== plan.decoder || (wire.family === 'chars' && !wire.unicode)) {
    throw new ProtocolBreach(
      `the server sends ${wire.family} where ${plan.decoder} was planned: the table was altered`,
    );
  }
  const asText = plan.type.kind === 'string';
  switch (plan.decoder) {
    case 'chars':
      return decodeChars;
    case 'variant':
      return decodeVariant;
    default:
      return asText ? asTextDecoder({ family: plan.decoder, scale: wire.scale }) : typedDecoder(plan, wire);
  }
}

function typedDecoder({ decoder, type }: ColumnPlan, wire: WireColumn): AnyDecode {
  switch (decoder) {
    case 'bit':
      return decodeBit;
    case 'int':
      return type.kind === 'int64' ? decodeInt64 : decodeInt32;
    case 'float':
      return decodeFloat;
    case 'decimal':
      if (type.kind === 'decimal') return decimalDecoder(type.precision, type.scale, wire);
      throw new ProtocolBreach(`a decimal cannot become ${type.kind}`);
    case 'money':
      return decodeMoney;
    case 'date':
      return decodeDate;
    case 'time':
      return timeDecoder(wire.scale);
    case 'datetime':
      return decodeDatetime;
    case 'datetime2':
      return datetime2Decoder(wire.scale);
    case 'guid':
      return decodeGuid;
    case 'bytes':
      return decodeBytes;
    default:
      throw new ProtocolBreach(`${decoder} is only written as text`);
  }
}
