import { type ColumnType, describeColumnType } from '../../model/column-type.ts';
import type { TypeLine } from '../source.ts';

/** A column's type as the catalog describes it, alias types resolved to their base type. */
export interface NativeType {
  /** As one would declare it: `decimal(10,2)`, `nvarchar(max)`; an alias type by its own name: `dbo.Flag`. */
  readonly display: string;
  /** The base type's lower-case name in sys.types: `nvarchar` (also for sysname), `timestamp` (also for rowversion); `udt` for CLR types of users. */
  readonly name: string;
  readonly precision: number;
  readonly scale: number;
  /** Bytes; -1 is max. */
  readonly maxLength: number;
  readonly collation: string | null;
  /** Schema and name of the alias or CLR type; null for the server's own types. */
  readonly userType: string | null;
}

/** The family of wire types that a column must arrive as; decoders.ts refuses any other, since the table was then altered. */
export type DecoderName =
  | 'bit'
  | 'int'
  | 'float'
  | 'decimal'
  | 'money'
  | 'date'
  | 'time'
  | 'datetime'
  | 'datetime2'
  | 'datetimeoffset'
  | 'guid'
  | 'chars'
  | 'bytes'
  | 'variant';

/** How one column is read. */
export interface ColumnPlan {
  readonly type: ColumnType;
  readonly decoder: DecoderName;
  /** What is selected is not the column as it is, so that the description of the result does not tell its type. */
  readonly cast: boolean;
  /** The expression to select, given the quoted column. */
  select(column: string): string;
  readonly note?: string;
}

interface TypeRule {
  readonly type: ColumnType;
  readonly decoder: DecoderName;
  /** An expression with `$` for the column; left out, the column itself is selected. */
  readonly select?: string;
  readonly note?: string;
}

const STRING: ColumnType = { kind: 'string' };
const BINARY: ColumnType = { kind: 'binary' };
const TIMESTAMP: ColumnType = { kind: 'timestamp', zoned: false };
const WIDE_TEXT: TypeRule = { type: STRING, decoder: 'chars', select: 'CAST($ AS nvarchar(max))' };
const BYTES: TypeRule = { type: BINARY, decoder: 'bytes' };
const CLR: TypeRule = { ...BYTES, select: 'CAST($ AS varbinary(max))' };

/**
 * Every type, by its name in sys.types. Values are read from the wire as the server keeps them (numbers, dates and money exact, offsets
 * kept), so no style of CONVERT is relied on; only text of code pages, xml and CLR types are cast by the server.
 */
const TYPE_RULES: Readonly<Record<string, TypeRule | ((native: NativeType) => TypeRule)>> = {
  bit: { type: { kind: 'boolean' }, decoder: 'bit' },
  tinyint: { type: { kind: 'int32' }, decoder: 'int', note: 'tinyint is unsigned: 0 to 255' },
  smallint: { type: { kind: 'int32' }, decoder: 'int' },
  int: { type: { kind: 'int32' }, decoder: 'int' },
  bigint: { type: { kind: 'int64' }, decoder: 'int' },
  real: { type: { kind: 'float32' }, decoder: 'float' },
  float: { type: { kind: 'float64' }, decoder: 'float' },
  decimal: decimalRule,
  numeric: decimalRule,
  money: {
    type: { kind: 'decimal', precision: 19, scale: 4 },
    decoder: 'money',
    note: 'money is written as decimal(19,4)',
  },
  smallmoney: {
    type: { kind: 'decimal', precision: 10, scale: 4 },
    decoder: 'money',
    note: 'smallmoney is written as decimal(10,4)',
  },
  date: { type: { kind: 'date' }, decoder: 'date' },
  time: (native) =>
    native.scale <= 6
      ? { type: { kind: 'time' }, decoder: 'time' }
      : {
          type: STRING,
          decoder: 'time',
          note: 'time(7) is written as text: hh:mm:ss and 7 digits, which microseconds cannot hold',
        },
  smalldatetime: { type: TIMESTAMP, decoder: 'datetime' },
  datetime: {
    type: TIMESTAMP,
    decoder: 'datetime',
    note: 'datetime is written as the milliseconds that the server shows (.003, .007)',
  },
  datetime2: (native) =>
    native.scale <= 6
      ? { type: TIMESTAMP, decoder: 'datetime2' }
      : {
          type: STRING,
          decoder: 'datetime2',
          note: 'datetime2(7) is written as text: yyyy-mm-dd hh:mm:ss and 7 digits, which microseconds cannot hold',
        },
  datetimeoffset: {
    type: STRING,
    decoder: 'datetimeoffset',
    note: 'datetimeoffset is written as text, yyyy-mm-dd hh:mm:ss.fffffff +hh:mm, which keeps its offset and all digits',
  },
  uniqueidentifier: { type: { kind: 'uuid' }, decoder: 'guid', note: 'uniqueidentifier is written in lower case' },
  char: (native) => ({ ...codePageRule(native), note: 'char(n) keeps its padding' }),
  varchar: codePageRule,
  text: WIDE_TEXT,
  nchar: { type: STRING, decoder: 'chars', note: 'nchar(n) keeps its padding' },
  nvarchar: { type: STRING, decoder: 'chars' },
  ntext: WIDE_TEXT,
  xml: { ...WIDE_TEXT, note: 'xml is written as the server prints it, which is not always the text that was stored' },
  json: { ...WIDE_TEXT, type: { kind: 'json' } },
  vector: { ...WIDE_TEXT, note: 'vector is written as the JSON text that the server makes of it' },
  sql_variant: {
    type: STRING,
    decoder: 'variant',
    note: 'sql_variant is written as text that names the type of each value: int:5, nvarchar:five, varbinary:00ff',
  },
  binary: BYTES,
  varbinary: BYTES,
  image: { ...BYTES, select: 'CAST($ AS varbinary(max))' },
  timestamp: { ...BYTES, note: 'rowversion is written as its 8 bytes' },
  hierarchyid: { ...CLR, note: 'hierarchyid is written as its bytes' },
  geometry: { ...CLR, note: "geometry is written in the server's own bytes, which keep SRID, Z and M" },
  geography: { ...CLR, note: "geography is written in the server's own bytes, which keep SRID, Z and M" },
  udt: { ...CLR, note: 'CLR types are written as their bytes' },
};

