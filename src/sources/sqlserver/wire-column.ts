import type { DecoderName } from './types.ts';
import { ProtocolBreach } from '../scanned-rows.ts';

/**
 * How the length of a value is told (MS-TDS 2.2.5.2 and 2.2.5.4): fixed – by the type alone; byte – one byte before it, 0 is NULL;
 * short – two bytes, 0xffff is NULL; long – four bytes, 0 is NULL; chunked – PLP: eight bytes, then chunks of four bytes of length each;
 * pointer – a text pointer, which is NULL when empty, a timestamp, and four bytes.
 */
export type LengthForm = 'fixed' | 'byte' | 'short' | 'long' | 'chunked' | 'pointer';

/** A result column as COLMETADATA describes it. */
export interface WireColumn {
  readonly form: LengthForm;
  /** Bytes of a value of a fixed form; else 0. */
  readonly size: number;
  readonly family: DecoderName;
  /** UTF-16 text; the other text is of a code page, which no statement of ours selects. */
  readonly unicode: boolean;
  readonly precision: number;
  readonly scale: number;
}

/** The parts of tedious' column metadata that are needed here. */
export interface ColumnMetadata {
  readonly type: { readonly name: string };
  readonly userType: number;
  readonly dataLength: number | undefined;
  readonly precision: number | undefined;
  readonly scale: number | undefined;
}

/** The length that stands for `(max)`. */
export const MAX_LENGTH = 0xffff;

type Shape = readonly [form: LengthForm, family: DecoderName, size?: number];

/** By the names that tedious gives to the type tokens. */
const SHAPES: Readonly<Record<string, Shape>> = {
  Bit: ['fixed', 'bit', 1],
  BitN: ['byte', 'bit'],
  TinyInt: ['fixed', 'int', 1],
  SmallInt: ['fixed', 'int', 2],
  Int: ['fixed', 'int', 4],
  BigInt: ['fixed', 'int', 8],
  IntN: ['byte', 'int'],
  Real: ['fixed', 'float', 4],
  Float: ['fixed', 'float', 8],
  FloatN: ['byte', 'float'],
  SmallMoney: ['fixed', 'money', 4],
  Money: ['fixed', 'money', 8],
  MoneyN: ['byte', 'money'],
  DecimalN: ['byte', 'decimal'],
  NumericN: ['byte', 'decimal'],
  SmallDateTime: ['fixed', 'datetime', 4],
  DateTime: ['fixed', 'datetime', 8],
  DateTimeN: ['byte', 'datetime'],
  Date: ['byte', 'date'],
  Time: ['byte', 'time'],
  DateTime2: ['byte', 'datetime2'],
  DateTimeOffset: ['byte', 'datetimeoffset'],
  UniqueIdentifier: ['byte', 'guid'],
  Char: ['short', 'chars'],
  VarChar: ['short', 'chars'],
  NChar: ['short', 'chars'],
  NVarChar: ['short', 'chars'],
  Text: ['pointer', 'chars'],
  NText: ['pointer', 'chars'],
  Xml: ['chunked', 'chars'],
  Binary: ['short', 'bytes'],
  VarBinary: ['short', 'bytes'],
  Image: ['pointer', 'bytes'],
  UDT: ['chunked', 'bytes'],
  Variant: ['long', 'variant'],
};

const UNICODE = new Set(['NChar', 'NVarChar', 'NText', 'Xml']);

export function wireColumn(metadata: ColumnMetadata): WireColumn {
  const { name } = metadata.type;
  const shape = SHAPES[name];
  if (shape === undefined) throw new ProtocolBreach(`the server sent a column of the unknown wire type ${name}`);
  const [form, family, size = 0] = shape;
  return {
    form: form === 'short' && metadata.dataLength === MAX_LENGTH ? 'chunked' : form,
    size,
    family,
    unicode: UNICODE.has(name),
    precision: metadata.precision ?? 0,
    scale: metadata.scale ?? 0,
  };
}
