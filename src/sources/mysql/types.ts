import type { ColumnType } from '../../model/column-type.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { ValuePolicies } from '../../model/value-policies.ts';

/** A column's type as `information_schema.COLUMNS` describes it. */
export interface NativeType {
  /** COLUMN_TYPE: `int(10) unsigned zerofill`. */
  readonly display: string;
  /** DATA_TYPE in lower case: `int`. */
  readonly name: string;
  readonly unsigned: boolean;
  /** NUMERIC_PRECISION: decimal digits; of BIT(n) it is n. */
  readonly precision: number | null;
  /** NUMERIC_SCALE; null for FLOAT and DOUBLE without digits of their own. */
  readonly scale: number | null;
  /** CHARACTER_MAXIMUM_LENGTH. */
  readonly length: number | null;
  readonly datetimePrecision: number | null;
  readonly characterSet: string | null;
  /** MariaDB: a LONGTEXT with a json_valid check, which is what a column declared JSON becomes. */
  readonly jsonCheck: boolean;
}

/** How a cell of the text protocol is decoded (decoders.ts). */
export type DecoderName =
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'decimal'
  | 'float32'
  | 'float64'
  | 'float32-text'
  | 'date'
  | 'timestamp'
  | 'bits'
  | 'text'
  | 'bytes'
  | 'hex';

/** How one column is read. */
export interface ColumnPlan {
  readonly type: ColumnType;
  readonly decoder: DecoderName;
  /** Only for decoder `bits`: how many. */
  readonly bits?: number;
  /** The server converts the text from another character set. */
  readonly converted?: true;
  /** The expression to select, given the quoted column. */
  select(column: string): string;
  readonly note?: string;
  readonly exact?: 'number';
}

interface TypeRule {
  readonly type: ColumnType;
  readonly decoder: DecoderName;
  readonly bits?: number;
  readonly converted?: true;
  /** An expression with `$` for the column; left out, the column itself is selected. */
  readonly select?: string;
  readonly note?: string;
  readonly exact?: 'number';
}

const TEXT: TypeRule = { type: { kind: 'string' }, decoder: 'text' };
const BYTES: TypeRule = { type: { kind: 'binary' }, decoder: 'bytes' };
const INT32: TypeRule = { type: { kind: 'int32' }, decoder: 'int32' };
const INT64: TypeRule = { type: { kind: 'int64' }, decoder: 'int64' };
const JSON_TEXT: TypeRule = { type: { kind: 'json' }, decoder: 'text' };

/**
 * Multiplication by one makes a FLOAT a DOUBLE, and a DOUBLE(M,D) one without digits of its own; the server then writes all digits. Unlike
 * `+ 0` it keeps -0, and unlike CAST AS DOUBLE every MySQL 8 has it.
 */
const WIDENED = '$ * 1e0';

const TEXT_NAMES = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];
const BINARY_NAMES = ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'];
const SPATIAL_NAMES = [
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'geomcollection',
];

/** How a column is read. Throws TYPE_REFUSED, whose message has `display` for the type; the caller knows the column's name. */
export function planColumn(native: NativeType, asText: boolean, policies: ValuePolicies): ColumnPlan {
  return toPlan(asText ? textRule(native) : ruleFor(native, policies));
}

function ruleFor(native: NativeType, policies: ValuePolicies): TypeRule {
  const rule =
    numberRule(native, policies) ?? temporalRule(native, policies) ?? lettersRule(native) ?? bytesRule(native);
  if (rule !== null) return rule;
  throw new SqlextractError({
    code: 'TYPE_REFUSED',
    message: `type ${native.display} is not known`,
    hint: 'write the column as text with --as-text, or leave it out with --exclude-columns',
    fault: 'data',
  });
}

function numberRule(native: NativeType, policies: ValuePolicies): TypeRule | null {
  const { name, unsigned } = native;
  switch (name) {
    case 'tinyint':
      return tinyintRule(native, policies);
    case 'smallint':
    case 'mediumint':
      return zerofilled(INT32, native);
    case 'int':
      return zerofilled(unsigned ? INT64 : INT32, native);
    case 'bigint':
      return zerofilled(unsigned ? UNSIGNED_64 : INT64, native);
    case 'year':
      return { ...INT32, note: 'the year 0000 is written as 0' };
    case 'decimal':
      return zerofilled(decimalRule(native), native);
    case 'float':
      return zerofilled({ type: { kind: 'float32' }, decoder: 'float32', select: WIDENED }, native);
    case 'double':
      return zerofilled({ type: { kind: 'float64' }, decoder: 'float64', select: WIDENED }, native);
    default:
      return null;
  }
}

const UNSIGNED_64: TypeRule = {
  type: { kind: 'decimal', precision: 20, scale: 0 },
  decoder: 'decimal',
  note: 'unsigned 64 bits are written as decimal(20,0)',
};

function tinyintRule(native: NativeType, policies: ValuePolicies): TypeRule {
  if (!/^tinyint\(1\)/i.test(native.display)) return zerofilled(INT32, native);
  if (policies.tinyint1 === 'boolean') return { type: { kind: 'boolean' }, decoder: 'boolean' };
  return { ...INT32, note: 'an integer, which holds more than 0 and 1; --tinyint1 boolean writes a boolean' };
}

function decimalRule({ precision, scale }: NativeType): TypeRule {
  if (precision === null || precision < 1 || precision > 38 || (scale ?? 0) > precision) {
    return { ...TEXT, note: 'decimal with more than 38 digits is written as text', exact: 'number' };
  }
  return { type: { kind: 'decimal', precision, scale: scale ?? 0 }, decoder: 'decimal' };
}