function decimalRule(native: NativeType): TypeRule {
  return { type: { kind: 'decimal', precision: native.precision, scale: native.scale }, decoder: 'decimal' };
}

/**
 * Text of a code page becomes UTF-16 on the server, which knows the column's collation. n bytes are never more than n UTF-16 units, and
 * nvarchar(4000) is twice as fast to read as nvarchar(max).
 */
function codePageRule(native: NativeType): TypeRule {
  const fits = native.maxLength > 0 && native.maxLength <= 4000;
  return fits ? { ...WIDE_TEXT, select: 'CAST($ AS nvarchar(4000))' } : WIDE_TEXT;
}

/**
 * How a column is read; null when its type is not known here, which the caller refuses (TYPE_REFUSED) by the column's name. With `asText`
 * every type is written as text: numbers with all their digits, dates as ISO 8601 with a blank, binary as lower-case hex.
 */
export function planColumn(native: NativeType, asText: boolean): ColumnPlan | null {
  const entry = Object.hasOwn(TYPE_RULES, native.name) ? TYPE_RULES[native.name] : undefined;
  if (entry === undefined) return asText ? toPlan({ ...WIDE_TEXT, note: 'written as the server prints it' }) : null;
  const rule = typeof entry === 'function' ? entry(native) : entry;
  if (!asText || rule.type.kind === 'string') return toPlan(rule);
  const { note: _, ...bare } = rule;
  return toPlan({
    ...bare,
    type: STRING,
    note: `${describeColumnType(rule.type)} is written as text, as was asked for`,
  });
}

function toPlan(rule: TypeRule): ColumnPlan {
  const template = rule.select ?? '$';
  const plan = {
    type: rule.type,
    decoder: rule.decoder,
    cast: rule.select !== undefined,
    select: (column: string): string => template.replaceAll('$', () => column),
  };
  return rule.note === undefined ? plan : { ...plan, note: rule.note };
}

/** Each line of the type report and an example that the rules are asked about; the type is never written down twice. */
const TYPE_FAMILIES: readonly (readonly [native: string, name: string, example?: Partial<NativeType>])[] = [
  ['bit', 'bit'],
  ['tinyint', 'tinyint'],
  ['smallint', 'smallint'],
  ['int', 'int'],
  ['bigint', 'bigint'],
  ['real', 'real'],
  ['float', 'float'],
  ['decimal(p,s), numeric(p,s)', 'decimal', { precision: 38, scale: 10 }],
  ['money', 'money'],
  ['smallmoney', 'smallmoney'],
  ['date', 'date'],
  ['time(0) to time(6)', 'time', { scale: 6 }],
  ['time(7)', 'time', { scale: 7 }],
  ['smalldatetime', 'smalldatetime'],
  ['datetime', 'datetime'],
  ['datetime2(0) to datetime2(6)', 'datetime2', { scale: 6 }],
  ['datetime2(7)', 'datetime2', { scale: 7 }],
  ['datetimeoffset(n)', 'datetimeoffset', { scale: 7 }],
  ['uniqueidentifier', 'uniqueidentifier'],
  ['char(n)', 'char'],
  ['varchar(n), varchar(max)', 'varchar'],
  ['text', 'text'],
  ['nchar(n)', 'nchar'],
  ['nvarchar(n), nvarchar(max), sysname', 'nvarchar'],
  ['ntext', 'ntext'],
  ['xml', 'xml'],
  ['json', 'json'],
  ['vector(n)', 'vector'],
  ['sql_variant', 'sql_variant'],
  ['binary(n)', 'binary'],
  ['varbinary(n), varbinary(max)', 'varbinary'],
  ['image', 'image'],
  ['rowversion, timestamp', 'timestamp'],
  ['hierarchyid', 'hierarchyid'],
  ['geometry', 'geometry'],
  ['geography', 'geography'],
  ['CLR types of users', 'udt'],
];

export function typeLines(): readonly TypeLine[] {
  const lines = TYPE_FAMILIES.map(([native, name, example]) => {
    const plan = planColumn({ ...ANY_TYPE, name, display: native, ...example }, false);
    const line = { native, type: plan?.type ?? null };
    const note = name === 'decimal' ? 'with its own precision and scale, up to 38 digits' : plan?.note;
    return note === undefined ? line : { ...line, note };
  });
  return [
    ...lines,
    { native: 'any other type', type: null, note: 'refused; --as-text writes it as the server prints it' },
  ];
}

const ANY_TYPE: NativeType = {
  display: '',
  name: '',
  precision: 0,
  scale: 0,
  maxLength: -1,
  collation: null,
  userType: null,
};
