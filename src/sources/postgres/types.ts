import type { ColumnType } from '../../model/column-type.ts';

/** A column's type as the catalog describes it, domains resolved to their base type. */
export interface NativeType {
  /** As `format_type` writes it, with the domain's name: `numeric(12,2)`, `public.email`. */
  readonly display: string;
  /** Schema and name of the base type: `pg_catalog` and `int4`. */
  readonly schema: string;
  readonly name: string;
  /** pg_type.typtype of the base type: b base, c composite, e enum, r range, m multirange, p pseudo. */
  readonly typtype: string;
  /** The column's or the domain's; -1 is none. */
  readonly typmod: number;
}

/** How the binary value of COPY is decoded (decoders.ts). */
export type Decoder =
  | 'bool'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'float32'
  | 'float64'
  | 'numeric'
  | 'date'
  | 'timestamp'
  | 'uuid'
  | 'jsonb'
  | 'text'
  | 'bytes';

/** How one column is read. */
export interface ColumnPlan {
  readonly type: ColumnType;
  readonly decoder: Decoder;
  /** The expression to select, given the quoted column. */
  select(column: string): string;
  readonly note?: string;
  readonly exact?: 'number';
}

interface TypeRule {
  readonly type: ColumnType;
  readonly decoder: Decoder;
  /** An expression with `$` for the column; left out, the column itself is selected. */
  readonly select?: string;
  readonly note?: string;
  readonly exact?: 'number';
}

const TEXT: TypeRule = { type: { kind: 'string' }, decoder: 'text' };
const CAST: TypeRule = { ...TEXT, select: '$::pg_catalog.text' };

/**
 * Every type with a rule of its own, by its name in `pg_catalog`. All others (arrays, ranges, composites, geometry, network, text search,
 * bit strings, types of extensions …) are cast to text by the server and written as `string`. TYPES.md is made from this table.
 */
export const TYPE_RULES: Readonly<Record<string, TypeRule>> = {
  bool: { type: { kind: 'boolean' }, decoder: 'bool' },
  int2: { type: { kind: 'int32' }, decoder: 'int16' },
  int4: { type: { kind: 'int32' }, decoder: 'int32' },
  int8: { type: { kind: 'int64' }, decoder: 'int64' },
  oid: { type: { kind: 'int64' }, decoder: 'uint32' },
  xid: { type: { kind: 'int64' }, decoder: 'uint32' },
  cid: { type: { kind: 'int64' }, decoder: 'uint32' },
  xid8: {
    type: { kind: 'decimal', precision: 20, scale: 0 },
    decoder: 'numeric',
    select: '$::pg_catalog.text::pg_catalog.numeric(20,0)',
    note: 'unsigned 64 bits are written as decimal(20,0)',
  },
  money: {
    type: { kind: 'decimal', precision: 19, scale: 2 },
    decoder: 'numeric',
    select: '$::pg_catalog.numeric(19,2)',
    note: 'money is written as decimal(19,2), without a currency',
  },
  float4: { type: { kind: 'float32' }, decoder: 'float32' },
  float8: { type: { kind: 'float64' }, decoder: 'float64' },
  date: { type: { kind: 'date' }, decoder: 'date' },
  time: { type: { kind: 'time' }, decoder: 'int64' },
  timestamp: { type: { kind: 'timestamp', zoned: false }, decoder: 'timestamp' },
  timestamptz: { type: { kind: 'timestamp', zoned: true }, decoder: 'timestamp' },
  timetz: { ...CAST, note: 'time with time zone is written as text, which keeps the offset' },
  interval: { ...CAST, note: 'interval is written as ISO 8601 text' },
  text: TEXT,
  varchar: TEXT,
  bpchar: { ...TEXT, note: 'char(n) keeps its padding' },
  name: TEXT,
  char: CAST,
  json: { type: { kind: 'json' }, decoder: 'text' },
  jsonb: { type: { kind: 'json' }, decoder: 'jsonb' },
  uuid: { type: { kind: 'uuid' }, decoder: 'uuid' },
  bytea: { type: { kind: 'binary' }, decoder: 'bytes' },
  // A cast of inet to text adds /32, which the server's own output does not have.
  inet: { ...TEXT, select: 'pg_catalog.textin(pg_catalog.inet_out($))' },
};

/** PostGIS types, in whatever schema the extension was put; `@` stands for that schema. EWKB keeps the SRID, Z and M. */
const POSTGIS_RULES: Readonly<Record<string, TypeRule>> = {
  geometry: {
    type: { kind: 'binary' },
    decoder: 'bytes',
    select: '@.st_asewkb($)',
    note: 'PostGIS is written as EWKB',
  },
  geography: {
    type: { kind: 'binary' },
    decoder: 'bytes',
    select: '@.st_asewkb($::@.geometry)',
    note: 'PostGIS is written as EWKB',
  },
};

/** How a column is read. With `asText` everything but text itself is cast by the server. */
export function planColumn(native: NativeType, asText: boolean): ColumnPlan {
  return toPlan(ruleFor(native, asText), native);
}

function ruleFor(native: NativeType, asText: boolean): TypeRule {
  if (native.schema !== 'pg_catalog') return extensionRule(native, asText);
  if (native.name === 'numeric') return asText ? CAST : numericRule(native.typmod);
  const rule = TYPE_RULES[native.name] ?? CAST;
  return asText && rule.type.kind !== 'string' ? CAST : rule;
}

function extensionRule(native: NativeType, asText: boolean): TypeRule {
  const rule = native.typtype === 'b' ? POSTGIS_RULES[native.name] : undefined;
  return rule === undefined || asText ? CAST : rule;
}

/** typmod − 4 holds the precision in its upper half and the scale in its lower 11 bits, signed since PostgreSQL 15. */
function numericRule(typmod: number): TypeRule {
  const unwritable = (note: string): TypeRule => ({ ...CAST, note, exact: 'number' });
  if (typmod < 4) return unwritable('numeric without precision is written as text; its values can have any size');
  const precision = ((typmod - 4) >> 16) & 0xffff;
  const scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
  if (precision > 38) return unwritable('numeric with more than 38 digits is written as text');
  if (scale < 0 || scale > precision) {
    return unwritable('numeric with a scale below 0 or above its precision is written as text');
  }
  return { type: { kind: 'decimal', precision, scale }, decoder: 'numeric' };
}

function toPlan(rule: TypeRule, native: NativeType): ColumnPlan {
  const schema = `"${native.schema.replaceAll('"', '""')}"`;
  const template = rule.select ?? '$';
  const select = (column: string): string => template.replaceAll(/[$@]/g, (sign) => (sign === '$' ? column : schema));
  const plan = { type: rule.type, decoder: rule.decoder, select };
  const noted = rule.note === undefined ? plan : { ...plan, note: rule.note };
  return rule.exact === undefined ? noted : { ...noted, exact: rule.exact };
}