function zerofilled(rule: TypeRule, native: NativeType): TypeRule {
  if (!/zerofill/i.test(native.display)) return rule;
  const value = 'the number is written, without the zeros that ZEROFILL shows before it';
  const note = rule.note === undefined ? value : `${rule.note}; ${value}`;
  // Digits that are decoded lose the zeros there; as text they would keep them.
  return rule.decoder === 'text' ? { ...rule, note, select: '$ + 0' } : { ...rule, note };
}

function temporalRule(native: NativeType, policies: ValuePolicies): TypeRule | null {
  const { name } = native;
  if (name === 'time') return { ...TEXT, note: 'time goes from -838:59:59 to 838:59:59 and is written as text' };
  if (name !== 'date' && name !== 'datetime' && name !== 'timestamp') return null;
  if (policies.zeroDates === 'text') {
    return { ...TEXT, note: `written as text (--zero-dates text)${name === 'timestamp' ? ', in UTC' : ''}` };
  }
  if (name === 'date') return { type: { kind: 'date' }, decoder: 'date' };
  return { type: { kind: 'timestamp', zoned: name === 'timestamp' }, decoder: 'timestamp' };
}

function lettersRule(native: NativeType): TypeRule | null {
  const { name } = native;
  if (TEXT_NAMES.includes(name))
    return native.jsonCheck ? { ...exactText(native), type: { kind: 'json' } } : exactText(native);
  switch (name) {
    case 'json':
      return JSON_TEXT;
    case 'enum':
      return { ...exactText(native), note: "the error value (index 0) is written as '', as the server shows it" };
    case 'set':
      return { ...exactText(native), note: 'the members are written with commas between them' };
    case 'uuid':
      return { type: { kind: 'uuid' }, decoder: 'text' };
    case 'inet4':
    case 'inet6':
    case 'null':
      return TEXT;
    default:
      return null;
  }
}

/** Sent as they are, or by a conversion that has a character for every byte (latin1 is cp1252 with its holes filled). */
const SENT_WHOLE = ['utf8mb4', 'latin1'];

/**
 * In converting a result the server writes `?` for what it cannot convert, without a word. A column of utf8mb3 is therefore sent as its bytes,
 * which are the same in utf8mb4 and are checked here, and others are converted by a function, which warns (read-warnings.ts).
 */
function exactText({ characterSet }: NativeType): TypeRule {
  if (characterSet === null || SENT_WHOLE.includes(characterSet)) return TEXT;
  if (characterSet === 'utf8mb3' || characterSet === 'utf8') return { ...TEXT, select: 'CAST($ AS BINARY)' };
  return { ...TEXT, select: CONVERTED, converted: true };
}

/**
 * MySQL's function warns of half a surrogate pair only, for which it gives NULL, and writes `?` for other codes without a word. What has become
 * another number of `?` is therefore sent as its bytes, made no UTF-8 by the last one, which the decoder tells with the row.
 */
const CONVERTED =
  "IF(CHAR_LENGTH(REPLACE($, '?', '')) = CHAR_LENGTH(REPLACE(CONVERT($ USING utf8mb4), '?', '')), " +
  "CAST(CONVERT($ USING utf8mb4) AS BINARY), CONCAT(CAST($ AS BINARY), X'FF'))";

function bytesRule(native: NativeType): TypeRule | null {
  const { name } = native;
  if (BINARY_NAMES.includes(name)) return BYTES;
  if (SPATIAL_NAMES.includes(name)) {
    return { ...BYTES, note: 'four bytes of SRID (lowest first), then WKB, as the server stores it' };
  }
  if (name === 'vector')
    return { ...BYTES, note: 'four bytes a dimension: floats, lowest byte first, as the server stores them' };
  if (name !== 'bit') return null;
  const bits = native.precision ?? Number(/\((\d+)\)/.exec(native.display)?.[1] ?? 1);
  return { type: { kind: 'string' }, decoder: 'bits', bits, note: 'the bits are written as text: 0101' };
}

/** `--as-text`. The text protocol has the server's own text of most types; what has none is written in hexadecimal. */
function textRule(native: NativeType): TypeRule {
  const { name } = native;
  const letters = lettersRule(native);
  if (letters !== null) return { ...letters, type: { kind: 'string' } };
  if (name === 'float') return { ...TEXT, decoder: 'float32-text', select: WIDENED };
  // Where it can be the column itself, that is left alone: MySQL makes a text of a computed DOUBLE with fewer digits (checksum.ts).
  if (name === 'double') return /^double(?: unsigned)?$/i.test(native.display) ? TEXT : { ...TEXT, select: WIDENED };
  if (name === 'bit') return bytesRule(native) as TypeRule;
  if (bytesRule(native) !== null)
    return { ...TEXT, decoder: 'hex', note: 'the bytes are written in hexadecimal: 0x00ff' };
  if (name === 'timestamp') return { ...TEXT, note: 'the time is in UTC' };
  return KNOWN_AS_TEXT.includes(name) ? TEXT : { ...TEXT, select: 'CAST($ AS CHAR)' };
}

const KNOWN_AS_TEXT = [
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'year'],
  ...['date', 'datetime', 'time'],
];

function toPlan(rule: TypeRule): ColumnPlan {
  const { select: template = '$', ...rest } = rule;
  return { ...rest, select: (column) => template.replaceAll('$', () => column) };
}
